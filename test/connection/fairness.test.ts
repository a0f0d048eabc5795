import { expect } from 'chai'
import { createContainer, DbContext, runInScope, type Logger } from 'mayfly'
import { deferred, failure, turn } from '../support/deferred.js'
import { openDataSource } from '../../lib/connection/data-source.js'
import { FaultDatabase } from '../support/fault-dialect.js'
import { holder } from '../support/holder.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {
  readonly rows = this.set('rows', { key: 'key' })
}

describe('X3: connections between scopes', () => {
  const shop = (database: FaultDatabase, acquireTimeout = 10_000, logger?: Logger) =>
    createContainer({ ...(logger && { logger }) })
      .addDbContext('db', RowsContext, { dialect: database.dialect, gate: { acquireTimeout } })
      .addDbContextFactory('db')

  it('two transactions that each need a second connection from a pool of two: an error that names both, not a hang', async () => {
    const database = new FaultDatabase({ maxConnections: 2 })
    const warnings: string[] = []
    await using container = shop(database, 5, {
      debug() {},
      warn: line => void warnings.push(line),
      error() {},
    })
    const both = deferred()
    let inside = 0
    const work = (name: string) =>
      runInScope(container, { name }, ({ cradle: { db, dbFactory } }) =>
        db.transaction(async () => {
          if (++inside === 2) both.resolve()
          await both.promise
          await dbFactory.use(other => other.rows.toList())
        }),
      )

    const outcomes = await Promise.allSettled([work('job A'), work('job B')])

    const errors = outcomes.flatMap(outcome =>
      outcome.status === 'rejected' ? [outcome.reason as Error] : [],
    )
    expect(errors.length).to.be.greaterThan(0)
    const { message } = errors[0]!
    expect(errors[0]).to.have.property('code', 'MAYFLY_CONNECTION_TIMEOUT')
    expect(message).to.contain('self-deadlock')
    expect(warnings).to.contain(message)
    expect(message).to.match(
      /\n {2}RowsContext#\d+ +scope job A +[\d.]+ ms +idle in a transaction +test\/connection\/fairness\.test\.ts:\d+:\d+/,
    )
    expect(message).to.match(/\n {2}RowsContext#\d+ +scope job B +/)
    expect(database.out).to.deep.equal([])
  })

  it('a full gate that works is no self-deadlock', async () => {
    const database = new FaultDatabase({ maxConnections: 1 })
    await using container = shop(database, 1)
    const slow = deferred()
    database.script = ({ kind }) => (kind === 'statement' ? slow.promise : undefined)
    const running = container.cradle.dbFactory.use(db => db.rows.toList())
    while (database.log.length < 2) await turn()

    const error = await failure(runInScope(container, ({ cradle }) => cradle.db.rows.toList()))

    expect(error.message).not.to.contain('self-deadlock')
    slow.resolve()
    await running
  })

  it('two of three that idle beside one that works are no self-deadlock, all three are', async () => {
    const source = openDataSource(new FaultDatabase({ maxConnections: 3 }).dialect, {
      acquireTimeout: 5,
    })
    const scope = {}
    let idles = false
    const works = {
      get idlesInTransaction() {
        return idles
      },
    }
    const holds = [
      await source.gate.acquire(holder('a', { scope })),
      await source.gate.acquire(holder('b', { scope })),
      await source.gate.acquire(
        Object.defineProperties(holder('c', { scope }), Object.getOwnPropertyDescriptors(works)),
      ),
    ]

    const early = await failure(source.gate.acquire(holder('d', { scope })))
    idles = true
    const late = await failure(source.gate.acquire(holder('e', { scope })))
    const other = await failure(source.gate.acquire(holder('f')))

    expect(
      [early, late, other].map(error => error.message.includes('self-deadlock')),
    ).to.deep.equal([false, true, false])
    for (const hold of holds) await hold.release()
    await source.release()
  })

  it('eight who share one key beside one other on two connections: the other is not last', async () => {
    const source = openDataSource(new FaultDatabase({ maxConnections: 2 }).dialect)
    const [scope, order] = [{}, [] as string[]]
    const work = async (label: string, overrides?: { scope: object }) => {
      const hold = await source.gate.acquire(holder(label, overrides))
      order.push(label)
      await turn()
      await hold.release()
    }
    const eight = Array.from({ length: 8 }, (_, i) => work(`child ${i}`, { scope }))
    await Promise.all([...eight, work('other')])

    // Two had a connection before it came.
    expect(order.indexOf('other')).to.equal(2)
    await source.release()
  })

  it("one request's parallel cannot starve the rest", async () => {
    const database = new FaultDatabase({ maxConnections: 2 })
    await using container = shop(database)
    const order: string[] = []
    const slow = deferred()
    database.script = ({ kind }) => (kind === 'statement' ? slow.promise : undefined)
    const greedy = runInScope(container, { name: 'greedy' }, ({ cradle }) =>
      cradle.dbFactory.parallel(
        Array.from({ length: 6 }, (_, i) => i),
        async (db, i) => {
          await db.rows.toList()
          order.push(`greedy ${i}`)
        },
      ),
    )
    while (database.log.filter(line => line.includes('select')).length < 2) await turn()
    const modest = ['a', 'b'].map(name =>
      runInScope(container, { name }, async ({ cradle }) => {
        await cradle.db.rows.toList()
        order.push(name)
      }),
    )
    await turn()
    slow.resolve()
    await Promise.all([greedy, ...modest])

    // Six waited for the greedy one before the others came.
    expect(order.slice(0, 5)).to.include.members(['a', 'b'])
  })

  it('X3: child scopes share what their request has: eight of one request beside another on two connections, and the other is not last', async () => {
    const database = new FaultDatabase({ maxConnections: 2 })
    await using container = shop(database)
    const order: string[] = []
    const slow = deferred()
    database.script = ({ kind }) => (kind === 'statement' ? slow.promise : undefined)
    const read = async (scope: { readonly cradle: { readonly db: RowsContext } }, name: string) => {
      await scope.cradle.db.rows.toList()
      order.push(name)
    }
    const first = runInScope(container, { name: 'first' }, request =>
      Promise.all(
        Array.from({ length: 8 }, async (_, i) => {
          await using resolver = request.createScope().createScope()
          await read(resolver, `resolver ${i}`)
        }),
      ),
    )
    while (database.log.filter(line => line.includes('select')).length < 2) await turn()
    const other = runInScope(container, { name: 'other' }, scope => read(scope, 'other'))
    await turn()
    slow.resolve()
    await Promise.all([first, other])

    expect(order.indexOf('other')).to.be.below(4)
  })

  it('with nobody else waiting one scope may use all', async () => {
    const database = new FaultDatabase({ maxConnections: 3 })
    await using container = shop(database)
    const slow = deferred()
    database.script = ({ kind }) => (kind === 'statement' ? slow.promise : undefined)
    const all = runInScope(container, ({ cradle }) =>
      cradle.dbFactory.parallel([1, 2, 3], db => db.rows.toList()),
    )
    while (database.log.filter(line => line.includes('select')).length < 3) await turn()

    expect(container.stats().gates[0]).to.deep.include({ inUse: 3, waiting: 0 })
    slow.resolve()
    await all
  })
})
