import { expect } from 'chai'
import { ConcurrentOperationError } from 'mayfly'
import { databases, ShopContext, type TestDatabase } from '../support/databases.js'
import { deferred, failure, turn } from '../support/deferred.js'

for (const { name, open, quote: q } of databases) {
  describe(`one operation at a time (${name})`, () => {
    let database: TestDatabase
    let db: ShopContext

    beforeEach(async () => {
      database = await open()
      await database.direct
        .insertInto('users')
        .values([{ name: 'Ada' }, { name: 'Bob' }])
        .execute()
      db = new ShopContext({ dialect: database.dialect })
    })
    afterEach(async () => {
      await db.dispose()
      await database.close()
    })

    it('C1: making, resolving and disposing an unused context touches no database', async () => {
      await new ShopContext({ dialect: database.dialect }).dispose()

      expect(database.log.lines).to.deep.equal([])
    })

    it('C2: the second of two parallel queries is refused, the first returns its rows, the server sees one', async () => {
      const first = db.users.toList()
      const second = failure(db.users.count())

      const error = await second
      expect(await first).to.have.length(2)
      expect(error).to.be.instanceOf(ConcurrentOperationError)
      expect(error.code).to.equal('MAYFLY_CONCURRENT_OPERATION')
      expect(error.message).to.match(
        /^A second operation was started on this context before a previous operation completed/,
      )
      expect(error.message).to.contain(
        `a query [select ${q}users${q}.* from ${q}users${q}] (test/context/one-operation.test.ts:`,
      )
      expect(error.message).to.match(
        /when a query \[select count\(\*\).*\] \(test\/context\/one-operation\.test\.ts:/,
      )
      expect(database.log.lines).to.deep.equal([
        `1: select ${q}users${q}.* from ${q}users${q}`,
        '1: release',
      ])
    })

    it('C2: Promise.all of two queries rejects with the documented message, and the context goes on', async () => {
      const first = db.users.toList()
      const error = await failure(
        Promise.all([first, db.kysely.selectFrom('users').selectAll().execute()]),
      )

      expect(error).to.be.instanceOf(ConcurrentOperationError)
      expect(await first).to.have.length(2)
      expect(await db.users.count()).to.equal(2)
    })

    it('C3: the section is left when the operation fails', async () => {
      await failure(
        db.kysely
          .selectFrom('nothing' as 'users')
          .selectAll()
          .execute(),
      )

      expect(await db.users.count()).to.equal(2)
    })

    it("C9: 'queue' runs operations in order, one after the other", async () => {
      const queued = new ShopContext({ dialect: database.dialect, concurrency: 'queue' })
      const order: string[] = []

      await Promise.all([
        queued.users.toList().then(() => order.push('list')),
        queued.users.count().then(() => order.push('count')),
        queued.users.any().then(() => order.push('any')),
      ])

      expect(order).to.deep.equal(['list', 'count', 'any'])
      expect(database.log.lines.map(line => line.replace(/select.*/, 'select'))).to.deep.equal([
        '1: select',
        '1: release',
        '1: select',
        '1: release',
        '1: select',
        '1: release',
      ])
      await queued.dispose()
    })

    it("C9: 'unchecked' looks away", async () => {
      const unchecked = new ShopContext({ dialect: database.dialect, concurrency: 'unchecked' })

      const [users, count] = await Promise.all([unchecked.users.toList(), unchecked.users.count()])

      expect(users).to.have.length(2)
      expect(count).to.equal(2)
      await unchecked.dispose()
    })

    it('C9: what waits in line when the context ends is refused', async () => {
      const queued = new ShopContext({ dialect: database.dialect, concurrency: 'queue' })
      const first = queued.users.toList()
      const second = failure(queued.users.count())

      await queued.dispose()

      expect(await first).to.have.length(2)
      expect((await second).code).to.equal('MAYFLY_CONTEXT_DISPOSED')
    })

    it('C4: an open stream refuses other operations, says so, and leaving the loop closes it', async () => {
      let error: any
      for await (const user of db.users) {
        expect(user.name).to.equal('Ada')
        error = await failure(db.users.count())
        break
      }

      expect(error).to.be.instanceOf(ConcurrentOperationError)
      expect(error.message).to.contain('A stream stays open until its loop has ended')
      expect(await db.users.count()).to.equal(2)
    })

    it("C4: a stream is never waited for, not even with 'queue'", async () => {
      const queued = new ShopContext({ dialect: database.dialect, concurrency: 'queue' })
      let error: any
      for await (const _ of queued.users) error = await failure(queued.users.count())

      expect(error).to.be.instanceOf(ConcurrentOperationError)
      await queued.dispose()
    })

    it('X1: a context holds nothing between operations', async () => {
      await db.users.toList()
      await turn()

      expect(database.log.out.size).to.equal(0)
    })

    it('C7: the end of a context waits for a running statement', async () => {
      const gate = deferred()
      database.log.beforeStatement = () => gate.promise
      const running = db.users.toList()
      await turn()
      const disposed = db.dispose()
      let ended = false
      void disposed.then(() => (ended = true))

      const late = await failure(db.users.count())
      expect(late.code).to.equal('MAYFLY_CONTEXT_DISPOSED')
      await turn()
      expect(ended).to.equal(false)
      gate.resolve()
      expect(await running).to.have.length(2)
      await disposed
      expect(database.log.out.size).to.equal(0)
    })

    it('C7: a statement that does not come back in time loses its connection', async () => {
      const never = deferred()
      const sending = deferred()
      const hasty = new ShopContext({ dialect: database.dialect, disposeTimeout: 1 })
      database.log.beforeStatement = () => {
        sending.resolve()
        return never.promise
      }
      const running = failure(hasty.users.toList())
      await sending.promise

      await hasty.dispose()

      expect(database.log.lines).to.deep.equal(['1: destroy'])
      never.reject(new Error('too late'))
      await running
    })

    it('C7: the end of a context closes a stream under its reader', async () => {
      const rows = db.users[Symbol.asyncIterator]()
      await rows.next()

      await db.dispose()

      expect((await failure(rows.next())).code).to.equal('MAYFLY_CONTEXT_DISPOSED')
      expect(database.log.out.size).to.equal(0)
    })
  })
}
