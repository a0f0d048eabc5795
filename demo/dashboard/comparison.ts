import { MayflyError, runInScope } from 'mayfly'
import type { ShopContainer } from './container.js'
import { modes, type Mode } from './modes.js'
import type { Lap, Stopwatch } from './stopwatch.js'

/** One dashboard in one mode. */
export interface Run {
  readonly mode: Mode
  readonly laps: readonly Lap[]
  /** From the start of the first query to the end of the last one (ms). */
  readonly total: number
  /** What Mayfly said, where it refused. */
  readonly error: MayflyError | undefined
}

/** Each mode several times, in turns; of each the fastest run, which other programs disturbed least. */
export async function compare(
  container: ShopContainer,
  userId: number,
  rounds: number,
  signal: AbortSignal,
): Promise<Run[]> {
  // The first run pays for opening three connections, and is not counted.
  await runOnce(container, 'parallel', userId)
  const runs: Run[] = []
  for (let round = 0; round < rounds; round++) {
    for (const mode of modes) {
      signal.throwIfAborted()
      runs.push(await runOnce(container, mode, userId))
    }
  }
  return modes.map(mode => fastest(runs.filter(one => one.mode === mode)))
}

async function runOnce(container: ShopContainer, mode: Mode, userId: number): Promise<Run> {
  let stopwatch: Stopwatch | undefined
  let error: MayflyError | undefined
  try {
    await runInScope(container, { name: mode }, async ({ cradle }) => {
      stopwatch = cradle.stopwatch
      await cradle.dashboard[mode](userId)
    })
  } catch (failure) {
    if (mode !== 'shared' || !(failure instanceof MayflyError)) throw failure
    error = failure
  }
  return { mode, laps: stopwatch!.laps, total: stopwatch!.total, error }
}

function fastest(runs: readonly Run[]): Run {
  return runs.reduce((best, run) => (run.total < best.total ? run : best))
}
