import { asValue, createContainer as createAwilixContainer } from 'awilix'
import { expect } from 'chai'
import {
  addDbContext,
  asClass,
  createContainer,
  DbContext,
  runInScope,
  type Container,
  type Logger,
} from 'mayfly'
import { deferred, turn } from '../support/deferred.js'
import { FaultDatabase } from '../support/fault-dialect.js'
import { collectGarbage, collectUntil, heapInUse } from '../support/garbage.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {
  readonly rows = this.set('rows', { key: 'key' })
}

class Session {
  static ended = 0
  async [Symbol.asyncDispose]() {
    Session.ended++
  }
}

/** Collects twice: what outlived the first collection, and then what nobody holds. */
async function collectAll(): Promise<void> {
  await collectGarbage()
  await collectGarbage()
}

describe('scopes that were dropped', () => {
  let database: FaultDatabase
  let warnings: string[]
  let logger: Logger

  beforeEach(() => {
    Session.ended = 0
    database = new FaultDatabase({ maxConnections: 2 })
    warnings = []
    logger = { debug() {}, warn: line => void warnings.push(line), error() {} }
  })

  const shop = () =>
    createContainer({ logger })
      .addDbContext('db', RowsContext, { dialect: database.dialect })
      .addDbContextFactory('db')
      .register({ session: asClass(Session).scoped(), job: asClass(Session).transient() })
  type Shop = ReturnType<typeof shop>

  const leased = (container: Container<any>) => container.stats().contexts['db']!.leased

  it('S4: one report names the scope, what it left and the line that opened it; the connection is recovered, and no disposer runs', async () => {
    await using container = shop()
    await (async () => {
      const { db, session, job } = container.createScope().cradle
      void [session, job]
      await db.beginTransaction()
    })()
    expect(database.out).to.have.length(1)

    await collectUntil(() => warnings.length > 0 && database.out.length === 0)

    expect(warnings).to.have.length(1)
    expect(warnings[0]).to.match(
      /^a scope, opened at test\/scope\/dropped-scopes\.test\.ts:\d+:\d+, was dropped and never disposed\. What it had not disposed: RowsContext#\d+, session, Session\. /,
    )
    expect(leased(container)).to.equal(0)
    expect(container.stats().droppedScopes).to.equal(1)
    expect(database.out).to.deep.equal([])
    expect(database.log.slice(-2)).to.deep.equal(['1: rollback', '1: release'])
    expect(Session.ended).to.equal(0)
  })

  it('S4: 20,000 with an unused context leave the heap flat, no lease, and one report', async () => {
    await using container = shop()
    const drop = () => void container.createScope().cradle.db
    // The engine's own tables keep the size that they once had.
    for (let i = 0; i < 20_000; i++) drop()
    await collectAll()
    const before = await heapInUse()

    for (let i = 0; i < 20_000; i++) drop()
    await collectUntil(() => leased(container) === 0)

    // A place in a list is 8 bytes at least, and what it holds a thousand.
    expect(((await heapInUse()) - before) / 20_000).to.be.below(8)
    expect(leased(container)).to.equal(0)
    expect(container.stats().droppedScopes).to.equal(40_000)
    expect(warnings).to.have.length(1)
  }).timeout(60_000)

  const holders: Record<string, (scope: Container<Shop['cradle']>) => () => unknown> = {
    'a context':
      ({ cradle: { db } }) =>
      () =>
        db.rows.toList(),
    'a set': ({ cradle }) => {
      const { rows } = cradle.db
      return () => rows.toList()
    },
    'a query': ({ cradle }) => {
      const query = cradle.db.rows.where('key', '=', 1)
      return () => query.toList()
    },
    'the kysely of a context': ({ cradle }) => {
      const { kysely } = cradle.db
      return () => kysely.selectFrom('rows').selectAll().execute()
    },
    'a factory': ({ cradle: { db, dbFactory } }) => {
      void db
      return () => dbFactory.use(own => own.rows.toList())
    },
    'a context of a factory': ({ cradle }) => {
      void cradle.db
      const own = cradle.dbFactory.createDbContext()
      return async () => {
        await own.rows.toList()
        await own.dispose()
      }
    },
    'the cradle': ({ cradle }) => {
      void cradle.session
      return () => cradle.db.rows.toList()
    },
  }
  it(`S4: whoever has ${Object.keys(holders).join(', ')} keeps the scope`, async () => {
    const container = shop()
    const held = Object.entries(holders).map(([name, take]) => {
      const scope = container.createScope()
      void scope.cradle.session
      return { name, use: take(scope), scope: new WeakRef(scope.cradle) }
    })

    await collectAll()
    const lost = held.filter(({ scope }) => !scope.deref())
    expect(lost.map(({ name }) => name)).to.deep.equal([])
    for (const { use } of held) await use()

    await container.dispose()
    expect(Session.ended).to.equal(held.length)
    expect(warnings).to.deep.equal([])
  })

  it('S4: scopes that live are disposed with the container, the newest first, however long they have lived', async () => {
    const container = shop()
    const order: string[] = []
    const open = (name: string) => {
      const scope = container.createScope()
      scope.register(
        'own',
        asClass(Session)
          .disposer(() => void order.push(name))
          .scoped(),
      )
      scope.resolve('own')
      return scope
    }
    const scopes = [open('first'), open('second')]
    await collectAll()
    scopes.push(open('third'))

    await container.dispose()

    expect(order).to.deep.equal(['third', 'second', 'first'])
    expect(warnings).to.deep.equal([])
    expect(scopes).to.have.length(3)
  })

  it('S4: one that is disposed after collections is not reported, nor is one without anything to dispose', async () => {
    await using container = shop()
    const scope = container.createScope()
    void scope.cradle.db
    await collectAll()
    await scope.dispose()
    void container.createScope().createScope().cradle.dbFactory

    await collectAll()

    expect(warnings).to.deep.equal([])
    expect(container.stats().droppedScopes).to.equal(0)
  })

  it('S4: what it created after a collection is reported and recovered, too', async () => {
    await using container = shop()
    await (async () => {
      const scope = container.createScope()
      void scope.cradle.session
      await collectAll()
      void scope.cradle.db
    })()

    await collectUntil(() => warnings.length > 0)

    expect(warnings).to.have.length(1)
    expect(warnings[0]).to.match(/RowsContext#\d+, session\./)
    expect(leased(container)).to.equal(0)
  })

  it('S4: child scopes that were dropped beside one that lives, and a scope that was dropped with its children', async () => {
    await using container = shop()
    const living = container.createScope()
    await (async () => {
      void living.createScope().cradle.db
      void container.createScope().createScope().createScope().cradle.db
      await turn()
    })()

    await collectUntil(() => warnings.length > 1)

    expect(warnings).to.have.length(2)
    expect(leased(container)).to.equal(0)
    await living.dispose()
  })

  it('S4: a job is kept by its work alone', async () => {
    await using container = shop()
    const goOn = deferred()
    const job = runInScope(container, async ({ cradle }) => {
      void cradle.session
      await goOn.promise
      return cradle.db.rows.toList()
    })

    await collectAll()
    goOn.resolve()

    expect(await job).to.deep.equal([])
    expect(Session.ended).to.equal(1)
    expect(warnings).to.deep.equal([])
  })

  it('S4: the end of the container recovers what is collected and not yet reported', async () => {
    const container = shop()
    const scope = new WeakRef(
      await (async () => {
        const opened = container.createScope()
        await opened.cradle.db.beginTransaction()
        await collectGarbage()
        return opened
      })(),
    )
    while (scope.deref()) await collectGarbage()

    await container.dispose()

    expect(leased(container)).to.equal(0)
    expect(database.out).to.deep.equal([])
    expect(database.destroyed).to.equal(1)
    expect(warnings).to.have.length(1)
  })

  it("S4: work of a factory that waits for ever goes with its scope, and a provider's session is no longer leased", async () => {
    await using container = shop().addDbContext('session2', {
      create: cradle => ({ cradle }),
      dispose: () => void Session.ended++,
    })
    await (async () => {
      const { dbFactory, session2 } = container.createScope().cradle
      void session2
      void dbFactory.use(async db => {
        await db.beginTransaction()
        await new Promise(() => {})
      })
      while (database.out.length === 0) await turn()
    })()

    await collectUntil(() => warnings.length > 0)

    expect(warnings).to.have.length(1)
    expect(warnings[0]).to.match(/session2, RowsContext#\d+\.|RowsContext#\d+, session2\./)
    expect(leased(container)).to.equal(0)
    expect(container.stats().contexts['session2']!.leased).to.equal(0)
    expect(database.out).to.deep.equal([])
    expect(Session.ended).to.equal(0)
  })

  it('S4: a scope of a plain Awilix container, too', async () => {
    const container = addDbContext(createAwilixContainer(), 'db', RowsContext, {
      dialect: database.dialect,
      logger,
    })
    await (async () => {
      const scope = container.createScope().register({ own: asValue(1) })
      await scope.resolve('db').beginTransaction()
    })()

    await collectUntil(() => database.out.length === 0)

    expect(database.out).to.deep.equal([])
    await container.dispose()
    expect(database.destroyed).to.equal(1)
  })
})
