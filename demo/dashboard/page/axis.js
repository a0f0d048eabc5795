import { element } from './element.js'

/** A time axis from 0 to a round number of ms, with at most five steps. */
export class Axis {
  #step
  #end

  constructor(longest) {
    const rough = Math.max(longest, 0.1) / 5
    const power = 10 ** Math.floor(Math.log10(rough))
    this.#step = [1, 2, 2.5, 5, 10].map(factor => factor * power).find(step => step >= rough)
    this.#end = Math.ceil(longest / this.#step) * this.#step || this.#step
  }

  /** How far from the left a time is, and how wide a duration (CSS percent). */
  percent(ms) {
    return `${(ms / this.#end) * 100}%`
  }

  isInSecondHalf(ms) {
    return ms > this.#end / 2
  }

  draw(into, chart) {
    chart.style.setProperty('--step', this.percent(this.#step))
    const steps = Math.round(this.#end / this.#step)
    const ticks = Array.from({ length: steps + 1 }, (_, i) => {
      const time = Number((i * this.#step).toPrecision(6))
      const tick = element('span', {}, i === steps ? `${time} ms` : String(time))
      tick.style.left = this.percent(i * this.#step)
      return tick
    })
    into.replaceChildren(...ticks)
  }
}
