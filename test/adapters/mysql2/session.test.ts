import { expect } from 'chai'
import { CompiledQuery } from 'kysely'
import mysql2 from 'mysql2'
import type { MayflyDriver, MayflyQuery } from 'mayfly'
import { mysql } from 'mayfly/mysql2'
import { sessionEffectOf } from '../../../adapters/mysql2/telling-words.js'
import { connectTo, idOf, rejection, sentDuring, useDatabase, type Connected } from './fixture.js'

/** Texts that the server runs, and whose change of the session it may keep to itself. */
const CHANGES: readonly (readonly string[])[] = [
  ['set @tenant = 7'],
  ["set time_zone = '+05:00'"],
  ["set sql_mode = 'NO_BACKSLASH_ESCAPES'"],
  ['set session transaction read only'],
  ['set transaction isolation level serializable'],
  ['set autocommit = 0'],
  ['set names latin1'],
  ['select @tenant := 7'],
  ['select 7 into @tenant'],
  ['create temporary table own (id int)'],
  ['use mysql'],
  ["select get_lock('mayfly_session', 0)"],
  ["do get_lock('mayfly_session', 0)"],
  ['lock tables t write'],
  ['flush tables with read lock'],
  ['handler t open'],
  ["prepare own from 'select 1'"],
  ['call change_session()'],
]

