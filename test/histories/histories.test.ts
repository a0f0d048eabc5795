import { asFunction } from 'awilix'
import { expect } from 'chai'
import fc from 'fast-check'
import { createContainer, DbContext } from 'mayfly'
import { FaultDatabase, type Script } from '../support/fault-dialect.js'
import { Interpreter, type RowsDatabase } from './interpreter.js'
import { faults, programs, type InjectedFault } from './program.js'
import { withVirtualClock } from './virtual-clock.js'

class RowsContext extends DbContext<RowsDatabase> {
  readonly rows = this.set('rows', { key: 'key' })
}

const HISTORIES = Number(process.env['MAYFLY_HISTORIES'] ?? 1000)
/** `MAYFLY_SEED` and `MAYFLY_PATH` replay what a failure has printed. */
const seed = Number(process.env['MAYFLY_SEED'] ?? Date.now() & 0x7fffffff)
const path = process.env['MAYFLY_PATH']

describe('random histories', function () {
  this.timeout(600_000)

  it(`${HISTORIES} of them keep every promise (seed ${seed})`, async () => {
    const silent = { debug() {}, warn() {}, error() {} }
    const rejections: unknown[] = []
    const onRejection = (reason: unknown) => rejections.push(reason)
    process.on('unhandledRejection', onRejection)
    try {
      await fc.assert(
        fc.asyncProperty(programs, faults, async (program, injected) => {
          const database = new FaultDatabase({ maxConnections: program.connections })
          database.script = scriptOf(injected)
          let opened = 0
          const disposals = new Map<unknown, number>()
          const options = {
            dialect: database.dialect,
            gate: { acquireTimeout: 1000 },
            commandTimeout: 500,
            disposeTimeout: 2000,
          }
          const container = createContainer({ logger: silent, gracePeriod: 100 })
            .addDbContextFactory('refuse', RowsContext, options)
            .addDbContextFactory('queue', RowsContext, { ...options, concurrency: 'queue' })
            .addDbContextFactory('unchecked', RowsContext, { ...options, concurrency: 'unchecked' })
            .register({
              probe: asFunction(() => ({ number: ++opened }))
                .scoped()
                .disposer(probe => void disposals.set(probe, (disposals.get(probe) ?? 0) + 1)),
            })
          const interpreter = new Interpreter(
            container,
            () => new Promise(resolve => setImmediate(resolve)),
          )
          const { settled, timersLeft } = await withVirtualClock(async () => {
            await interpreter.run(program)
            await container.dispose()
          })
          await new Promise(resolve => setImmediate(resolve))
          const violations = [
            ...(settled ? [] : ['something never settled']),
            ...(timersLeft === 0 ? [] : [`${timersLeft} timers are left`]),
            ...database.violations,
            ...database.out.map(({ number }) => `connection ${number} is still out`),
            ...interpreter.check(database.rows),
            ...rejections.splice(0).map(reason => `an unhandled rejection: ${String(reason)}`),
            ...(disposals.size === opened && [...disposals.values()].every(times => times === 1)
              ? []
              : ['a scope was not disposed once']),
          ]
          if (violations.length > 0) throw new Error([...violations, ...database.log].join('\n'))
        }),
        {
          numRuns: HISTORIES,
          seed,
          ...(path && { path }),
          // A history that is still failing after so long is small enough.
          interruptAfterTimeLimit: 480_000,
          markInterruptAsFailure: true,
        },
      )
    } finally {
      process.off('unhandledRejection', onRejection)
    }
    expect(rejections).to.deep.equal([])
  })
})

function scriptOf(injected: readonly InjectedFault[]): Script {
  const seen = new Map<string, number>()
  return ({ kind }) => {
    const nth = seen.get(kind) ?? 0
    seen.set(kind, nth + 1)
    const fault = injected.find(one => one.kind === kind && one.nth === nth)?.fault
    // A release that hangs for ever would be the driver's own leak, and one that fails has not put the connection back.
    if (kind === 'release' && (fault === 'hang' || fault === 'lose after')) return undefined
    return fault === 'late' ? new Promise<void>(resolve => setTimeout(resolve, 300)) : fault
  }
}
