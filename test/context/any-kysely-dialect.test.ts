import { expect } from 'chai'
import { MysqlDialect } from 'kysely'
import { createPool } from 'mysql2'
import { createContainer, DatabaseError, runInScope } from 'mayfly'
import { databases, ShopContext, type TestDatabase } from '../support/databases.js'
import { failure } from '../support/deferred.js'
import { mysqlSkipped } from '../support/mysql-run.js'

describe("any Kysely dialect: Kysely's own MysqlDialect", () => {
  let database: TestDatabase

  before(function () {
    if (mysqlSkipped) this.skip()
  })
  beforeEach(async () => {
    database = await databases.find(({ family }) => family === 'mysql')!.open()
  })
  afterEach(() => database?.close())

  it('serves queries, transactions, streams and parallel work, and its pool is closed by the container', async () => {
    const pool = createPool({ uri: database.url, connectionLimit: 3 })
    const container = createContainer()
      .addDbContext('shop', ShopContext, {
        dialect: new MysqlDialect({ pool }),
        gate: { maxConnections: 3 },
      })
      .addDbContextFactory('shop')

    await runInScope(container, async ({ cradle: { shop, shopFactory } }) => {
      await shop.transaction(async tx => {
        await tx.kysely.insertInto('users').values({ name: 'Ada' }).execute()
        await failure(tx.transaction(() => Promise.reject(new Error('inner'))))
      })
      const error = await failure(
        shop.transaction(async tx => {
          await tx.kysely.insertInto('users').values({ name: 'Bob' }).execute()
          await tx.kysely.insertInto('users').values({ name: 'Ada' }).execute()
        }),
      )
      const streamed: string[] = []
      for await (const user of shop.users) streamed.push(user.name)

      expect(error).to.be.instanceOf(DatabaseError)
      expect(error.cause.code).to.equal('ER_DUP_ENTRY')
      expect(streamed).to.deep.equal(['Ada'])
      expect(
        await shopFactory.parallel([db => db.users.count(), db => db.users.any()]),
      ).to.deep.equal([1, true])
    })
    await container.dispose()

    expect((await failure(pool.promise().query('select 1'))).message).to.contain('closed')
  })
})
