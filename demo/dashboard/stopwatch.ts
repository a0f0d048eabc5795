/** When a query started after the first one, and how long it took (ms). */
export interface Lap {
  readonly query: string
  readonly start: number
  readonly duration: number
  readonly failed: boolean
}

/** The times of the queries of one dashboard. Each scope has its own. */
export class Stopwatch {
  readonly #laps: Lap[] = []
  #firstStart: number | undefined

  get laps(): readonly Lap[] {
    return this.#laps.toSorted((a, b) => a.start - b.start)
  }

  /** From the start of the first query to the end of the last one (ms). */
  get total(): number {
    return Math.max(0, ...this.#laps.map(({ start, duration }) => start + duration))
  }

  async time<R>(query: string, work: () => Promise<R>): Promise<R> {
    const startedAt = performance.now()
    const start = startedAt - (this.#firstStart ??= startedAt)
    let failed = true
    try {
      const result = await work()
      failed = false
      return result
    } finally {
      this.#laps.push({ query, start, duration: performance.now() - startedAt, failed })
    }
  }
}
