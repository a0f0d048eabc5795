import { asValue } from 'awilix'
import { expect } from 'chai'
import { AbortedError, ContextDisposedError, createContainer, ScopeEndedError } from 'mayfly'
import { databases, ShopContext, type TestDatabase } from '../support/databases.js'
import { deferred, failure } from '../support/deferred.js'

for (const { name, open } of databases) {
  describe(`factory (${name})`, () => {
    let database: TestDatabase
    const shop = () =>
      createContainer<{ tenant: string }>()
        .addDbContext('shop', ShopContext, {
          dialect: database.dialect,
          onLease: (db, { tenant }) => {
            db.tenant = tenant
          },
        })
        .addDbContextFactory('shop')
        .register({ tenant: asValue<string>('north') })

    beforeEach(async () => {
      database = await open()
      await database.direct
        .insertInto('logs')
        .values([
          { message: 'north', timestamp: '2026-11-20 10:00:00' as never },
          { message: 'south', timestamp: '2026-11-20 11:00:00' as never },
        ])
        .execute()
    })
    afterEach(async () => {
      expect(database.log.out.size, 'connections that are still out').to.equal(0)
      await database.close()
    })

    it('F1, P5: a tenant set in onLease filters in a scoped context, in transaction and in parallel', async () => {
      await using container = shop()
      await using scope = container.createScope().register({ tenant: asValue<string>('south') })
      const { shop: db, shopFactory } = scope.cradle

      const scoped = await db.logs.toList()
      const inTransaction = await db.transaction(tx => tx.logs.toList())
      const { here, count } = await shopFactory.parallel({
        here: context => context.logs.toList(),
        count: context => context.logs.count(),
      })
      const all = await db.logs.ignoreFilters().count()

      for (const rows of [scoped, inTransaction, here]) {
        expect(rows.map(row => row.message)).to.deep.equal(['south'])
      }
      expect(count).to.equal(1)
      expect(all).to.equal(2)
    })

    it('F1: resolved from the root a factory is bound to the root', async () => {
      await using container = shop()

      const rows = await container.cradle.shopFactory.use(db => db.logs.toList())

      expect(rows.map(row => row.message)).to.deep.equal(['north'])
    })

    it('F1: contexts of a scope end with it at the latest', async () => {
      await using container = shop()
      const scope = container.createScope()
      const db = scope.cradle.shopFactory.createDbContext()
      const factory = scope.cradle.shopFactory
      await scope.dispose()

      expect(await failure(db.logs.toList())).to.be.instanceOf(ContextDisposedError)
      expect(() => factory.createDbContext()).to.throw(ScopeEndedError)
    })

    it('F2: use disposes whatever happens', async () => {
      await using container = shop()
      const { shopFactory } = container.cradle
      const kept: ShopContext[] = []

      await shopFactory.use(async db => kept.push(db))
      await failure(
        shopFactory.use(async db => {
          kept.push(db)
          throw new Error('no')
        }),
      )

      for (const db of kept)
        expect(await failure(db.logs.toList())).to.be.instanceOf(ContextDisposedError)
    })

    it('F2: the entries of parallel run at the same time, each on a connection of its own', async () => {
      await using container = shop()
      const all = deferred()
      let waiting = 0
      database.log.beforeStatement = async () => {
        if (++waiting === 3) all.resolve()
        await all.promise
      }

      const result = await container.cradle.shopFactory.parallel({
        a: db => db.logs.count(),
        b: db => db.users.count(),
        c: db => db.orders.toList(),
      })

      expect(result).to.deep.equal({ a: 1, b: 0, c: [] })
      const senders = database.log.lines
        .filter(line => line.includes('select'))
        .map(line => line[0])
      expect(new Set(senders).size).to.equal(3)
    })

    it('F2: the first failure aborts the other signals, all are waited for, and it is thrown with the others', async () => {
      await using container = shop()
      const contexts: ShopContext[] = []
      const first = new Error('first')
      const other = new Error('other')
      let aborted = false

      const error = await failure(
        container.cradle.shopFactory.parallel([
          async db => {
            contexts.push(db)
            throw first
          },
          async (db, signal) => {
            contexts.push(db)
            await new Promise(resolve => signal.addEventListener('abort', resolve))
            aborted = signal.aborted
            throw other
          },
          async (db, signal) => {
            contexts.push(db)
            await new Promise(resolve => signal.addEventListener('abort', resolve))
            expect(await failure(db.logs.toList())).to.be.instanceOf(AbortedError)
            return db.logs.toList()
          },
        ]),
      )

      expect(error).to.equal(first)
      expect(error.suppressed).to.deep.equal([other])
      expect(aborted).to.equal(true)
      for (const db of contexts)
        expect(await failure(db.logs.toList())).to.be.instanceOf(ContextDisposedError)
    })

    it('F3: parallel takes a tuple, and an iterable with a limit', async () => {
      await using container = shop()
      const { shopFactory } = container.cradle
      let running = 0
      let most = 0

      const [count, list] = await shopFactory.parallel([
        db => db.logs.count(),
        db => db.users.toList(),
      ])
      const doubled = await shopFactory.parallel(
        new Set([1, 2, 3, 4, 5]),
        async (db, n) => {
          most = Math.max(most, ++running)
          await db.logs.count()
          running--
          return n * 2
        },
        { concurrency: 2 },
      )

      expect([count, list]).to.deep.equal([1, []])
      expect(doubled).to.deep.equal([2, 4, 6, 8, 10])
      expect(most).to.equal(2)
      expect(
        (await failure(shopFactory.parallel([1], async () => {}, { concurrency: -1 }))).code,
      ).to.equal('MAYFLY_INVALID_ARGUMENT')
      expect(await shopFactory.parallel([])).to.deep.equal([])
    })

    it('F2: after a failure nothing more is started', async () => {
      await using container = shop()
      const started: number[] = []

      await failure(
        container.cradle.shopFactory.parallel(
          [1, 2, 3],
          async (_, n) => {
            started.push(n)
            throw new Error('no')
          },
          { concurrency: 1 },
        ),
      )

      expect(started).to.deep.equal([1])
    })
  })
}
