import { expect } from 'chai'
import { CompiledQuery, type Generated } from 'kysely'
import mysql2, { type Pool, type PoolOptions } from 'mysql2'
import promises from 'mysql2/promise'
import {
  bigInt,
  boolean,
  bytes,
  dateTime,
  DbContext,
  decimal,
  InvalidArgumentError,
  json,
  type MayflyDialect,
} from 'mayfly'
import { mysql, type MysqlTarget } from 'mayfly/mysql2'
import { failure } from '../../support/deferred.js'
import { idOf, useDatabase } from './fixture.js'
import { openControl } from '../../../adapters/mysql2/control.js'

interface Tables {
  things: {
    id: Generated<number>
    at: Date
    stamp: Date
    day: unknown
    data: unknown
    amount: string
    big: bigint
    active: boolean
    photo: Buffer
    weight: number
    undeclared: unknown
  }
}

class Things extends DbContext<Tables> {
  readonly things = this.set('things', {
    key: 'id',
    columns: {
      at: dateTime(),
      stamp: dateTime(),
      data: json(),
      amount: decimal({ scale: 2 }),
      big: bigInt(),
      active: boolean(),
      photo: bytes(),
    },
  })
}

/** Documents that read as others when they are parsed twice. */
const DOCUMENTS = ['123', 'null', '"quoted"', 'no JSON', 5, true, { list: [1, '2'] }, [], null]

const CREATE = `create table things (id integer primary key auto_increment, at datetime(3), stamp timestamp(3) null, day date,
  data json, amount decimal(20, 2), big bigint, active boolean, photo blob, weight double, undeclared datetime(3))`

/** Times around the end and the begin of summer time in New York and in Berlin, a leap day, and the ends of what columns hold. */
const TIMES = [
  '2024-11-03T05:30:00.123Z',
  '2024-11-03T06:30:00.000Z',
  '2024-03-10T07:30:00.000Z',
  '2024-10-27T00:30:00.000Z',
  '2024-10-27T01:30:00.000Z',
  '2024-02-29T23:59:59.999Z',
].map(text => new Date(text))

/** What a caller may have set, all of it read when the pool is adopted. */
const SETTINGS: Readonly<Record<string, PoolOptions>> = {
  'nothing but the zone': {},
  'jsonStrings: true': { jsonStrings: true },
  'dateStrings: true': { dateStrings: true },
  "dateStrings: ['DATE', 'DATETIME']": { dateStrings: ['DATE', 'DATETIME'] },
  'decimalNumbers: true': { decimalNumbers: true },
  'supportBigNumbers: true': { supportBigNumbers: true },
  'supportBigNumbers and bigNumberStrings': { supportBigNumbers: true, bigNumberStrings: true },
  'namedPlaceholders: true': { namedPlaceholders: true },
  'typeCast: false': { typeCast: false },
  'a typeCast of its own': {
    typeCast: (field, next) => (field.type === 'TINY' ? `mine ${field.string()}` : next()),
  },
  'a typeCast of its own, and JSON as text': {
    jsonStrings: true,
    typeCast: (field, next) => (field.type === 'TINY' ? `mine ${field.string()}` : next()),
  },
  'multipleStatements: true': { multipleStatements: true },
  'stringifyObjects: true': { stringifyObjects: true },
  'enableKeepAlive: false': { enableKeepAlive: false },
  'disableEval: true': { disableEval: true },
  "charset: 'utf8mb4_bin'": { charset: 'utf8mb4_bin' },
  'resetOnRelease: true': { resetOnRelease: true },
  "timezone: '+02:00'": { timezone: '+02:00' },
  'all that gives values another form': {
    dateStrings: true,
    decimalNumbers: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    typeCast: false,
    namedPlaceholders: true,
  },
}

