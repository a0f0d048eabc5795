import { once } from 'node:events'
import { expect } from 'chai'
import { Kysely, sql } from 'kysely'
import { DbContext } from 'mayfly'
import { postgres } from 'mayfly/postgres'
import type { PostgresConnection } from '../../../adapters/postgres/connection.js'
import { turn } from '../../support/deferred.js'
import { rejection, useDatabase, type Connected } from './fixture.js'
import { HoldingProxy } from './holding-proxy.js'

describe('postgres transactions', () => {
  const fixture = useDatabase('tx')
  let own: Connected

  before(async () => {
    const { driver, run } = await fixture.connect()
    await run('create table t (id integer primary key, parent integer)')
    await run(
      'create table later (id integer primary key, t integer references t deferrable initially deferred)',
    )
    await driver.destroy()
  })
  beforeEach(async () => {
    own = await fixture.connect()
    await own.run('truncate t, later')
  })

  const state = () => own.connection.transactionState
  const ids = async () => (await own.rows('select id from t order by id')).map(({ id }) => id)

  it('transactionState is what the server says, before anybody hears of an answer', async () => {
    const { driver, connection, run } = own
    expect(state()).to.equal('none')
    await driver.beginTransaction(connection, {})
    expect(state()).to.equal('open')
    await run('insert into t values (1)')
    expect(state()).to.equal('open')
    await run('insert into t values (1)').catch(() => expect(state()).to.equal('failed'))
    expect(state()).to.equal('failed')
    await driver.rollbackTransaction(connection)
    expect(state()).to.equal('none')
    await run('begin')
    expect(state()).to.equal('open')
    await run('commit')
    expect(state()).to.equal('none')
  })

  for (const [way, text, ...values] of [
    ['of a text', 'insert into t values (1)'],
    ['of a text with values', 'insert into t values ($1)', 1],
  ] as [string, string, ...number[]][])
    it(`T6: an error ${way} is told when the server has said what became of the transaction`, async () => {
      await using proxy = await HoldingProxy.before(fixture.url)
      const { driver, connection, run } = await fixture.connect(proxy.target)
      try {
        await driver.beginTransaction(connection, {})
        await run(text, ...values)
        proxy.holdAfterError()
        const told = once((connection as PostgresConnection).raw.connection, 'errorMessage')
        let isSettled = false
        const error = rejection(run(text, ...values)).finally(() => (isSettled = true))
        await told
        await turn()
        expect(isSettled).to.equal(false)
        proxy.letGo()
        expect(driver.classifyError!(await error)).to.include({ kind: 'unique' })
        expect(connection.transactionState).to.equal('failed')
      } finally {
        proxy.letGo()
        await driver.destroy()
      }
    })

  it('a savepoint takes a failed transaction back into work', async () => {
    const { driver, connection, run } = own
    const compile = undefined as never
    await driver.beginTransaction(connection, {})
    await run('insert into t values (1)')
    await driver.savepoint!(connection, 'a"b', compile)
    await rejection(run('insert into t values (1)'))
    expect(state()).to.equal('failed')
    await driver.rollbackToSavepoint!(connection, 'a"b', compile)
    expect(state()).to.equal('open')
    await driver.releaseSavepoint!(connection, 'a"b', compile)
    await driver.commitTransaction(connection)
    expect(await ids()).to.deep.equal([1])
  })

  it('takes isolation level and access mode in one round trip', async () => {
    const { driver, connection, rows, run } = own
    await driver.beginTransaction(connection, {
      isolationLevel: 'serializable',
      accessMode: 'read only',
    })
    expect(
      await rows(
        "select current_setting('transaction_isolation') as level, current_setting('transaction_read_only') as mode",
      ),
    ).to.deep.equal([{ level: 'serializable', mode: 'on' }])
    const error = await rejection(run('insert into t values (1)'))
    expect(driver.classifyError!(error)).to.deep.equal({ kind: 'readOnly' })
    await driver.rollbackTransaction(connection)
    expect(await rejection(driver.beginTransaction(connection, { isolationLevel: 'snapshot' })))
      .to //
      .include({ code: 'MAYFLY_INVALID_ARGUMENT' })
  })

  it('T3: the commit of a failed transaction is an error that says which statement failed first', async () => {
    const { driver, connection, run } = own
    await driver.beginTransaction(connection, {})
    await run('insert into t values (1)')
    await rejection(run('insert into t values ($1)', 1))
    await rejection(run('select 2'))
    const error = await rejection(driver.commitTransaction(connection))
    expect(error).to.include({ code: 'MAYFLY_TRANSACTION_STATE' })
    expect(error.message).to.contain('insert into t values ($1)').and.not.to.contain('select 2')
    expect(state()).to.equal('none')
    expect(await ids()).to.deep.equal([])

    await driver.beginTransaction(connection, {})
    await run('insert into t values (1)')
    await driver.commitTransaction(connection)
    expect(await ids()).to.deep.equal([1])
  })

  it('a commit that a deferred constraint refuses says so, and stores nothing', async () => {
    const { driver, connection, run } = own
    await driver.beginTransaction(connection, {})
    await run('insert into t values (1)')
    await run('insert into later values (1, 7)')
    const error = await rejection(driver.commitTransaction(connection))
    expect(driver.classifyError!(error)).to.deep.include({ kind: 'foreignKey', table: 'later' })
    expect(state()).to.equal('none')
    expect(await ids()).to.deep.equal([])
  })

  it('T7: a context whose work looked away from a failed statement cannot commit', async () => {
    class Context extends DbContext<{ t: { id: number; parent: number | null } }> {
      readonly t = this.set('t', { key: 'id' })
    }
    await using db = new Context({ dialect: postgres(fixture.url) })
    const insert = (id: number) => db.kysely.insertInto('t').values({ id, parent: null }).execute()
    const error = await rejection(
      db.transaction(async () => {
        await insert(1)
        await insert(1).catch(() => {})
      }),
    )
    expect(error).to.include({ code: 'MAYFLY_TRANSACTION_STATE' })
    expect(error.cause).to.include({ kind: 'unique' })
    expect(await db.t.count()).to.equal(0)
    const after = await rejection(
      db.transaction(async () => {
        await insert(1)
        await insert(1).catch(() => {})
        await db.t.count()
      }),
    )
    expect(after.message).to.contain('An earlier statement').and.contain('a savepoint')
    await db.transaction(async () => {
      await insert(1)
      await db.transaction(() => insert(1)).catch(() => {})
      await insert(2)
    })
    expect(await db.t.count()).to.equal(2)
  })

  it('one that was left open is rolled back before somebody else gets its connection', async () => {
    const dialect = postgres(fixture.url, { max: 1 })
    const db = new Kysely<{ t: { id: number } }>({ dialect })
    await db.connection().execute(async one => {
      await sql`begin`.execute(one)
      await one.insertInto('t').values({ id: 1 }).execute()
    })
    expect(await db.selectFrom('t').selectAll().execute()).to.deep.equal([])
    expect((await sql`select 1 as one`.execute(db)).rows).to.deep.equal([{ one: 1 }])
    await db.destroy()
  })

  it('a deadlock ends one of two transactions, and its connection can be used', async () => {
    await own.run('insert into t values (1, 0), (2, 0)')
    const other = await fixture.connect()
    const both = [own, other]
    for (const [i, { driver, connection, run }] of both.entries()) {
      await driver.beginTransaction(connection, {})
      await run('update t set parent = 1 where id = $1', i + 1)
    }
    const outcomes = await Promise.allSettled([
      own.run('update t set parent = 2 where id = 2'),
      other.run('update t set parent = 2 where id = 1'),
    ])
    const failed = outcomes.findIndex(({ status }) => status === 'rejected')
    const { reason } = outcomes[failed] as PromiseRejectedResult
    expect(own.driver.classifyError!(reason)).to.deep.equal({ kind: 'deadlock' })
    const victim = both[failed]!
    expect(victim.connection.transactionState).to.equal('failed')
    await victim.driver.rollbackTransaction(victim.connection)
    expect(await victim.rows('select 1 as one')).to.deep.equal([{ one: 1 }])
    const winner = both[1 - failed]!
    await winner.driver.commitTransaction(winner.connection)
  })
})
