import type { ConnectionWatch } from './connection-watch.js'

/** One query of a dashboard; times in ms. */
export interface Lap {
  readonly query: string
  /** When it was asked for, after the first one. */
  readonly start: number
  /** From then until there was a connection for it; all of its time where it got none. */
  readonly wait: number
  /** From then until its result, or its error, was there. */
  readonly duration: number
  /** 1 for the first of those that the dashboard held at that time. `undefined`: it got none, and nothing was sent. */
  readonly connection: number | undefined
  readonly failed: boolean
}

/** The times of the queries of one dashboard. Each scope has its own. */
export class Stopwatch {
  readonly #watch: ConnectionWatch
  readonly #started: Promise<unknown>[] = []
  readonly #held = new Set<number>()
  readonly #laps: Lap[] = []
  #firstStart: number | undefined

  constructor({ connectionWatch }: { connectionWatch: ConnectionWatch }) {
    this.#watch = connectionWatch
  }

  get laps(): readonly Lap[] {
    return this.#laps.toSorted((a, b) => a.start - b.start)
  }

  /** From the start of the first query to the end of the last one (ms). */
  get total(): number {
    return Math.max(0, ...this.#laps.map(({ start, duration }) => start + duration))
  }

  time<R>(query: string, work: () => Promise<R>): Promise<R> {
    const timed = this.#time(query, work)
    this.#started.push(timed)
    return timed
  }

  /** When nothing runs any more: `Promise.all` does not wait for the others when one fails. */
  async stopped(): Promise<void> {
    await Promise.allSettled(this.#started)
  }

  async #time<R>(query: string, work: () => Promise<R>): Promise<R> {
    const startedAt = performance.now()
    const start = startedAt - (this.#firstStart ??= startedAt)
    const got: { after?: number; connection?: number } = {}
    let failed = true
    try {
      const result = await this.#watch.follow(work, () => {
        got.after = performance.now() - startedAt
        got.connection = this.#take()
      })
      failed = false
      return result
    } finally {
      const duration = performance.now() - startedAt
      const { after: wait = duration, connection } = got
      if (connection !== undefined) this.#held.delete(connection)
      this.#laps.push({ query, start, wait, duration, connection, failed })
    }
  }

  #take(): number {
    let number = 1
    while (this.#held.has(number)) number++
    this.#held.add(number)
    return number
  }
}
