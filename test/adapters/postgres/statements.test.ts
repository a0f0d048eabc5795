import { expect } from 'chai'
import { sql } from 'kysely'
import pg from 'pg'
import { DbContext, type MayflyConnection, type MayflyQuery } from 'mayfly'
import { postgres, type PostgresOptions } from 'mayfly/postgres'
import type { PostgresConnection } from '../../../adapters/postgres/connection.js'
import { connected, rejection, useDatabase, type Connected } from './fixture.js'

class Context extends DbContext<{ t: { id: number; name: string | null } }> {
  readonly t = this.set('t', { key: 'id' })
}

/** A statement as the sets of a context make them. */
function ours(connection: MayflyConnection, text: string, ...parameters: unknown[]) {
  return connection.executeQuery<any>({
    sql: text,
    parameters,
    query: undefined as never,
    queryId: undefined as never,
    ours: true,
  } as MayflyQuery)
}

/** How many statements the server knows by a name that Mayfly gave. */
async function prepared({ rows }: Pick<Connected, 'rows'>): Promise<string[]> {
  const text = "select statement from pg_prepared_statements where name <> '' order by name"
  return (await rows(text)).map(({ statement }) => statement)
}

describe('postgres statements', () => {
  const fixture = useDatabase('stmt')

  before(async () => {
    const { run, driver } = await fixture.connect()
    await run('create table t (id integer primary key, name text)')
    await run("insert into t values (1, 'Ada'), (2, null)")
    await driver.destroy()
  })

  /** What a context of one connection has prepared after a statement of each kind, several times. */
  async function preparedBy(options: PostgresOptions): Promise<string[]> {
    const dialect = postgres(fixture.url, { max: 1, ...options })
    await using db = new Context({ dialect })
    for (let i = 0; i < 3; i++) {
      await db.t.where('id', '=', i).toList()
      await db.kysely.selectFrom('t').select('id').where('name', '=', 'Ada').execute()
      await sql`select 1`.execute(db.kysely)
    }
    const { rows } = await sql<{ statement: string }>`
      select statement from pg_prepared_statements where name like 'mayfly%'`.execute(db.kysely)
    return rows.map(({ statement }) => statement).toSorted()
  }

  it("U12: those of sets are prepared, and what a user made is not, with prepare: 'ours'", async () => {
    const own = 'select "t".* from "t" where "id" = $1'
    expect(await preparedBy({})).to.deep.equal([own])
    expect(await preparedBy({ prepare: 'ours' })).to.deep.equal([own])
    expect(await preparedBy({ prepare: 'never' })).to.deep.equal([])
    expect(await preparedBy({ prepare: 'always' })).to.deep.equal([
      'select "id" from "t" where "name" = $1',
      own,
    ])
  })

  it('a connection keeps 256 prepared at most, those that were used last', async () => {
    const own = await fixture.connect()
    const text = (i: number) => `select ${i} + $1::int as n`
    for (let i = 0; i < 300; i++) {
      expect((await ours(own.connection, text(i), 1)).rows).to.deep.equal([{ n: i + 1 }])
      await ours(own.connection, text(0), 1)
    }
    const known = await prepared(own)
    expect(known).to.have.length(256)
    expect(known).to.include(text(0)).and.include(text(299)).and.not.include(text(1))
    expect((await ours(own.connection, text(1), 1)).rows).to.deep.equal([{ n: 2 }])
    expect(own.connection.hasChangedSession).to.equal(false)
  })

  it('one whose table has changed is prepared anew, but in a transaction, which has failed by then', async () => {
    const { connection, driver, run, rows } = await fixture.connect()
    await run('create table changing (a integer)')
    await run('insert into changing values (7)')
    const all = () => ours(connection, 'select changing.* from changing where a > $1', 0)
    expect((await all()).rows).to.deep.equal([{ a: 7 }])
    await run('alter table changing add column b text')
    expect((await all()).rows).to.deep.equal([{ a: 7, b: null }])
    await run('alter table changing add column c text')
    await driver.beginTransaction(connection, {})
    expect(await rejection(all())).to.include({ code: '0A000' })
    expect(connection.transactionState).to.equal('failed')
    await driver.rollbackTransaction(connection)
    expect((await all()).rows).to.deep.equal([{ a: 7, b: null, c: null }])
    await run('deallocate all')
    expect((await all()).rows).to.deep.equal([{ a: 7, b: null, c: null }])
    expect(await rows('select 1 as one')).to.deep.equal([{ one: 1 }])
  })

  it('U12: one that failed in a transaction is prepared anew in the next one, whatever ran between', async () => {
    const { connection, driver, run } = await fixture.connect()
    await run('create table renewed (a integer)')
    const all = () => ours(connection, 'select renewed.* from renewed where a > $1', 0)
    await all()
    await run('alter table renewed add column b text')
    await driver.beginTransaction(connection, {})
    expect(await rejection(all())).to.include({ code: '0A000' })
    await driver.rollbackTransaction(connection)
    await run('select 1')
    await driver.beginTransaction(connection, {})
    expect((await all()).rows).to.deep.equal([])
    await driver.rollbackTransaction(connection)
  })

  it('U12: one that the server was told to forget is prepared anew, in a transaction, too', async () => {
    const { connection, driver, run } = await fixture.connect()
    const one = () => ours(connection, 'select $1::int as one', 1)
    for (const forget of ['discard all', 'deallocate all']) {
      await one()
      await run(forget)
      await driver.beginTransaction(connection, {})
      expect((await one()).rows).to.deep.equal([{ one: 1 }])
      await driver.rollbackTransaction(connection)
    }
  })

  it('a statement that cannot be prepared is an error each time, and leaves nothing behind', async () => {
    const own = await fixture.connect()
    for (let i = 0; i < 3; i++)
      expect(await rejection(ours(own.connection, 'select $1 from nowhere', 1))).to.include({
        code: '42P01',
      })
    expect(await prepared(own)).to.deep.equal([])
    expect(await own.rows('select 1 as one')).to.deep.equal([{ one: 1 }])
  })

  it('the columns of one that is prepared are described once, those of others each time', async () => {
    const { connection, run } = await fixture.connect()
    let descriptions = 0
    const { raw } = connection as PostgresConnection
    raw.connection.on('rowDescription', () => descriptions++)
    const byId = 'select id, name from t where id = $1'
    for (const [id, row] of [
      [1, { id: 1, name: 'Ada' }],
      [2, { id: 2, name: null }],
      [1, { id: 1, name: 'Ada' }],
    ] as const)
      expect((await ours(connection, byId, id)).rows).to.deep.equal([row])
    expect(descriptions).to.equal(1)
    for (let i = 0; i < 3; i++)
      expect(await ours(connection, 'update t set name = name where id = $1', 1)).to.deep.equal({
        rows: [],
        numAffectedRows: 1n,
      })
    for (let i = 0; i < 2; i++) await run(byId, 1)
    expect(descriptions).to.equal(3)
  })

  it("U12: a prepared text that a set and a user share is read for each in the one's own way", async () => {
    const pool = new pg.Pool({ connectionString: fixture.url, max: 1 })
    pool.on('connect', client => client.setTypeParser(pg.types.builtins.INT8, BigInt))
    const driver = postgres(pool, { prepare: 'always' }).createDriver()
    const { connection, run } = connected(driver, await driver.acquireConnection())
    try {
      const text = 'select 7::int8 as n from t where id = $1'
      for (let i = 0; i < 2; i++) {
        expect((await ours(connection, text, 1)).rows).to.deep.equal([{ n: '7' }])
        expect((await run(text, 1)).rows).to.deep.equal([{ n: 7n }])
      }
    } finally {
      await driver.releaseConnection(connection)
      await driver.destroy()
      await pool.end()
    }
  })

  it('two drivers that share a pool do not meet in the names of their statements', async () => {
    const pool = new pg.Pool({ connectionString: fixture.url, max: 1 })
    try {
      await using one = new Context({ dialect: postgres(pool) })
      await using other = new Context({ dialect: postgres(pool) })
      expect(await one.t.find(2)).to.deep.equal({ id: 2, name: null })
      expect(await other.t.where('name', '=', 'Ada').count()).to.equal(1)
      expect(await one.t.where('name', '=', 'Ada').count()).to.equal(1)
      expect(await other.t.find(2)).to.deep.equal({ id: 2, name: null })
    } finally {
      await pool.end()
    }
  })

  it('one that waits for data from here, or whose values cannot be read, fails and takes nothing with it', async () => {
    const pool = new pg.Pool({ connectionString: fixture.url, max: 1 })
    pool.on('connect', client =>
      client.setTypeParser(600 as never, () => {
        throw new Error('no point')
      }),
    )
    const driver = postgres(pool).createDriver()
    const { connection, run, rows } = connected(driver, await driver.acquireConnection())
    try {
      expect(await rejection(run('copy t from stdin'))).to.include({ code: '57014' })
      for (let i = 0; i < 2; i++)
        expect(
          await rejection(ours(connection, 'select point(id, 0) from t where id < $1', 3)),
        ).to.include({ message: 'no point' })
      expect(await rows('select 1 as a, 2 as a, $1 as "__proto__"', 'x')).to.deep.equal([
        JSON.parse('{ "a": 2, "__proto__": "x" }'),
      ])
    } finally {
      await driver.releaseConnection(connection)
      await driver.destroy()
      await pool.end()
    }
  })

  it("results have the shape of Kysely's own dialect", async () => {
    const { run } = await fixture.connect()
    expect(await run('select id from t where id = $1', 1)).to.deep.equal({ rows: [{ id: 1 }] })
    expect(await run('update t set name = name')).to.deep.equal({ rows: [], numAffectedRows: 2n })
    expect(await run("insert into t values (3, 'x') returning id")).to.deep.equal({
      rows: [{ id: 3 }],
      numAffectedRows: 1n,
    })
    expect(await run('delete from t where id = 3')).to.deep.equal({ rows: [], numAffectedRows: 1n })
    expect(await run('begin')).to.deep.equal({ rows: [] })
    expect(await run('commit')).to.deep.equal({ rows: [{ command: 'COMMIT' }] })
    expect(await run('select 1; select 2')).to.deep.equal({ rows: [] })
    expect(await run('')).to.deep.equal({ rows: [] })
  })

  it('several at once on one connection are answered in order, each with its own error', async () => {
    const { run, rows } = await fixture.connect()
    const all = await Promise.allSettled([
      run('select 1 as n'),
      run('select nothing'),
      run('select 1 / $1::int', 0),
      rows('select 4 as n'),
    ])
    expect(all.map(({ status }) => status)).to.deep.equal([
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
    ])
    expect(all.slice(1, 3).map(one => (one as PromiseRejectedResult).reason.code)).to.deep.equal([
      '42703',
      '22012',
    ])
  })
})
