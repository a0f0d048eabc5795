import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { CompiledQuery } from 'kysely'
import { idOf, isRunning, rejection, useDatabase, type Connected } from './fixture.js'

const NUMBERS = 'select n::int from generate_series(1, $1::int) as n'

describe('postgres streams', () => {
  const fixture = useDatabase('stream')
  let own: Connected

  beforeEach(async () => {
    own = await fixture.connect({ max: 1 })
  })

  const stream = (sql: string, size: number, ...parameters: unknown[]) =>
    own.connection.streamQuery<any>(CompiledQuery.raw(sql, parameters), size)
  const chunks = async (sql: string, size: number, ...parameters: unknown[]) => {
    const sizes: number[] = []
    for await (const { rows } of stream(sql, size, ...parameters)) sizes.push(rows.length)
    return sizes
  }
  const isUsable = async () => {
    expect(await own.rows('select 1 as one')).to.deep.equal([{ one: 1 }])
    expect(own.connection.hasChangedSession).to.equal(false)
  }

  it('come in chunks, and leave the connection as it was', async () => {
    expect(await chunks(NUMBERS, 4, 10)).to.deep.equal([4, 4, 2])
    expect(await chunks(NUMBERS, 5, 10)).to.deep.equal([5, 5])
    expect(await chunks(NUMBERS, 5, 0)).to.deep.equal([])
    await isUsable()
  })

  it('without pg-cursor say what to install, and everything else works', async () => {
    const program = fileURLToPath(new URL('programs/no-cursor.ts', import.meta.url))
    const args = ['--import=tsx', program, fixture.url]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    const [refused, rows] = JSON.parse(stdout)
    expect(refused).to.include({ code: 'MAYFLY_DATABASE', kind: 'other' })
    expect(refused.message).to.contain('Install it beside pg: npm install pg-cursor.')
    expect(rows).to.deep.equal([{ one: 1 }])
  })

  it('C4: that are left early stay on the server, and end with the loop', async () => {
    await own.driver.beginTransaction(own.connection, {})
    for await (const { rows } of stream(NUMBERS, 2, 10_000_000)) {
      expect(rows).to.deep.equal([{ n: 1 }, { n: 2 }])
      break
    }
    expect(own.connection.transactionState).to.equal('open')
    const open = await own.rows("select name from pg_cursors where name like 'C_%'")
    expect(open).to.deep.equal([])
    await own.driver.commitTransaction(own.connection)
    await isUsable()
    const failed = rejection(
      (async () => {
        for await (const _ of stream(NUMBERS, 2, 10)) throw new Error('mine')
      })(),
    )
    expect((await failed).message).to.equal('mine')
    await isUsable()
  })

  it('that fail, in the first read or in a later one, say so when the server is ready again', async () => {
    expect(await rejection(chunks('select nothing', 2))).to.include({ code: '42703' })
    await isUsable()
    expect(await rejection(chunks('select 1 / $1::int', 2, 0))).to.include({ code: '22012' })
    await isUsable()
    await own.driver.beginTransaction(own.connection, {})
    const later = `select 1 / (3 - n) from generate_series(1, $1::int) as n`
    expect(await rejection(chunks(later, 1, 5))).to.include({ code: '22012' })
    expect(own.connection.transactionState).to.equal('failed')
    await own.driver.rollbackTransaction(own.connection)
    await isUsable()
  })

  it('X5: whose connection is destroyed in a read end at once, and on the server', async () => {
    const observer = await fixture.connect()
    const id = await idOf(own)
    const failed = rejection(chunks('select pg_sleep(1000)', 2))
    await isRunning(observer, id)
    await own.driver.destroyConnection!(own.connection)
    expect(own.driver.classifyError!(await failed)).to.deep.equal({ kind: 'connectionLost' })
    while ((await observer.rows('select 1 from pg_stat_activity where pid = $1', id)).length > 0) {
      // Its process is ending.
    }
  })

  it('whose connection is destroyed between two reads end, and take nothing with them', async () => {
    const iterator = stream(NUMBERS, 2, 10)
    await iterator.next()
    await own.driver.destroyConnection!(own.connection)
    expect(own.driver.classifyError!(await rejection(iterator.next() as never))).to.deep.equal({
      kind: 'connectionLost',
    })
    const next = await own.driver.acquireConnection()
    expect((await next.executeQuery<any>(CompiledQuery.raw('select 1 as one'))).rows).to.deep.equal(
      [{ one: 1 }],
    )
  })

  it('whose connection is lost fail', async () => {
    const observer = await fixture.connect()
    const id = await idOf(own)
    const iterator = stream(NUMBERS, 2, 10)
    await iterator.next()
    await observer.run('select pg_terminate_backend($1)', id)
    const error = await rejection(
      (async () => {
        for (;;) if ((await iterator.next()).done) break
      })(),
    )
    expect(own.driver.classifyError!(error)).to.deep.include({ kind: 'connectionLost' })
  })
})