describe('a pool of the caller', () => {
  const fixture = useDatabase('adopted')
  let pools: Pool[] = []

  const callersPool = (options: PoolOptions = {}): Pool => {
    const pool = mysql2.createPool({ uri: fixture.url, timezone: 'Z', ...options })
    const zone = options.timezone && options.timezone !== 'local' ? options.timezone : '+00:00'
    pool.on('connection', raw => raw.query(`set time_zone = '${zone}'`))
    pools.push(pool)
    return pool
  }
  const query = (pool: Pool, sql: string): Promise<any> =>
    new Promise((resolve, reject) =>
      pool.query(sql, (error, found) => (error ? reject(error) : resolve(found))),
    )

  before(async () => {
    const { run } = await fixture.connect()
    await run(CREATE)
  })
  beforeEach(async () => {
    const { run } = await fixture.connect()
    await run('delete from things')
  })
  afterEach(async () => {
    const open = pools
    pools = []
    await Promise.all(open.map(pool => new Promise(resolve => pool.end(resolve))))
  })

  /** Writes every document and time. */
  async function fill(dialect: MayflyDialect): Promise<void> {
    await using db = new Things({ dialect })
    for (let i = 0; i < Math.max(DOCUMENTS.length, TIMES.length); i++) {
      const time = TIMES[i % TIMES.length]!
      await db.kysely
        .insertInto('things')
        .values({
          at: time,
          stamp: time,
          day: '2024-02-29',
          data: JSON.stringify(DOCUMENTS[i % DOCUMENTS.length]),
          amount: '12345678901234567.80',
          big: 9007199254740993n,
          active: i % 2 === 0,
          photo: Buffer.from([0, 39, 255]),
          weight: 0.1 + 0.2,
          undeclared: time,
        })
        .execute()
    }
  }

  /** Everything that a set gives: three times as a list, one by one, found by its own values, and built on. */
  async function readBySets(dialect: MayflyDialect): Promise<unknown[]> {
    await using db = new Things({ dialect })
    const all = db.things.asNoTracking().orderBy('id')
    const results: unknown[] = []
    for (let i = 0; i < 3; i++) {
      const rows = await all.toList()
      const streamed = []
      for await (const row of all) streamed.push(row)
      const built = await all.build(q => q.where(eb => eb('id', '>', eb.val(0)))).toList()
      const found = []
      for (const { at, stamp, amount, big } of rows)
        found.push(
          await all
            .where('at', '=', at)
            .where('stamp', '=', stamp)
            .where('amount', '=', amount)
            .where('big', '=', big)
            .count(),
        )
      results.push(withoutIds(rows), withoutIds(streamed), withoutIds(built), found)
    }
    return results
  }

  function withoutIds(rows: readonly object[]): object[] {
    return rows.map(row => ({ ...row, id: undefined }))
  }

  for (const [title, options] of Object.entries(SETTINGS)) {
    it(`U9: with ${title}, sets read and find the same as over a pool of Mayfly's own`, async () => {
      const own = mysql(fixture.url)
      await fill(own)
      const expected = await readBySets(own)
      const [rows] = expected as [{ data: unknown; at: Date }[]]
      expect(rows.map(row => row.data)).to.deep.equal(DOCUMENTS)
      expect(rows[1]!.at).to.deep.equal(TIMES[1])
      const { run } = await fixture.connect()
      for (const dialect of [mysql(callersPool(options)), mysql(fixture.url, options)]) {
        await run('delete from things')
        await fill(dialect)
        expect(await readBySets(dialect)).to.deep.equal(expected)
      }
    })

    it(`U12: with ${title}, kysely gives what the pool gives`, async () => {
      await fill(mysql(fixture.url))
      const pool = callersPool(options)
      const expected = await query(pool, 'select * from things order by id')
      await using db = new Things({ dialect: mysql(pool) })
      for (let i = 0; i < 3; i++) {
        const rows = await db.kysely.selectFrom('things').selectAll().orderBy('id').execute()
        const exact = rows.map((row, n) =>
          // The one difference is that Mayfly loses no digit of an integer.
          options.supportBigNumbers ? row : { ...row, big: expected[n].big },
        )
        expect(exact).to.deep.equal(expected)
      }
    })
  }

  it('a promise pool is adopted like the one in it', async () => {
    await fill(mysql(fixture.url))
    const pool = promises.createPool({ uri: fixture.url, timezone: 'Z' })
    pools.push(pool.pool)
    await using db = new Things({ dialect: mysql(pool) })
    const rows = await db.things.orderBy('id').toList()
    expect(rows.map(row => row.data)).to.deep.equal(DOCUMENTS)
  })

  it('X4: a connection that its owner gave back in a transaction is taken out of it', async () => {
    const pool = mysql2.createPool({ uri: fixture.url, timezone: 'Z', connectionLimit: 1 })
    const driver = mysql(pool).createDriver()
    try {
      const first = await driver.acquireConnection()
      await first.executeQuery(CompiledQuery.raw('create table kept (id integer primary key)'))
      await driver.releaseConnection(first)
      for (const [id, waits] of [true, false].entries()) {
        const theirs = await pool.promise().getConnection()
        const sent = theirs.query('start transaction')
        if (waits) await sent
        theirs.release()
        const own = await driver.acquireConnection()
        await sent
        expect(own.transactionState).to.equal('none')
        await own.executeQuery(CompiledQuery.raw(`insert into kept values (${id})`))
        await driver.releaseConnection(own)
        await pool.promise().query('rollback')
      }
      const [rows] = await pool.promise().query('select id from kept order by id')
      expect(rows).to.deep.equal([{ id: 0 }, { id: 1 }])
    } finally {
      await driver.destroy()
      await pool.promise().end()
    }
  })

  it('X4: a connection that its owner did not use costs no round trip when it is taken again', async () => {
    const pool = mysql2.createPool({ uri: fixture.url, timezone: 'Z', connectionLimit: 1 })
    const driver = mysql(pool).createDriver()
    try {
      await driver.releaseConnection(await driver.acquireConnection())
      const statements = async (): Promise<number> => {
        const [rows] = await pool.promise().query("show session status like 'Questions'")
        return Number((rows as { Value: string }[])[0]!.Value)
      }
      const before = await statements()
      for (let turn = 0; turn < 20; turn++)
        await driver.releaseConnection(await driver.acquireConnection())
      // One for the question itself, and one after it, because the owner asked.
      expect((await statements()) - before).to.equal(2)
    } finally {
      await driver.destroy()
      await pool.promise().end()
    }
  })

  it('X5: an orphan is found whatever the pool gives for numbers', async () => {
    const control = await openControl(callersPool({ typeCast: false }))
    const other = await fixture.connect()
    const processes = await control.ask<{ Id: unknown; Host: unknown }[]>('show processlist')
    const id = await idOf(other)
    const found = processes.filter(process => process.Id === id)
    expect(String(found[0]?.Host)).to.match(/^(127\.0\.0\.1|localhost):\d+$/)
    control.end()
  })

  describe('is refused at once, with the setting to change, when it has', () => {
    const refused: [string, PoolOptions, RegExp][] = [
      ['rowsAsArray', { rowsAsArray: true }, /has rowsAsArray set.*leave rowsAsArray out/],
      ['nestTables', { nestTables: true }, /has nestTables set.*leave nestTables out/],
      ['a separator for nestTables', { nestTables: '_' }, /has nestTables set/],
      ['-FOUND_ROWS', { flags: ['-FOUND_ROWS'] }, /has the flag -FOUND_ROWS.*take it out of flags/],
      ['a queryFormat', { queryFormat: text => text }, /has queryFormat set.*leave/],
      ['latin1', { charset: 'latin1' }, /has a charset that .*set charset: 'utf8mb4'/],
      ['three bytes for a character', { charset: 'utf8' }, /has a charset that/],
    ]
    for (const [name, options, message] of refused) {
      it(`U9: ${name}`, () => {
        const target = { host: 'db', database: 'shop', timezone: 'Z', ...options }
        expect(() => mysql(mysql2.createPool(target))).to.throw(InvalidArgumentError, message)
        expect(() => mysql(promises.createPool(target))).to.throw(InvalidArgumentError, message)
        expect(() => mysql(target)).to.throw(InvalidArgumentError, message)
      })
    }

    it("U9: the zone of a process that is not UTC, which is mysql2's default", () => {
      const zone = process.env['TZ']
      process.env['TZ'] = 'America/New_York'
      try {
        const told = /has the timezone 'local'.*set timezone: 'Z'/
        expect(() => mysql(mysql2.createPool({ host: 'db' }))).to.throw(InvalidArgumentError, told)
        expect(() => mysql('mysql://db/shop', { timezone: 'local' })).to.throw(told)
        mysql('mysql://db/shop')
        mysql(mysql2.createPool({ host: 'db', timezone: 'Z' }))
      } finally {
        if (zone === undefined) delete process.env['TZ']
        else process.env['TZ'] = zone
      }
    })

    it('U9: a zone that mysql2 does not know', () => {
      expect(() => mysql('mysql://db/shop', { timezone: 'Europe/Berlin' })).to.throw(
        InvalidArgumentError,
        /does not know; set timezone: 'Z'/,
      )
      // In a URL a + is a space.
      mysql('mysql://db/shop?timezone=+02:00')
    })

    it('several servers', () => {
      for (const cluster of [mysql2.createPoolCluster(), promises.createPoolCluster()]) {
        for (const target of [cluster, cluster.of('*')])
          expect(() => mysql(target as unknown as MysqlTarget)).to.throw(
            InvalidArgumentError,
            /is a cluster.*a pool for each server/,
          )
      }
    })
  })

  it('U9: sessions in another zone than the dates of the pool are refused at the first use', async () => {
    for (const zone of ['+01:00', '-05:00']) {
      const pool = mysql2.createPool({ uri: fixture.url, timezone: 'Z' })
      pools.push(pool)
      pool.on('connection', raw => raw.query(`set time_zone = '${zone}'`))
      await using db = new Things({ dialect: mysql(pool) })
      const error = await failure(db.things.toList())
      expect(error).to.be.instanceOf(InvalidArgumentError)
      expect(error.message).to.contain("set time_zone = '+00:00'").and.not.to.contain('\n')
    }
  })
})
