import { expect } from 'chai'
import { sql } from 'kysely'
import { DatabaseError, DbContext, InvalidArgumentError } from 'mayfly'
import { databases, ShopContext } from '../support/databases.js'
import { failure } from '../support/deferred.js'
import { FaultDatabase } from '../support/fault-dialect.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {
  readonly rows = this.set('rows', { key: 'key' })
}

describe('commandTimeout', () => {
  it('C10: a statement that takes longer is a DatabaseError of kind timeout, and its connection is closed', async () => {
    const database = new FaultDatabase()
    await using db = new RowsContext({ dialect: database.dialect, commandTimeout: 1 })
    database.script = ({ kind, index }) =>
      kind === 'statement' && index === 1 ? 'hang' : undefined

    const error = await failure(db.rows.toList())

    expect(error).to.be.instanceOf(DatabaseError)
    expect([error.kind, error.sql]).to.deep.equal(['timeout', 'select "rows".* from "rows"'])
    expect(error.message).to.contain('longer than 1 ms')
    expect(database.connections[0]!.state).to.equal('destroyed')
    expect(await db.rows.toList()).to.deep.equal([])
    expect(database.violations).to.deep.equal([])
  })

  it('C10: inside a transaction it ends the transaction', async () => {
    const database = new FaultDatabase()
    await using db = new RowsContext({ dialect: database.dialect, commandTimeout: 1 })
    database.script = ({ kind, index }) =>
      kind === 'statement' && index === 3 ? 'hang' : undefined

    const error = await failure(
      db.transaction(async () => {
        await db.kysely.insertInto('rows').values({ key: 1 }).execute()
        await db.kysely
          .insertInto('rows')
          .values({ key: 2 })
          .execute()
          .catch(() => {})
        await db.kysely.insertInto('rows').values({ key: 3 }).execute()
      }),
    )

    expect(error.code).to.equal('MAYFLY_TRANSACTION_ENDED')
    expect(error.cause.kind).to.equal('timeout')
    expect([...database.rows]).to.deep.equal([])
    expect(database.violations).to.deep.equal([])
  })

  for (const kind of ['begin', 'commit', 'rollback'] as const) {
    it(`a ${kind} that hangs holds nobody up`, async () => {
      const database = new FaultDatabase()
      await using db = new RowsContext({
        dialect: database.dialect,
        commandTimeout: 1,
        disposeTimeout: 1,
      })
      database.script = step => (step.kind === kind ? 'hang' : undefined)

      const error = await failure(
        db.transaction(async () => {
          await db.rows.toList()
          if (kind === 'rollback') throw new Error('no')
        }),
      )

      if (kind === 'begin')
        expect(error.message).to.contain('The begin of a transaction took longer')
      expect(database.connections[0]!.state).to.equal('destroyed')
      expect(database.out).to.deep.equal([])
    })
  }

  it('C10: one query has a time of its own, also as a stream', async () => {
    const database = new FaultDatabase()
    await using db = new RowsContext({ dialect: database.dialect })
    database.script = ({ kind }) => (kind === 'statement' ? 'hang' : undefined)

    for (const run of [
      () => db.rows.commandTimeout(1).toList(),
      () => db.rows.commandTimeout(1).count(),
      () => db.rows.commandTimeout(1).any(),
      () => db.rows.commandTimeout(1)[Symbol.asyncIterator]().next(),
    ]) {
      expect((await failure(run())).kind).to.equal('timeout')
    }
    expect(database.out).to.deep.equal([])
    expect(() => db.rows.commandTimeout(0)).to.throw(InvalidArgumentError, '1 or more')
  })

  for (const { name, family, open } of databases) {
    it(`C10: releases the caller at once on ${name}, and the context goes on`, async () => {
      const database = await open()
      await using db = new ShopContext({ dialect: database.dialect, commandTimeout: 20 })
      await db.users.commandTimeout(10_000).count()
      const slow =
        family === 'sqlite'
          ? sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000000) select count(*) from n`
          : sql`select ${sql.raw(family === 'postgres' ? 'pg_sleep' : 'sleep')}(60)`

      const error = await failure(slow.execute(db.kysely))

      expect(error.kind).to.equal('timeout')
      expect(await db.users.commandTimeout(10_000).count()).to.equal(0)
      await db.dispose()
      await database.close()
    })
  }
})