describe('mysql sessions', () => {
  const fixture = useDatabase('session')

  before(async function () {
    if (!fixture.url) return
    const { driver, run } = await connectTo(mysql(fixture.url).createDriver())
    await run('create table t (id int primary key auto_increment, v int)')
    await run('create table watched (v int)')
    await run('create trigger watch before insert on watched for each row set @tenant = new.v')
    await run('create procedure change_session() set @tenant = 7')
    await driver.destroy()
  })

  /** A connection that the next user gets, as the gate hands it on. */
  async function passOn({ driver, connection }: Connected): Promise<Connected> {
    if (connection.hasChangedSession || connection.transactionState !== 'none') {
      try {
        await driver.resetConnection!(connection)
      } catch {
        await driver.destroyConnection!(connection)
        return connectTo(driver)
      }
    }
    await driver.releaseConnection(connection)
    return connectTo(driver)
  }

  /** All that a session has of its own; what tells connections apart is left out. */
  async function stateOf({ rows }: Connected): Promise<Record<string, unknown>> {
    const variables: Record<string, unknown> = {}
    for (const { Variable_name: name, Value: value } of await rows('show session variables'))
      if (!/^(?:pseudo_thread_id|rand_seed\d|statement_id|timestamp|gtid_.*)$/.test(name))
        variables[name] = value
    const [state] = await rows(
      'select database() as db, @tenant as tenant, current_role() as role, ' +
        "is_used_lock('mayfly_session') as locked",
    )
    return { ...variables, ...state }
  }

  it('X4: words tell what a statement may leave behind', () => {
    const effects: Record<ReturnType<typeof sessionEffectOf>, string[]> = {
      none: [
        'select * from users where role = ? and note = ?',
        '  (select 1) union (select 2)',
        '/* app=a; b */ select 1',
        '-- set\nselect 1',
        'update users set role = ?, `call` = ?',
        'insert into users (`set`) values (?)',
        "select group_concat(name separator '; ') from users",
        'with n as (select 1) select * from n',
        'create table t (id int)',
        'alter table t add column temporary int',
        'start transaction',
        'begin',
        'rollback to savepoint a',
        'release savepoint a',
        'do 0',
        "select 'user@example.com'",
        'select @@version',
      ],
      resettable: [
        ...CHANGES.flat().filter(text => !/^(flush|prepare)/.test(text)),
        'SET @a = 1',
        '/* a */ set @a = 1',
        '# a\nset @a = 1',
        'select 1; set @a = 1',
        "load data infile 'x' into table t (a, @b)",
        'CREATE OR REPLACE TEMPORARY TABLE t (id int)',
      ],
      lasting: [
        'set role writer',
        'set default role writer to me',
        "prepare own from 'select 1'",
        'execute own',
        "execute immediate 'set role writer'",
        "xa start 'a'",
        'lock instance for backup',
        'backup stage start',
        'begin not atomic set @a = 1; end',
        'select /*!50000 1 */',
        '/*M! set @a = 1 */',
        'something new',
      ],
    }
    for (const [effect, texts] of Object.entries(effects))
      for (const text of texts) expect(sessionEffectOf(text), text).to.equal(effect)
  })

  it('X4: ordinary statements are no change, and cost nothing', async () => {
    const connected = await fixture.connect()
    const { driver, connection, run } = connected
    const ordinary = [
      'insert into t (v) values (1)',
      'select * from t',
      'update t set v = 2',
      'do 0',
      'create table if not exists other (id int)',
      'drop table other',
    ]
    const sent = await sentDuring(async () => {
      for (let i = 0; i < 2; i++) {
        for (const sql of ordinary) await run(sql)
        await driver.beginTransaction(connection, { isolationLevel: 'serializable' })
        await driver.savepoint!(connection, 'a', undefined as never)
        await run('delete from t')
        await driver.rollbackToSavepoint!(connection, 'a', undefined as never)
        await driver.commitTransaction(connection)
        expect(connection.hasChangedSession).to.equal(false)
        expect((await passOn(connected)).connection).to.equal(connection)
      }
    })
    expect(sent).to.have.length(2 * (ordinary.length + 6))
  })

  for (const texts of CHANGES) {
    it(`X4: the next user of a connection does not see: ${texts.join('; ')}`, async () => {
      const connected = await fixture.connect({ connectionLimit: 1 })
      const before = await stateOf(connected)
      for (const text of texts) await connected.run(text)
      expect(connected.connection.hasChangedSession).to.equal(true)
      const next = await passOn(connected)
      expect(next.connection.hasChangedSession).to.equal(false)
      expect(await stateOf(next)).to.deep.equal(before)
      expect((await rejection(next.run('select * from own'))).errno).to.equal(1146)
      // Nothing is locked for others, nor for this one.
      const other = await fixture.connect()
      await other.run('insert into t (v) values (?)', 1)
      await next.run('insert into t (v) values (?)', 2)
      expect((await other.rows("select get_lock('mayfly_session', 0) as got"))[0].got).to.equal(1)
    })
  }

  it('X4: a reset makes a session in all its variables like a new one', async () => {
    const connected = await fixture.connect()
    const id = await idOf(connected)
    await connected.run("set sql_mode = '', names latin1, foreign_key_checks = 0, wait_timeout = 5")
    const next = await passOn(connected)
    expect(await idOf(next)).to.equal(id)
    expect(await stateOf(next)).to.deep.equal(await stateOf(await fixture.connect()))
    const [row] = await next.rows("select 'ä€😀' as text, now() as now, utc_timestamp() as utc")
    expect(row.text).to.equal('ä€😀')
    expect(row.now).to.deep.equal(row.utc)
  })

  it('X4: a statement that was prepared before a reset is prepared again', async () => {
    const connected = await fixture.connect()
    for (let i = 0; i < 3; i++) await connected.run('select v from t where id = ?', 1)
    await connected.run('set @a = 1')
    const next = await passOn(connected)
    expect(next.connection).to.equal(connected.connection)
    for (let i = 0; i < 3; i++)
      expect(await next.rows('select ? as v', i)).to.deep.equal([{ v: i }])
    await next.run('select v from t where id = ?', 1)
  })

  it('U12: a statement that was prepared before `use` asks the database of now', async () => {
    const { run, connection } = await fixture.connect()
    const asked: MayflyQuery = { ...CompiledQuery.raw('select database() as db'), ours: true }
    const answer = async () => (await connection.executeQuery(asked)).rows
    for (let i = 0; i < 3; i++)
      expect(await answer()).to.deep.equal([{ db: new URL(fixture.url).pathname.slice(1) }])
    await run('use mysql')
    expect(await answer()).to.deep.equal([{ db: 'mysql' }])
  })

  it('X4: what failed, was rolled back or was streamed counts as well', async () => {
    const failed = await fixture.connect()
    await rejection(failed.run('set @a = 1, @b = (select 1 union select 2)'))
    expect(failed.connection.hasChangedSession).to.equal(true)

    const rolledBack = await fixture.connect()
    await rolledBack.driver.beginTransaction(rolledBack.connection, {})
    await rolledBack.run('create temporary table own (id int)')
    await rolledBack.driver.rollbackTransaction(rolledBack.connection)
    expect(rolledBack.connection.hasChangedSession).to.equal(true)

    const streamed = await fixture.connect()
    const stream = streamed.connection.streamQuery<object>(
      { sql: 'select @a := 1', parameters: [] } as never,
      1,
    )
    for await (const { rows } of stream) expect(rows).to.have.length(1)
    expect(streamed.connection.hasChangedSession).to.equal(true)
  })

  it('X4: what a trigger did is reported by the server', async () => {
    const connected = await fixture.connect()
    await connected.run('insert into watched values (7)')
    expect(await connected.rows('select @tenant as tenant')).to.deep.equal([{ tenant: 7 }])
    expect(connected.connection.hasChangedSession).to.equal(true)
    const { rows } = await passOn(connected)
    expect(await rows('select @tenant as tenant')).to.deep.equal([{ tenant: null }])
  })

  it('X4: a role, which no reset takes back, closes the connection', async () => {
    const admin = await fixture.connect()
    const user = `roles_${process.pid}`
    await admin.run(`create role ${user}_r`)
    await admin.run(`create user ${user}@'%'`)
    try {
      await admin.run(`grant ${user}_r to ${user}@'%'`)
      await admin.run(`grant all on *.* to ${user}@'%'`)
      const url = new URL(fixture.url)
      url.username = user
      const connected = await connectTo(mysql(url).createDriver())
      await connected.run(`set role ${user}_r`)
      const next = await passOn(connected)
      expect(next.connection).not.to.equal(connected.connection)
      expect((await next.rows('select current_role() as role'))[0].role).to.be.oneOf([null, 'NONE'])
      await next.driver.destroy()
    } finally {
      await admin.run(`drop user ${user}@'%'`)
      await admin.run(`drop role ${user}_r`)
    }
  })

  it('X4: a server with an init_connect, which no reset runs again, has its connection closed', async () => {
    const admin = await fixture.connect()
    const user = `init_${process.pid}`
    await admin.run(`create user ${user}@'%'`)
    await admin.run("set global init_connect = 'set @tenant = 1'")
    try {
      await admin.run(`grant select on *.* to ${user}@'%'`)
      const url = new URL(fixture.url)
      url.username = user
      const connected = await connectTo(mysql(url).createDriver())
      await connected.run('set @tenant = 7')
      const next = await passOn(connected)
      expect(await next.rows('select @tenant as tenant')).to.deep.equal([{ tenant: 1 }])
      await next.driver.destroy()
    } finally {
      await admin.run("set global init_connect = ''")
      await admin.run(`drop user ${user}@'%'`)
    }
  })

  it('X4: without a gate, too, a changed connection goes back clean', async () => {
    const { driver, connection, run } = await fixture.connect({ connectionLimit: 1 })
    await run('set @tenant = 7')
    await driver.releaseConnection(connection)
    const next = await connectTo(driver)
    expect(next.connection).to.equal(connection)
    expect(await next.rows('select @tenant as tenant')).to.deep.equal([{ tenant: null }])
  })

  it("X4: resetOnRelease resets each connection, and Mayfly's own settings stay", async () => {
    const connected = await fixture.connect({ resetOnRelease: true, connectionLimit: 1 })
    const sent = await sentDuring(async () => {
      for (let i = 0; i < 2; i++) {
        expect((await connected.rows('select @@time_zone as zone'))[0].zone).to.equal('+00:00')
        await passOn(connected)
      }
    })
    expect(sent.filter(text => text.includes("time_zone = '+00:00'"))).to.have.length(2)
  })

  describe('of a pool of the caller', () => {
    let pool: mysql2.Pool
    let driver: MayflyDriver
    const use = async (options: mysql2.PoolOptions): Promise<Connected> => {
      pool = mysql2.createPool({ uri: fixture.url, timezone: 'Z', connectionLimit: 1, ...options })
      driver = mysql(pool).createDriver()
      return connectTo(driver)
    }
    afterEach(async () => {
      await new Promise(resolve => pool.end(resolve))
    })

    it('X4: that were changed are closed, never reset', async () => {
      const connected = await use({})
      await connected.run('set @tenant = 7')
      await rejection(driver.resetConnection!(connected.connection))
      const next = await passOn(connected)
      expect(next.connection).not.to.equal(connected.connection)
      expect(await next.rows('select @tenant as tenant')).to.deep.equal([{ tenant: null }])
    })

    it('X4: report changes also after mysql2 has reset them', async () => {
      const connected = await use({ resetOnRelease: true })
      await driver.releaseConnection(connected.connection)
      const next = await connectTo(driver)
      await next.run('insert into watched values (7)')
      expect(next.connection.hasChangedSession).to.equal(true)
    })
  })
})
