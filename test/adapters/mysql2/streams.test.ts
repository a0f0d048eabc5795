import type { Socket } from 'node:net'
import { expect } from 'chai'
import { CompiledQuery } from 'kysely'
import mysql2 from 'mysql2'
import { mysql } from 'mayfly/mysql2'
import { connectTo, idOf, rejection, useDatabase, type Connected } from './fixture.js'

const ROWS = 50_000

describe('mysql streams', () => {
  const fixture = useDatabase('stream')

  before(async function () {
    if (!fixture.url) return
    const { driver, run } = await fixture.connect()
    const digits =
      '(select 0 d union select 1 union select 2 union select 3 union select 4 union select 5 union select 6 union select 7 union select 8 union select 9)'
    await run('create table numbers (id int primary key, filler varchar(200))')
    await run(
      `insert into numbers select a.d + 10 * b.d + 100 * c.d + 1000 * d.d + 10000 * e.d, repeat('x', 200) from
       ${digits} a, ${digits} b, ${digits} c, ${digits} d, (select 0 d union select 1 union select 2 union select 3 union select 4) e`,
    )
    await driver.destroy()
  })

  const stream = (
    { connection }: Connected,
    sql: string,
    chunkSize: number,
    ...parameters: unknown[]
  ) => connection.streamQuery<any>(CompiledQuery.raw(sql, parameters), chunkSize)

  /**
   * Whether the server still knows a connection. It hears of a closed socket only by and by, so it
   * is asked until it does not.
   */
  async function gone(id: number): Promise<true> {
    const observer = await fixture.connect()
    for (;;) {
      const found = await observer.rows(
        'select id from information_schema.processlist where id = ?',
        id,
      )
      if (found.length === 0) return true
    }
  }

  it('bring all rows, in chunks of the size that was asked for', async () => {
    const connected = await fixture.connect()
    const sizes: number[] = []
    let next = 0
    for await (const { rows } of stream(
      connected,
      'select id from numbers where id < ? order by id',
      400,
      1000,
    )) {
      sizes.push(rows.length)
      for (const { id } of rows) expect(id).to.equal(next++)
    }
    expect(sizes).to.deep.equal([400, 400, 200])
  })

  it('bring the same values as a query', async () => {
    const connected = await fixture.connect()
    const sql =
      "select 98.44881867851753e0 as d, cast(1.1 as float) as f, date'2024-01-02' as day, 9007199254740993 as big"
    const [expected] = await connected.rows(sql)
    for await (const { rows } of stream(connected, sql, 10)) expect(rows).to.deep.equal([expected])
  })

  it('leave the connection as good as it was', async () => {
    const connected = await fixture.connect({ connectionLimit: 1 })
    for await (const _ of stream(connected, 'select id from numbers', 1000)) continue
    const id = await idOf(connected)
    await connected.driver.releaseConnection(connected.connection)
    expect(await connected.driver.acquireConnection()).to.equal(connected.connection)
    expect(await idOf(connected)).to.equal(id)
  })

  it('read no faster than the rows are taken', async () => {
    const pool = mysql2.createPool(`${fixture.url}?timezone=Z`)
    const sockets: Socket[] = []
    pool.on('connection', raw => sockets.push((raw as unknown as { stream: Socket }).stream))
    const connected = await connectTo(mysql(pool).createDriver())
    const rows = stream(connected, 'select id, filler from numbers', 10)
    await rows.next()
    await (await fixture.connect()).rows('select sleep(0.2)')
    expect(sockets[0]!.bytesRead).to.be.below(2_000_000)
    await rows.return!()
    await new Promise(resolve => pool.end(resolve))
  })

  it('that end early outside of a transaction take their connection with them', async () => {
    const connected = await fixture.connect({ connectionLimit: 1 })
    const { driver, connection } = connected
    const id = await idOf(connected)
    for await (const { rows } of stream(connected, 'select id, filler from numbers', 10)) {
      expect(rows).to.have.length(10)
      break
    }
    await driver.releaseConnection(connection)
    const next = await driver.acquireConnection()
    expect(next).not.to.equal(connection)
    await driver.releaseConnection(next)
    expect(await gone(id)).to.equal(true)
  })

  it('that end early inside a transaction leave it as it is', async () => {
    const connected = await fixture.connect()
    const { driver, connection, run, rows } = connected
    await run('create table kept (id int) engine = innodb')
    await driver.beginTransaction(connection, {})
    await run('insert into kept values (1)')
    for await (const chunk of stream(connected, 'select id, filler from numbers', 10)) {
      expect(chunk.rows).to.have.length(10)
      break
    }
    expect(connection.transactionState).to.equal('open')
    await run('insert into kept values (2)')
    await driver.commitTransaction(connection)
    expect(await rows('select id from kept order by id')).to.deep.equal([{ id: 1 }, { id: 2 }])
  })

  it('that end early inside a transaction may fail behind our back', async () => {
    const connected = await fixture.connect()
    const { driver, connection, rows } = connected
    await driver.beginTransaction(connection, {})
    const sql =
      'select id, filler, if(id < 20000, 1, (select 1 union select 2)) as v from numbers order by id'
    for await (const chunk of stream(connected, sql, 10)) {
      expect(chunk.rows).to.have.length(10)
      break
    }
    expect(connection.transactionState).to.equal('open')
    expect(await rows('select 1 as one')).to.deep.equal([{ one: 1 }])
    await driver.rollbackTransaction(connection)
  })

  it('that end early when all rows have arrived cost nothing', async () => {
    const connected = await fixture.connect()
    const id = await idOf(connected)
    const rows = stream(connected, 'select id from numbers where id < 3 order by id', 1)
    for (const expected of [0, 1, 2])
      expect((await rows.next()).value.rows).to.deep.equal([{ id: expected }])
    await rows.next()
    expect(await idOf(connected)).to.equal(id)
  })

  it('of a statement that is wrong reject, and the connection goes on', async () => {
    const connected = await fixture.connect()
    const error = await rejection(stream(connected, 'select * from nowhere', 10).next())
    expect(connected.driver.classifyError!(error)).to.have.property('kind', 'unknownTable')
    expect(await connected.rows('select 1 as one')).to.deep.equal([{ one: 1 }])
  })

  it('whose error comes late reject after the rows before it', async () => {
    const connected = await fixture.connect()
    const seen: unknown[] = []
    const error = await rejection(
      (async () => {
        const sql =
          'select id, if(id < 2000, 1, (select 1 union select 2)) as v from numbers order by id'
        for await (const { rows } of stream(connected, sql, 100)) seen.push(...rows)
      })(),
    )
    expect(connected.driver.classifyError!(error)).to.deep.equal({ kind: 'other' })
    expect(seen.length).to.be.below(ROWS)
    expect(await connected.rows('select 1 as one')).to.deep.equal([{ one: 1 }])
  })

  it('whose connection is lost reject', async () => {
    const connected = await fixture.connect()
    const killer = await fixture.connect()
    const id = await idOf(connected)
    const error = await rejection(
      (async () => {
        for await (const _ of stream(connected, 'select id, filler from numbers', 10)) {
          await killer.run(`kill ${id}`).catch(() => {})
        }
      })(),
    )
    expect(connected.driver.classifyError!(error)).to.deep.equal({ kind: 'connectionLost' })
  })

  it('whose connection is destroyed reject at once', async () => {
    const connected = await fixture.connect()
    const rows = stream(connected, 'select sleep(5)', 10)
    const next = rejection(rows.next())
    await connected.driver.destroyConnection!(connected.connection)
    expect(connected.driver.classifyError!(await next)).to.deep.equal({ kind: 'connectionLost' })
  })

  it('on a connection that is gone reject', async () => {
    const connected = await fixture.connect()
    await connected.driver.destroyConnection!(connected.connection)
    const error = await rejection(stream(connected, 'select 1', 10).next())
    expect(connected.driver.classifyError!(error)).to.deep.equal({ kind: 'connectionLost' })
  })

  it('of a statement without rows bring none, and are noticed', async () => {
    const connected = await fixture.connect()
    for await (const _ of stream(connected, 'start transaction', 10))
      expect.fail('There are no rows.')
    expect(connected.connection.transactionState).to.equal('open')
    await connected.run('rollback')
  })

  it('refuse values before anything is sent', async () => {
    const connected = await fixture.connect()
    const error = await rejection(stream(connected, 'select ?', 10, { a: 1 }).next())
    expect(error).to.include({ code: 'MAYFLY_INVALID_ARGUMENT' })
  })
})
