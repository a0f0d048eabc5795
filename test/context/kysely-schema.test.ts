import { expect } from 'chai'
import { databases, ShopContext, type TestDatabase } from '../support/databases.js'
import { failure } from '../support/deferred.js'

for (const { name, family, open } of databases) {
  describe(`kysely with a schema (${name})`, () => {
    let database: TestDatabase
    let db: ShopContext

    beforeEach(async () => {
      database = await open()
      db = new ShopContext({ dialect: database.dialect })
    })
    afterEach(async () => {
      await db.dispose()
      await database.close()
    })

    it('T3, C2: is the context still: the same transactions, the same guard, the same end', async () => {
      const schemas = {
        sqlite: 'main',
        postgres: 'public',
        mysql: new URL(database.url, 'file:').pathname.slice(1),
      }
      const schema = schemas[family]
      const inSchema = db.kysely.withSchema(schema)
      const mine = new Error('mine')
      const add = (user: string) => inSchema.insertInto('users').values({ name: user }).execute()

      const error = await failure(
        db.transaction(async () => {
          await add('Ada')
          await inSchema.transaction().execute(async trx => {
            await trx.insertInto('users').values({ name: 'Bob' }).execute()
          })
          throw mine
        }),
      )
      expect(error).to.equal(mine)
      expect(await db.users.toList()).to.deep.equal([])

      const second = inSchema.transaction().execute(async () => {
        await add('Cleo')
        throw mine
      })
      expect(await failure(second)).to.equal(mine)
      expect(await db.users.count()).to.equal(0)

      const [first, other] = await Promise.allSettled([
        inSchema.selectFrom('users').selectAll().execute(),
        inSchema.connection().execute(async () => 1),
      ])
      expect(first.status).to.equal('fulfilled')
      expect(other).to.have.nested.property('reason.code', 'MAYFLY_CONCURRENT_OPERATION')
      expect(await failure(inSchema.destroy())).to.have.property('code', 'MAYFLY_TRANSACTION_STATE')
      await db.dispose()
      expect(await failure(add('Dora'))).to.have.property('code', 'MAYFLY_CONTEXT_DISPOSED')
    })
  })
}
