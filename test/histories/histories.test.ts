import { asFunction } from 'awilix'
import fc from 'fast-check'
import { createContainer, DbContext } from 'mayfly'
import { FaultDatabase, type Script } from '../support/fault-dialect.js'
import { turn } from '../support/deferred.js'
import { calmFaults, calmPrograms } from './calm-programs.js'
import { Interpreter, type RowsDatabase } from './interpreter.js'
import { OperationWatch } from './operation-watch.js'
import { faults, programs, type InjectedFault, type Program } from './program.js'
import { withVirtualClock } from './virtual-clock.js'

abstract class RowsContext extends DbContext<RowsDatabase> {
  readonly rows = this.set('rows', { key: 'key' })
}
class Refusing extends RowsContext {}
class Queueing extends RowsContext {}
class Unchecked extends RowsContext {}

const HISTORIES = Number(process.env['MAYFLY_HISTORIES'] ?? 1000)
/** `MAYFLY_SEED` and `MAYFLY_PATH` replay what a failure has printed. */
const seed = Number(process.env['MAYFLY_SEED'] ?? Date.now() & 0x7fffffff)
const path = process.env['MAYFLY_PATH']
const parameters = {
  numRuns: HISTORIES,
  seed,
  ...(path && { path }),
  /** The first failure as it is, where nobody wants to read the smallest one. */
  endOnFailure: process.env['MAYFLY_SHRINK'] === 'no',
  includeErrorInReport: true,
  // A history that is still failing after so long is small enough.
  interruptAfterTimeLimit: 480_000,
  markInterruptAsFailure: true,
}

describe('random histories', function () {
  this.timeout(600_000)
  const rejections: unknown[] = []
  const onRejection = (reason: unknown) => rejections.push(reason)
  before(() => void process.on('unhandledRejection', onRejection))
  after(() => void process.off('unhandledRejection', onRejection))

  it(`${HISTORIES} of them keep every promise (seed ${seed})`, () =>
    fc.assert(
      fc.asyncProperty(programs, faults, async (program, injected) => {
        const { violations, log } = await happen(program, injected)
        if (violations.length > 0) throw new Error([...violations, ...log].join('\n'))
      }),
      parameters,
    ))

  it(`${HISTORIES} calm ones are refused nothing, and keep nothing (seed ${seed})`, () =>
    fc.assert(
      fc.asyncProperty(calmPrograms, calmFaults, async (program, injected) => {
        const kept: string[] = []
        const { violations, refusals, log } = await happen(program, injected, async database => {
          // An answer to a release may be late.
          for (let i = 0; i < 100 && database.out.length > 0; i++) await turn()
          // X1: a scoped context holds nothing between operations.
          if (database.out.length > 0) kept.push('a connection is kept, and nothing runs')
        })
        const all = [
          ...kept,
          ...violations,
          ...(injected.length > 0 ? [] : refusals.map(error => `refused: ${String(error)}`)),
        ]
        if (all.length > 0) throw new Error([...all, ...log].join('\n'))
      }),
      parameters,
    ))

  async function happen(
    program: Program,
    injected: readonly InjectedFault[],
    atRest?: (database: FaultDatabase) => Promise<void>,
  ) {
    const database = new FaultDatabase({ maxConnections: program.connections })
    database.script = scriptOf(injected)
    const { container, disposals } = rowsContainer(database)
    const interpreter = new Interpreter(container, turn)
    const watch = new OperationWatch(context => context.startsWith(Unchecked.name))
    let outcome = { settled: false, timersLeft: 0 }
    await watch.during(async () => {
      outcome = await withVirtualClock(async () => {
        await interpreter.run(program, atRest && (() => atRest(database)))
        await container.dispose()
      })
      await turn()
    })
    const violations = [
      ...(outcome.settled ? [] : ['something never settled']),
      ...(outcome.timersLeft === 0 ? [] : [`${outcome.timersLeft} timers are left`]),
      ...database.violations,
      ...database.out.map(({ number }) => `connection ${number} is still out`),
      ...interpreter.check(database.rows),
      ...watch.violations,
      ...rejections.splice(0).map(reason => `an unhandled rejection: ${String(reason)}`),
      ...(disposals.some(({ times }) => times !== 1) ? ['a scope was not disposed once'] : []),
    ]
    return { violations, refusals: interpreter.refusals, log: database.log }
  }
})

/** The contexts of the interpreter, and how often each scope was disposed. */
function rowsContainer({ dialect }: FaultDatabase) {
  const silent = { debug() {}, warn() {}, error() {} }
  const options = {
    dialect,
    gate: { acquireTimeout: 1000 },
    commandTimeout: 500,
    disposeTimeout: 2000,
  }
  const disposals: { times: number }[] = []
  const container = createContainer({ logger: silent, gracePeriod: 100 })
    .addDbContextFactory('refuse', Refusing, options)
    .addDbContextFactory('queue', Queueing, { ...options, concurrency: 'queue' })
    .addDbContextFactory('unchecked', Unchecked, { ...options, concurrency: 'unchecked' })
    .register({
      probe: asFunction(() => {
        const probe = { times: 0 }
        disposals.push(probe)
        return probe
      })
        .scoped()
        .disposer(probe => void probe.times++),
    })
  return { container, disposals }
}

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
