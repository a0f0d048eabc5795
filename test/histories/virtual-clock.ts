import FakeTimers from '@sinonjs/fake-timers'

const turn = setImmediate
/** So many turns of the event loop in which nothing settles mean that only the clock can help. */
const PATIENCE = 12
/** And so many that nothing will help. Longer than any pause of a program. */
const HOPE = 200

/**
 * Runs something with a clock that stands still until nothing else moves. Deadlines become deterministic and take no time, and what
 * waits for nothing at all is found out.
 */
export async function withVirtualClock(
  work: () => Promise<unknown>,
): Promise<{ settled: boolean; timersLeft: number }> {
  const clock = FakeTimers.install({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  try {
    let settled = false
    const working = work().finally(() => (settled = true))
    working.catch(() => {})
    for (let quiet = 0; !settled; quiet++) {
      await new Promise(resolve => turn(resolve))
      if (settled || quiet < PATIENCE) continue
      if (clock.countTimers() > 0) {
        clock.next()
        quiet = 0
      } else if (quiet > HOPE) {
        break
      }
    }
    return { settled, timersLeft: clock.countTimers() }
  } finally {
    clock.uninstall()
  }
}
