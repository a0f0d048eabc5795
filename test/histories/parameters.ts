/** `MAYFLY_SEED` and `MAYFLY_PATH` replay what a failure has printed. */
export const seed = Number(process.env['MAYFLY_SEED'] ?? Date.now() & 0x7fffffff)
const path = process.env['MAYFLY_PATH']

/** How long so many histories may take (ms): on a busy machine one of a pool, which collects garbage, takes a seventh of a second. */
export function timeLimit(numRuns: number): number {
  return Math.max(480_000, numRuns * 150)
}

/** How fast-check runs so many histories. */
export function runs(numRuns: number) {
  return {
    numRuns,
    seed,
    ...(path && { path }),
    /** The first failure as it is, where nobody wants to read the smallest one. */
    endOnFailure: process.env['MAYFLY_SHRINK'] === 'no',
    includeErrorInReport: true,
    // A history that is still failing after so long is small enough.
    interruptAfterTimeLimit: timeLimit(numRuns),
    markInterruptAsFailure: true,
  }
}
