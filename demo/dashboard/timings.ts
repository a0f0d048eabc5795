import type { Stopwatch } from './stopwatch.js'

/** What the stopwatch says, as JSON in ms. */
export function timings({ total, laps }: Pick<Stopwatch, 'total' | 'laps'>) {
  return {
    totalMs: rounded(total),
    queries: laps.map(({ query, connection, start, wait, duration, failed }) => {
      // Points in time are rounded, and what lies between them is not: what did not overlap does not seem to.
      const startMs = rounded(start)
      const sentMs = rounded(start + wait)
      const endMs = rounded(start + duration)
      return {
        query,
        connection,
        startMs,
        waitMs: rounded(sentMs - startMs),
        runMs: rounded(endMs - sentMs),
        durationMs: rounded(endMs - startMs),
        failed,
      }
    }),
  }
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100
}
