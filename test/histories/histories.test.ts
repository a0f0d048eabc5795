import fc from 'fast-check'
import type { Container } from 'mayfly'
import { FaultDatabase, type Script } from '../support/fault-dialect.js'
import { turn } from '../support/deferred.js'
import { calmFaults, calmPrograms } from './calm-programs.js'
import { Interpreter } from './interpreter.js'
import { OperationWatch } from './operation-watch.js'
import { runs, seed } from './parameters.js'
import { faults, programs, type InjectedFault, type Program } from './program.js'
import { mayOverlap, rowsContainer } from './rows-container.js'
import { withVirtualClock } from './virtual-clock.js'

const HISTORIES = Number(process.env['MAYFLY_HISTORIES'] ?? 1000)
const DEADLINES = { gate: { acquireTimeout: 1000 }, commandTimeout: 500, disposeTimeout: 2000 }

/** What a driver may be unable to do. */
const WITHOUT: readonly (readonly ('resetConnection' | 'destroyConnection')[])[] = [
  ['resetConnection'],
  ['destroyConnection'],
  ['resetConnection', 'destroyConnection'],
]

describe('random histories', function () {
  this.timeout(600_000)
  const rejections: unknown[] = []
  const onRejection = (reason: unknown) => rejections.push(reason)
  before(() => void process.on('unhandledRejection', onRejection))
  after(() => void process.off('unhandledRejection', onRejection))

  it(`${HISTORIES} of them keep every promise (seed ${seed})`, () =>
    fc.assert(
      fc.asyncProperty(programs, faults, fc.boolean(), async (program, injected, fails) => {
        const { violations, log } = await happen(program, injected, fails)
        if (violations.length > 0) throw new Error([...violations, ...log].join('\n'))
      }),
      runs(HISTORIES),
    ))

  it(`${HISTORIES} calm ones are refused nothing, and keep nothing (seed ${seed})`, () =>
    fc.assert(
      fc.asyncProperty(calmPrograms, calmFaults, async (program, injected) => {
        const kept: string[] = []
        const { violations, refusals, log } = await happen(
          program,
          injected,
          false,
          async database => {
            // An answer to a release may be late.
            for (let i = 0; i < 100 && database.out.length > 0; i++) await turn()
            // X1: a scoped context holds nothing between operations.
            if (database.out.length > 0) kept.push('a connection is kept, and nothing runs')
          },
        )
        const all = [
          ...kept,
          ...violations,
          ...(injected.length > 0 ? [] : refusals.map(error => `refused: ${String(error)}`)),
        ]
        if (all.length > 0) throw new Error([...all, ...log].join('\n'))
      }),
      runs(HISTORIES),
    ))

  for (const without of WITHOUT)
    it(`${HISTORIES / 4} of them without ${without.join(' and ')} (seed ${seed})`, () =>
      fc.assert(
        fc.asyncProperty(programs, faults, fc.boolean(), async (program, injected, fails) => {
          const { violations, log } = await happen(program, injected, fails, undefined, without)
          if (violations.length > 0) throw new Error([...violations, ...log].join('\n'))
        }),
        runs(HISTORIES / 4),
      ))

  async function happen(
    program: Program,
    injected: readonly InjectedFault[],
    failsTransactions: boolean,
    atRest?: (database: FaultDatabase) => Promise<void>,
    without: (typeof WITHOUT)[number] = [],
  ) {
    const database = new FaultDatabase({
      maxConnections: program.connections,
      failsTransactions,
      without,
    })
    const late = { releases: 0 }
    database.script = scriptOf(injected, late)
    const { container, checkDisposals } = rowsContainer({
      ...DEADLINES,
      dialect: database.dialect,
    })
    const interpreter = new Interpreter(container, turn)
    const watch = new OperationWatch(mayOverlap)
    let outcome = { settled: false, timersLeft: 0 }
    await watch.during(async () => {
      outcome = await withVirtualClock(async () => {
        await interpreter.run(program, atRest && (() => atRest(database)))
        await container.dispose()
      })
      await turn()
    })
    const lost = injected.filter(without.includes('destroyConnection') ? mayCost : isStuck).length
    const stays = without.includes('destroyConnection') ? lost : 0
    // Nobody waits for a driver that takes back late what could not be closed: that timer is the driver's.
    const timersLeft =
      outcome.timersLeft - (without.includes('destroyConnection') ? late.releases : 0)
    const violations = [
      ...(outcome.settled ? [] : ['something never settled']),
      ...(timersLeft === 0 ? [] : [`${timersLeft} timers are left`]),
      ...database.violations,
      ...database.out.slice(stays).map(({ number }) => `connection ${number} is still out`),
      ...(placesTaken(container) > lost ? ['a place of the gate is taken for ever'] : []),
      ...interpreter.check(database.rows),
      ...watch.violations,
      ...rejections.splice(0).map(reason => `an unhandled rejection: ${String(reason)}`),
      ...checkDisposals(),
    ]
    return { violations, refusals: interpreter.refusals, log: database.log }
  }
})

/** One that is being opened for ever has its place until somebody waits for it. */
function isStuck({ kind, fault }: InjectedFault): boolean {
  return kind === 'connect' && fault === 'hang'
}

/** So has one that cannot be closed, and never answers, refuses its rollback, or could not be taken back. */
function mayCost({ kind, fault }: InjectedFault): boolean {
  return fault === 'hang' || kind === 'rollback' || kind === 'release'
}

function placesTaken(container: Container<any>): number {
  return container.stats().gates.reduce((sum, { inUse }) => sum + inUse, 0)
}

/** @param late how many releases are on their way */
function scriptOf(injected: readonly InjectedFault[], late: { releases: number }): Script {
  const seen = new Map<string, number>()
  return ({ kind }) => {
    const nth = seen.get(kind) ?? 0
    seen.set(kind, nth + 1)
    const fault = injected.find(one => one.kind === kind && one.nth === nth)?.fault
    // A release that hangs for ever would be the driver's own leak, and one that fails has not put the connection back.
    if (kind === 'release' && (fault === 'hang' || fault === 'lose after')) return undefined
    if (fault !== 'late') return fault
    const isRelease = kind === 'release'
    if (isRelease) late.releases++
    return new Promise<void>(resolve => setTimeout(resolve, 300)).finally(() => {
      if (isRelease) late.releases--
    })
  }
}
