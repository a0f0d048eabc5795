import type { SaveSession } from './save-session.js'
import type { SaveStep } from './steps.js'

/** What can be done again to see where it fails. */
interface Repeatable {
  readonly steps: readonly SaveStep[]
  runStep(session: SaveSession, step: SaveStep): Promise<unknown>
}

/**
 * The entity that a statement of several rows failed on. What came before is done again in a transaction that is rolled back, and then halves of the
 * statement's rows are tried, each in a savepoint: two to the n rows take n tries.
 * @returns `undefined` where the failure does not come again
 */
export async function culpritOf(
  plan: Repeatable,
  index: number,
  session: SaveSession,
): Promise<object | undefined> {
  const step = plan.steps[index]
  if (!step) return undefined
  if (step.rows.length === 1) return step.rows[0]!.change.entity
  try {
    return await session.tried(async () => {
      for (const before of plan.steps.slice(0, index)) await plan.runStep(session, before)
      return await search(plan, step, session)
    })
  } catch {
    return undefined
  }
}

/** The row at the end of the shortest part from the beginning that fails. */
async function search(
  plan: Repeatable,
  step: SaveStep,
  session: SaveSession,
): Promise<object | undefined> {
  const { rows } = step
  let passes = 0
  let fails = rows.length
  while (fails - passes > 1) {
    const middle = (passes + fails) >> 1
    const part = { ...step, rows: rows.slice(0, middle) }
    if (await isRefused(() => session.tried(() => plan.runStep(session, part)))) fails = middle
    else passes = middle
  }
  const whole = { ...step, rows: rows.slice(0, fails) }
  return (await isRefused(() => session.tried(() => plan.runStep(session, whole))))
    ? rows[fails - 1]!.change.entity
    : undefined
}

async function isRefused(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work()
    return false
  } catch {
    return true
  }
}
