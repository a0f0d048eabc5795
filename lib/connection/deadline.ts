/**
 * One timer for all who wait, because a timer for each would cost every request 0.8 us. It may be left over when nobody waits; then it keeps
 * no process alive, and to take it up again costs 0.03 us.
 */
export class Deadline {
  readonly #time: number
  readonly #onTime: () => number
  #waiting = 0
  #timer: NodeJS.Timeout | undefined
  /** What has made the timer: the tests of an application may put another clock in its place while a timer is left over. */
  #clock: typeof setTimeout | undefined
  /** When it rings, in the time of `performance.now()`. */
  #at = 0

  /**
   * @param time the longest wait (ms)
   * @param onTime looks who has waited for long enough; gives the time until the next one has (ms), `Infinity` where nobody waits
   */
  constructor(time: number, onTime: () => number) {
    this.#time = time
    this.#onTime = onTime
  }

  /** Somebody begins to wait. */
  enter(): void {
    if (++this.#waiting > 1) return
    if (this.#timer && this.#clock === setTimeout) this.#timer.ref()
    else this.#set(this.#time)
  }

  /** And does not wait any more. */
  leave(): void {
    if (--this.#waiting === 0) this.#timer?.unref()
  }

  /** Looks again within this time (ms); for as long as somebody waits. */
  lookWithin(time: number): void {
    if (this.#timer && this.#at <= performance.now() + time) return
    clearTimeout(this.#timer)
    this.#set(time)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #set(time: number): void {
    this.#at = performance.now() + time
    this.#clock = setTimeout
    this.#timer = setTimeout(this.#ring, time)
  }

  readonly #ring = (): void => {
    this.#timer = undefined
    const next = this.#onTime()
    if (next < Infinity) this.lookWithin(next)
  }
}
