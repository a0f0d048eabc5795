import { expect } from 'chai'
import { postgres } from 'mayfly/postgres'
import { Pool } from 'pg'
import { sessionEffectOf } from '../../../adapters/postgres/telling-words.js'
import { connected, idOf, rejection, useDatabase } from './fixture.js'

describe('what a text of PostgreSQL may leave in its session', () => {
  const EFFECTS = {
    none: [
      'select * from t where a = $1',
      '(select 1) union (select 2)',
      '-- set\n /* set */ insert into t values (1)',
      'with x as (select 1) select * from x',
      'set local app.tenant = 7',
      'set constraints all deferred',
      'set transaction isolation level serializable',
      "select 'a; b'",
      'select pg_advisory_xact_lock(1)',
      'create table temporary_things (a int)',
      'update t set offset_listen = 1',
      '',
    ],
    resettable: [
      "set app.tenant = '7'",
      'RESET ALL',
      "select set_config('app.tenant', $1, false)",
      'select pg_advisory_lock(1)',
      'select pg_try_advisory_lock_shared (1, 2)',
      'create temp table own (a int)',
      'create local temporary view own as select 1',
      'create or replace temporary view own as select 1',
      'select 1 into temp own',
      'create table pg_temp.own (a int)',
      'listen news',
      'declare c cursor with hold for select 1',
      'do $$ begin end $$',
      'call p()',
      'select setseed(0.5)',
      'select 1; set a.b = 1',
    ],
    lasting: [
      "load 'auto_explain'",
      'prepare own as select 1',
      'execute own',
      'deallocate all',
      "select dblink_connect('x')",
      'somethingnew 1',
    ],
  } as const
  for (const [effect, texts] of Object.entries(EFFECTS))
    for (const text of texts)
      it(`X4: ${effect}: ${text}`, () => expect(sessionEffectOf(text)).to.equal(effect))
})

describe('postgres sessions', () => {
  const fixture = useDatabase('session')

  it('are UTC, and stay so', async () => {
    const { connection, driver, rows, run } = await fixture.connect({ max: 1 })
    const zone = async () => (await rows("select current_setting('TimeZone') as zone"))[0].zone
    expect(await zone()).to.equal('UTC')
    await run("set time zone 'Asia/Kolkata'")
    await driver.resetConnection!(connection)
    expect(await zone()).to.equal('UTC')
    const other = await fixture.connect({ options: '-c timezone=Asia/Tokyo' })
    const [told] = await other.rows("select current_setting('TimeZone') as zone")
    expect(told).to.deep.equal({ zone: 'Asia/Tokyo' })
  })

  it('X4: a reset keeps what is prepared, and takes a transaction back', async () => {
    const { connection, driver, rows, run } = await fixture.connect({ max: 1, prepare: 'always' })
    await run('create table kept (a int)')
    await rows('select $1::int as n', 1)
    await driver.beginTransaction(connection, {})
    await run('insert into kept values ($1)', 1)
    await run("set search_path = 'pg_catalog'")
    await driver.resetConnection!(connection)
    expect(connection.transactionState).to.equal('none')
    expect(connection.hasChangedSession).to.equal(false)
    expect(await rows('select a from kept')).to.deep.equal([])
    const names = await rows("select 1 from pg_prepared_statements where name like 'mayfly%'")
    expect(names).to.have.length(2)
  })

  it('X4: what a function has changed is told by the server, where it tells it', async () => {
    const { connection, rows } = await fixture.connect()
    const other = await fixture.connect()
    await other.run(
      "create function hidden() returns void language sql as $$ select set_config('TimeZone', 'Asia/Tokyo', false) $$",
    )
    expect(connection.hasChangedSession).to.equal(false)
    await rows('select hidden()')
    expect(connection.hasChangedSession).to.equal(true)
  })

  it('X4: ordinary statements are no change', async () => {
    const { connection, driver, run } = await fixture.connect()
    await driver.beginTransaction(connection, { isolationLevel: 'repeatable read' })
    await run('create table ordinary (a int)')
    await run('set local statement_timeout = 1000')
    await run('select * from ordinary for update')
    await driver.commitTransaction(connection)
    await rejection(run('select nothing'))
    expect(connection.hasChangedSession).to.equal(false)
  })

  it('X4: that are lasting cannot be reset, so their connection is closed', async () => {
    const own = await fixture.connect({ max: 1 })
    const id = await idOf(own)
    await own.run('prepare own as select 1')
    expect(await rejection(own.driver.resetConnection!(own.connection))).to.include({
      code: 'MAYFLY_TRANSACTION_STATE',
    })
    await own.driver.releaseConnection(own.connection)
    const next = connected(own.driver, await own.driver.acquireConnection())
    expect(await idOf(next)).not.to.equal(id)
  })

  it('X4: of a pool of the caller that were changed are closed, never reset', async () => {
    const pool = new Pool({ connectionString: fixture.url, max: 1 })
    pool.on('connect', client => void client.query("set application_name = 'theirs'"))
    const driver = postgres(pool).createDriver()
    const take = async () => connected(driver, await driver.acquireConnection())
    const first = await take()
    const id = await idOf(first)
    await driver.releaseConnection(first.connection)
    const second = await take()
    expect(await idOf(second)).to.equal(id)
    await second.run("set application_name = 'changed'")
    await driver.releaseConnection(second.connection)
    const third = await take()
    expect(await idOf(third)).not.to.equal(id)
    expect(await third.rows("select current_setting('application_name') as name")).to.deep.equal([
      { name: 'theirs' },
    ])
    await driver.releaseConnection(third.connection)
    await driver.destroy()
    expect(pool.ended).to.equal(false)
    await pool.end()
  })
})
