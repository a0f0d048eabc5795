import fc from 'fast-check'

/** What ends a transaction of a program that is to fail. */
export class RolledBack extends Error {}

/** Of all random programs of a run. */
export const SEED = Number(process.env['MAYFLY_SEED'] ?? Date.now() % 2 ** 31)

/** How many of them run. @param usual where nobody says otherwise */
export function runsOf(usual: number): number {
  return Number(process.env['MAYFLY_UNITS'] ?? usual)
}

/** Runs programs of random steps, each of them with `run`. */
export function assertPrograms<Step>(
  step: fc.Arbitrary<Step>,
  runs: number,
  run: (steps: Step[]) => Promise<void>,
): Promise<void> {
  const path = process.env['MAYFLY_PATH']
  return fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 14, size: 'max' }), run), {
    numRuns: runs,
    seed: SEED,
    endOnFailure: true,
    ...(path && { path }),
  })
}
