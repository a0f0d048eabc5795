import { inspect } from 'node:util'
import { expect } from 'chai'
import { DbContext } from 'mayfly'
import { postgres } from 'mayfly/postgres'
import { classify } from '../../../adapters/postgres/failure.js'
import { connected, idOf, isRunning, rejection, useDatabase, type Connected } from './fixture.js'

describe('postgres failures', () => {
  const fixture = useDatabase('fail')
  let own: Connected

  before(async () => {
    const { run, driver } = await fixture.connect()
    await run(`create table parents (id integer primary key, name varchar(5) not null unique,
      age integer constraint grown check (age >= 0))`)
    await run('create table children (id integer primary key, parent integer references parents)')
    await run("insert into parents values (1, 'Ada', 36)")
    await run('insert into children values (1, 1)')
    await driver.destroy()
  })
  beforeEach(async () => {
    own = await fixture.connect()
  })

  const kindOf = (error: unknown) => own.driver.classifyError!(error)

  const KINDS: readonly (readonly [sql: string, failure: object])[] = [
    [
      "insert into parents values (2, 'Ada', 1)",
      {
        kind: 'unique',
        detail: 'parents_name_key',
        table: 'parents',
        constraint: 'parents_name_key',
      },
    ],
    [
      'insert into children values (2, 7)',
      {
        kind: 'foreignKey',
        detail: 'children_parent_fkey',
        table: 'children',
        constraint: 'children_parent_fkey',
      },
    ],
    [
      'insert into parents values (2, null, 1)',
      { kind: 'notNull', detail: 'name', table: 'parents', column: 'name' },
    ],
    [
      "insert into parents values (2, 'Bob', -1)",
      { kind: 'check', detail: 'grown', table: 'parents', constraint: 'grown' },
    ],
    ['select * from nowhere', { kind: 'unknownTable', detail: 'nowhere' }],
    ['select nothing from parents', { kind: 'unknownColumn', detail: 'nothing' }],
    ['select parents.nothing from parents', { kind: 'unknownColumn', detail: 'parents.nothing' }],
    ['selec 1', { kind: 'syntax', detail: 'character 1' }],
    ["insert into parents values (2, 'too long', 1)", { kind: 'value' }],
    ["select 'x'::int", { kind: 'value' }],
    ["select '2024-13-01'::date", { kind: 'value' }],
    ['select 99999999999::int4', { kind: 'value' }],
    ['select pg_terminate_backend(0), pg_read_file(null), 1/0', { kind: 'value' }],
    ["do $$ begin raise sqlstate '40001'; end $$", { kind: 'serialization' }],
    ["do $$ begin raise sqlstate 'P0001'; end $$", { kind: 'other' }],
  ]
  for (const [sql, failure] of KINDS) {
    it(`are sorted: ${sql}`, async () => {
      const error = await rejection(own.run(sql))
      expect(kindOf(error)).to.deep.equal(failure)
      expect(await own.rows('select 1 as one')).to.deep.equal([{ one: 1 }])
    })
  }

  it('a lock, a time and a cancelled statement', async () => {
    const other = await fixture.connect()
    await other.driver.beginTransaction(other.connection, {})
    await other.run('select * from parents for update')
    const noWait = await rejection(own.run('select * from parents for update nowait'))
    expect(kindOf(noWait)).to.deep.equal({ kind: 'lockTimeout' })
    await own.run("set lock_timeout = '10ms'")
    const waited = await rejection(own.run('select * from parents for update'))
    expect(kindOf(waited)).to.deep.equal({ kind: 'lockTimeout' })
    await own.run("set statement_timeout = '10ms'")
    expect(kindOf(await rejection(own.run('select pg_sleep(60)')))).to.deep.equal({
      kind: 'timeout',
    })
    await own.run('reset all')
    // Inside a transaction the server's statistics stand still.
    await other.driver.rollbackTransaction(other.connection)
    const id = await idOf(own)
    const running = rejection(own.run('select pg_sleep(60)'))
    await isRunning(other, id)
    await other.run('select pg_cancel_backend($1)', id)
    expect(kindOf(await running)).to.deep.equal({ kind: 'cancelled' })
  })

  it('a context tells table, column and constraint, and never a value', async () => {
    class Context extends DbContext<{ parents: { id: number; name: string; age: number } }> {}
    await using db = new Context({ dialect: postgres(fixture.url) })
    const insert = (name: string | null) =>
      db.kysely.insertInto('parents').values({ id: 2, name: name!, age: 1 }).execute()
    const unique = await rejection(insert('Ada'))
    expect(unique).to.include({
      code: 'MAYFLY_DATABASE',
      kind: 'unique',
      table: 'parents',
      constraint: 'parents_name_key',
    })
    expect(unique.message).to.contain('parents_name_key').and.contain('23505')
    expect(unique.message).not.to.contain('Ada')
    const { cause } = unique as { cause: { detail: string } }
    expect(cause.detail).to.contain('Ada')
    expect(inspect(unique)).not.to.contain('Ada')
    expect(await rejection(insert(null))).to.include({ kind: 'notNull', column: 'name' })
    const long = await rejection(insert('secret word'))
    expect(long).to.include({ kind: 'value' })
    expect(long.message).not.to.contain('secret')
  })

  it('while connecting', async () => {
    const failure = async (change: (url: URL) => void) => {
      const url = new URL(fixture.url)
      change(url)
      const driver = postgres(url).createDriver()
      const error = await rejection(driver.acquireConnection())
      await driver.destroy()
      return driver.classifyError!(error)
    }
    const { port } = new URL(fixture.url)
    expect(await failure(url => (url.pathname = '/no_such_shop'))).to.deep.equal({
      kind: 'unknownDatabase',
      detail: 'no_such_shop',
    })
    expect(await failure(url => (url.username = 'nobody_here'))).to.deep.include({
      kind: 'accessDenied',
    })
    expect(await failure(url => (url.port = '1'))).to.deep.equal({
      kind: 'connectionRefused',
      detail: '127.0.0.1:1',
    })
    const plain = await failure(url => url.searchParams.set('sslmode', 'require'))
    expect(plain).to.include({ kind: 'connectionRefused', detail: `127.0.0.1:${port}` })
    const unsaid = new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string')
    expect(classify(unsaid, 'h:1')).to.include({ kind: 'accessDenied' })
    expect(classify(unsaid, 'h:1')?.advice).to.contain('was given none')
    expect(plain?.advice).to.contain('has no TLS').and.contain('sslmode=disable')
  })

  it('T6: a connection that the server ends under a statement is lost, and the pool goes on', async () => {
    const admin = await fixture.connect()
    const one = await fixture.connect({ max: 1 })
    const id = await idOf(one)
    await one.driver.beginTransaction(one.connection, {})
    const running = rejection(one.run('select pg_sleep(60)'))
    await isRunning(admin, id)
    await admin.run('select pg_terminate_backend($1)', id)
    expect(kindOf(await running)).to.deep.equal({ kind: 'connectionLost' })
    expect(kindOf(await rejection(one.run('select 1')))).to.deep.equal({ kind: 'connectionLost' })
    await one.driver.releaseConnection(one.connection)
    const next = connected(one.driver, await one.driver.acquireConnection())
    expect(await next.rows('select 1 as one')).to.deep.equal([{ one: 1 }])
  })

  it('X4: a server that writes no more gives its connection to nobody, unless it was asked not to write', async () => {
    const one = await fixture.connect({ max: 1 })
    const id = await idOf(one)
    await one.driver.beginTransaction(one.connection, { accessMode: 'read only' })
    await rejection(one.run('delete from children'))
    await one.driver.rollbackTransaction(one.connection)
    await one.driver.releaseConnection(one.connection)
    const same = connected(one.driver, await one.driver.acquireConnection())
    expect(await idOf(same)).to.equal(id)
    await same.driver.beginTransaction(same.connection, {})
    await same.run('set transaction read only')
    await rejection(same.run('delete from children'))
    await same.driver.rollbackTransaction(same.connection)
    await same.driver.releaseConnection(same.connection)
    const other = connected(one.driver, await one.driver.acquireConnection())
    expect(await idOf(other)).not.to.equal(id)
  })
})
