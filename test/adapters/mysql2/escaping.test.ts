import { expect } from 'chai'
import fc from 'fast-check'
import { createPool, type Pool, type PoolConnection } from 'mysql2/promise'
import { mysql } from 'mayfly/mysql2'
import type { MayflyDriver } from 'mayfly'
import { connectTo, rejection, sentDuring, useDatabase, type Connected } from './fixture.js'

const MODES = ['', 'NO_BACKSLASH_ESCAPES', 'ANSI_QUOTES', 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES']

/** Each ends a literal in one mode or character set, if it is not written right. */
const EVIL = [
  "' or 1 = 1 -- ",
  "\\' or 1 = 1 -- ",
  "\\\\' or 1 = 1 -- ",
  "'' or 1 = 1 -- ",
  '\\',
  "\\'",
  "'",
  '" or 1 = 1 -- ',
  '\\" or 1 = 1 -- ',
  '\0\\',
  '縗\\',
  "縗' or 1 = 1 -- ",
  "縗\\' or 1 = 1 -- ",
  // Their last byte is that of a quote, a backslash or a backtick in Latin-1 or GBK.
  'ħ or 1 = 1 -- ħ',
  'Ŝ',
  '誠',
  '\u{1f600}\\',
]

const UNITS = [
  "'",
  '"',
  '\\',
  '`',
  '?',
  '%',
  '\0',
  '\n',
  '\x1a',
  'x',
  '縗',
  '誠',
  'ħ',
  '\u{1f600}',
  '--',
  '/*',
]

describe('mysql text with values in it', () => {
  const fixture = useDatabase('esc')
  let pool: Pool | undefined
  let driver: MayflyDriver | undefined

  afterEach(async () => {
    await driver?.destroy()
    await pool?.end()
    pool = driver = undefined
  })

  /** A driver on a pool of a caller, who sets up its only connection. */
  async function adopted(setUp: string, charset?: string): Promise<Connected> {
    pool = createPool({
      uri: fixture.url,
      connectionLimit: 1,
      timezone: 'Z',
      ...(charset && { charset }),
    })
    pool.on('connection', connection => void connection.query(setUp))
    driver = mysql(pool).createDriver()
    return connectTo(driver)
  }

  async function asCaller(work: (connection: PoolConnection) => Promise<unknown>): Promise<void> {
    const connection = await pool!.getConnection()
    await work(connection)
    connection.release()
  }

  async function arriveWhole({ rows, connection }: Connected): Promise<void> {
    for (const value of EVIL) {
      for (const sql of ['select 1 as one, ? as v', 'select 1 as one, ? as v limit 1']) {
        expect(await rows(sql, value)).to.deep.equal([{ one: 1, v: value }])
        const stream = connection.streamQuery({ sql, parameters: [value] } as never, 10)
        for await (const chunk of stream) expect(chunk.rows).to.deep.equal([{ one: 1, v: value }])
      }
      expect(await rows("select ? = concat('', ?) as same", value, value)).to.deep.equal([
        { same: 1 },
      ])
    }
    const bytes = Buffer.from("\\'\0\x1a\xff' or 1 -- ", 'latin1')
    expect(await rows('select ? as v', bytes)).to.deep.equal([{ v: bytes }])
  }

  for (const mode of MODES) {
    it(`U12: arrives whole in the mode '${mode}'`, async () => {
      const connected = await fixture.connect()
      await connected.run(`set sql_mode = '${mode}'`)
      await arriveWhole(connected)
    })

    it(`U12: arrives whole over a caller's pool in the mode '${mode}'`, async () => {
      await arriveWhole(await adopted(`set sql_mode = '${mode}'`))
    })

    it(`U12: any text arrives whole in the mode '${mode}'`, async () => {
      const { rows, run } = await fixture.connect()
      await run(`set sql_mode = '${mode}'`)
      const unit = fc.constantFrom(...UNITS)
      await fc.assert(
        fc.asyncProperty(fc.array(unit), async units => {
          const value = units.join('')
          expect(await rows('select ? as v', value)).to.deep.equal([{ v: value }])
        }),
        { numRuns: 100 },
      )
    })
  }

  for (const [before, after] of [
    ['', 'NO_BACKSLASH_ESCAPES'],
    ['NO_BACKSLASH_ESCAPES', ''],
  ] as const) {
    it(`U12: arrives whole after its caller has changed the mode '${before}' to '${after}' between two uses`, async () => {
      const first = await adopted(`set sql_mode = '${before}'`)
      await arriveWhole(first)
      await first.driver.releaseConnection(first.connection)
      await asCaller(connection => connection.query(`set sql_mode = '${after}'`))
      const again = await connectTo(first.driver)
      expect(again.connection).to.equal(first.connection)
      await arriveWhole(again)
      await again.driver.releaseConnection(again.connection)
    })

    it(`U12: arrives whole in a statement that changes the mode '${before}' to '${after}' itself`, async () => {
      const { run, rows } = await fixture.connect({ multipleStatements: true })
      await run(`set sql_mode = '${before}'`)
      for (const value of EVIL) {
        const found = await run(`set sql_mode = '${after}'; select 1 as one, ? as v`, value)
        expect(found.rows[1]).to.deep.equal([{ one: 1, v: value }])
        await rows(`set sql_mode = '${before}'`)
      }
    })
  }

  it('U12: is compared with literals in the collation of its session', async () => {
    const { rows } = await fixture.connect()
    const sql = "select ? = 'a' as v, case when 1 then ? else 'a' end = 'A' as w"
    expect(await rows(sql, '\\', '\\')).to.deep.equal([{ v: 0, w: 0 }])
  })

  it('U12: asks once for a backslash, and again only after the session has changed', async () => {
    const { rows, run } = await fixture.connect()
    const asks = async (work: () => Promise<unknown>) =>
      (await sentDuring(work)).filter(text => text.includes('@@sql_mode')).length
    expect(await asks(() => rows('select ? as v', "it's"))).to.equal(0)
    expect(await asks(() => rows('select ? as v', '\\'))).to.equal(1)
    expect(await asks(() => rows('select ? as v', '\\'))).to.equal(0)
    await run("set sql_mode = 'NO_BACKSLASH_ESCAPES'")
    expect(await asks(() => rows('select ? as v', '\\'))).to.equal(1)
  })

  it("U12: arrives whole as a value of ours, with prepare: 'never'", async () => {
    for (const mode of MODES) {
      const { run, ours } = await fixture.connect({ prepare: 'never' })
      await run(`set sql_mode = '${mode}'`)
      for (const v of EVIL) expect(await ours('select ? as v', v)).to.deep.equal([{ v }])
    }
  })

  /** Their characters end in bytes that are others' own, or mysql2 cuts them so. */
  for (const charset of ['gbk', 'big5', 'sjis', 'latin1']) {
    it(`U12: arrives whole where the session was told that it is ${charset}`, async () => {
      const { rows, run } = await fixture.connect()
      await run('create temporary table t (v varchar(99) character set utf8mb4)')
      for (const value of EVIL) {
        await run(`set names ${charset}`)
        expect(await rows('select 1 as one where 1 = 0 or ? = 1', value)).to.deep.equal([])
        await run('insert into t values (?)', value)
        await run('set names utf8mb4')
        expect(await rows('select v from t')).to.deep.equal([{ v: value }])
        await run('delete from t')
      }
    })

    it(`U12: arrives whole where a caller's connections are ${charset}, and mysql2 does not know`, async () => {
      const { rows, run } = await adopted(
        `set session_track_system_variables = '', character_set_client = ${charset}`,
      )
      await run('create temporary table t (v varchar(99) character set utf8mb4)')
      for (const value of EVIL.filter(v => /^[\0-\x7f]*$/.test(v))) {
        await run('insert into t values (?)', value)
        expect(await rows('select v from t')).to.deep.equal([{ v: value }])
        await run('delete from t')
      }
      for (const value of EVIL)
        expect(await rows('select 1 as one where 1 = 0 or ? = 1', value)).to.deep.equal([])
    })
  }

  it('U12: with names that the character set of the session does not have is refused', async () => {
    const { run } = await fixture.connect()
    await run('set names latin1')
    for (const send of [() => run('select 1 as `aŠ from t -- `'), () => run("select 'ħ'")])
      expect((await rejection(send())).message).to.match(/character set/)
  })
})
