import { expect } from 'chai'
import fc from 'fast-check'
import { ContextDisposedError, createContainer, DbContext, type Container } from 'mayfly'
import { failure, turn } from '../support/deferred.js'
import { FaultDatabase } from '../support/fault-dialect.js'
import { collectGarbage } from '../support/garbage.js'
import { runs, seed, timeLimit } from './parameters.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {
  tenant: string | undefined
  readonly rows = this.set('rows', { key: 'key' })
}

const RUNS = Number(process.env['MAYFLY_POOL_HISTORIES'] ?? 300)

/** What happens to the pool next; `which` picks one of those that can be picked. */
const actions = fc.array(
  fc.record({
    do: fc.constantFrom(
      'scope',
      'scope',
      'factory',
      'factory',
      'read',
      'leave a transaction open',
      'lose the connection',
      'end',
      'end',
      'end twice',
      'end late',
      'use stale',
      'all at once',
      'forget',
    ),
    which: fc.nat(1000),
  }),
  { minLength: 5, maxLength: 40 },
)

interface Live {
  readonly db: RowsContext
  end(): Promise<unknown>
}

describe('random histories of a pool', function () {
  this.timeout(timeLimit(RUNS) + 120_000)

  it(`P1, P3, P4: no two holders share a core, and a stale handle reaches nothing (${RUNS} of them, seed ${seed})`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), actions, (poolSize, steps) =>
        play(poolSize, steps),
      ),
      runs(RUNS),
    )
  })
})

async function play(
  poolSize: number,
  steps: readonly { do: string; which: number }[],
): Promise<void> {
  const database = new FaultDatabase({ maxConnections: 50 })
  const container = createContainer({ logger: { debug() {}, warn() {}, error() {} } })
    .addDbContextPool('db', RowsContext, { dialect: database.dialect, poolSize })
    .addPooledDbContextFactory('db')
  const live: Live[] = []
  const ended: RowsContext[] = []
  let forgotten = 0
  let keys = 0
  for (const { do: action, which } of steps) {
    const one = live[which % Math.max(live.length, 1)]
    const stale = ended[which % Math.max(ended.length, 1)]
    if (action === 'scope') live.push(inScope(container.createScope()))
    else if (action === 'factory')
      live.push(byFactory(container.cradle.dbFactory.createDbContext()))
    else if (action === 'forget') forgotten += forget(container)
    else if (action === 'all at once') keys = await useAllAtOnce(database, live, keys)
    else if (action.startsWith('end') && action !== 'end late' && one) {
      live.splice(live.indexOf(one), 1)
      ended.push(one.db)
      await Promise.all(action === 'end twice' ? [one.end(), one.end()] : [one.end()])
    } else if (action === 'end late' && stale) await stale.dispose()
    else if (action === 'use stale' && stale) await refuseStale(database, stale)
    else if (action === 'read' && one) await one.db.rows.toList().catch(() => {})
    else if (action === 'leave a transaction open' && one) {
      one.db.tenant = 'somebody'
      await one.db.beginTransaction().catch(() => {})
    } else if (action === 'lose the connection' && one) {
      database.script = ({ kind }) => (kind === 'statement' ? 'lose before' : undefined)
      await one.db.rows.toList().catch(() => {})
      database.script = () => undefined
    }
    const counts = container.stats().contexts['db']!
    expect(counts.leased, 'leased').to.be.within(live.length, live.length + forgotten)
    expect(counts.idle, 'idle').to.be.at.most(poolSize)
    expect(counts.created, 'created').to.equal(counts.leased + counts.idle + counts.dropped)
    expect(database.violations).to.deep.equal([])
  }
  for (const { end } of live) await end()
  if (forgotten > 2) await collect(container, forgotten)
  await container.dispose()
  expect(database.out).to.deep.equal([])
  expect(database.violations).to.deep.equal([])
}

function inScope(scope: Container<{ db: RowsContext }>): Live {
  const { db } = scope.cradle
  expect(db.tenant).to.equal(undefined)
  return { db, end: () => scope.dispose() }
}

function byFactory(db: RowsContext): Live {
  expect(db.tenant).to.equal(undefined)
  return { db, end: () => db.dispose() }
}

/** A context that nobody keeps; it comes back when it is collected, or with the container. */
function forget(container: Container<any>): number {
  void (
    container.cradle as { dbFactory: { createDbContext(): RowsContext } }
  ).dbFactory.createDbContext().rows
  return 1
}

/** Every live context in a transaction of its own at the same time: two that shared a core would share a connection. */
async function useAllAtOnce(
  database: FaultDatabase,
  live: readonly Live[],
  keys: number,
): Promise<number> {
  const usable = live.filter(({ db }) => db.tenant === undefined)
  let inside = 0
  const all = Promise.withResolvers<void>()
  await Promise.all(
    usable.map(({ db }, i) =>
      db.transaction(async () => {
        await db.kysely
          .insertInto('rows')
          .values({ key: keys + i })
          .execute()
        if (++inside === usable.length) all.resolve()
        await all.promise
        const seen = await db.kysely.selectFrom('rows').selectAll().execute()
        expect(seen.filter(({ key }) => key >= keys)).to.deep.equal([{ key: keys + i }])
      }),
    ),
  )
  for (let i = 0; i < usable.length; i++) expect(database.rows.has(keys + i)).to.equal(true)
  return keys + usable.length
}

async function refuseStale(database: FaultDatabase, stale: RowsContext): Promise<void> {
  await turn()
  const sent = database.log.length
  for (const use of [
    () => stale.rows.toList(),
    () => stale.rows.find(1),
    () => stale.transaction(async () => {}),
    () => stale.beginTransaction(),
    () => stale.openConnection(),
  ]) {
    expect(await failure(use())).to.be.instanceOf(ContextDisposedError)
  }
  expect(database.log.length).to.equal(sent)
}

/** Collected contexts give their cores back by themselves. Not every collection finds all of them, so a few are tried. */
async function collect(container: Container<any>, forgotten: number): Promise<void> {
  for (let i = 0; i < 2 && forgotten > 0; i++) await collectGarbage()
  expect(container.stats().contexts['db']!.leased).to.be.at.most(forgotten)
}
