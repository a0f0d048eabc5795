import { expect } from 'chai'
import { CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely'
import {
  bigInt,
  boolean,
  bytes,
  date,
  dateTime,
  DbContext,
  decimal,
  integer,
  json,
  real,
  time,
  uuid,
  type MayflyDialect,
} from 'mayfly'
import { postgres } from 'mayfly/postgres'
import { Pool, types } from 'pg'
import { rejection, useDatabase } from './fixture.js'

const ID = '0189d3a4-7c1b-7000-8000-000000000001'
const AT = new Date('2024-02-29T23:59:59.123Z')

/** What a text of SQL gives through `kysely`; the zone of the process makes no difference. */
const READ: readonly (readonly [sql: string, value: unknown])[] = [
  ['9007199254740993::int8', '9007199254740993'],
  ['7::int4', 7],
  ['count(*)', '1'],
  ['123456789012345678901234567890.120::numeric', '123456789012345678901234567890.120'],
  ['0.1::float8 + 0.2::float8', 0.1 + 0.2],
  ['1.1::float4', 1.1],
  ['true', true],
  [`'${ID}'::uuid`, ID],
  [`'{"a": [1, null, "1"]}'::jsonb`, { a: [1, null, '1'] }],
  [`'"123"'::json`, '123'],
  [`'null'::jsonb`, null],
  ["'\\x00ff27'::bytea", Buffer.from([0, 255, 39])],
  ["timestamptz '2024-02-29 23:59:59.123456+00'", AT],
  ["timestamptz '2024-03-01 05:29:59.123+05:30'", AT],
  ["timestamp '2024-02-29 23:59:59.123'", AT],
  ["timestamp '2024-03-10 02:30:00'", new Date('2024-03-10T02:30:00Z')],
  ["timestamp '0001-01-01 00:00:00'", new Date('0001-01-01T00:00:00Z')],
  ["timestamp '0044-03-15 10:00:00 BC'", new Date('-000043-03-15T10:00:00Z')],
  ["timestamp '12024-01-01 00:00:00'", new Date('+012024-01-01T00:00:00Z')],
  ["timestamptz 'infinity'", Infinity],
  ["date '2024-02-29'", new Date('2024-02-29T00:00:00Z')],
  ["date '0044-03-15 BC'", new Date('-000043-03-15T00:00:00Z')],
  ["time '10:30:00.5'", '10:30:00.5'],
  ['array[1.10, null]::numeric[]', ['1.10', null]],
  ['array[9007199254740993]::int8[]', ['9007199254740993']],
  ["array[array['a,\"b'], array['{']]", [['a,"b'], ['{']]],
  ["array[timestamp '2024-02-29 23:59:59.123', null]", [AT, null]],
  ["array[timestamptz '2024-02-29 23:59:59.123Z']", [AT]],
  ["array[date '2024-02-29']", [new Date('2024-02-29T00:00:00Z')]],
]

/** Where a value is righter than Kysely's own in a process whose zone is UTC; elsewhere all times without a zone are. */
const RIGHTER = new Set(['array[1.10, null]::numeric[]'])

interface Database {
  things: {
    id: number
    at: Date
    zoned: Date
    fine: string
    day: string
    clock: string
    amount: string
    big: bigint
    weight: number
    doc: unknown
    photo: Buffer
    key: string
  }
}

class Things extends DbContext<Database> {
  readonly things = this.set('things', {
    key: 'id',
    columns: {
      at: dateTime(),
      zoned: dateTime(),
      fine: dateTime({ precision: 6 }),
      day: date(),
      clock: time({ precision: 3 }),
      amount: decimal(),
      big: bigInt(),
      weight: real(),
      doc: json(),
      photo: bytes(),
      key: uuid(),
    },
  })
}

describe('postgres values', () => {
  const fixture = useDatabase('values')
  let dialect: MayflyDialect
  let db: Kysely<any>

  beforeEach(() => {
    dialect = postgres(fixture.url)
    db = new Kysely({ dialect })
  })
  afterEach(() => db.destroy())

  it('U9: arrive exact, the first time and the third, as text, as a prepared statement and as a stream', async () => {
    const always = new Kysely<any>({ dialect: postgres(fixture.url, { prepare: 'always' }) })
    for (const [text, value] of READ) {
      const query = (executor: Kysely<any>) =>
        sql<{ v: unknown }>`select ${sql.raw(text)} as v where 1 = ${1}`.execute(executor)
      for (let i = 0; i < 3; i++) {
        expect((await query(db)).rows[0]!.v, text).to.deep.equal(value)
        expect((await query(always)).rows[0]!.v, text).to.deep.equal(value)
      }
      const plain = await sql<{ v: unknown }>`select ${sql.raw(text)} as v`.execute(db)
      expect(plain.rows[0]!.v, text).to.deep.equal(value)
      const streamed = db.selectNoFrom(sql<unknown>`${sql.raw(text)}`.as('v')).stream(2)
      for await (const { v } of streamed) expect(v, text).to.deep.equal(value)
    }
    await always.destroy()
  })

  it("U12: are those of Kysely's own dialect, where the zone of the process is UTC", async function () {
    if (new Date(2024, 0).getTimezoneOffset() !== 0 || new Date(2024, 6).getTimezoneOffset() !== 0)
      return
    const own = new Kysely<any>({
      dialect: new PostgresDialect({ pool: new Pool({ connectionString: fixture.url }) }),
    })
    for (const [text] of READ.filter(([read]) => !RIGHTER.has(read))) {
      const query = sql`select ${sql.raw(text)} as v`
      expect((await query.execute(db)).rows, text).to.deep.equal((await query.execute(own)).rows)
    }
    await own.destroy()
  })

  it('U9: go out as they came in, and are found by themselves', async () => {
    const values: readonly (readonly [type: string, value: unknown])[] = [
      ['timestamptz', AT],
      ['timestamp', AT],
      ['timestamp', new Date('0000-06-01T00:00:00Z')],
      ['timestamp', new Date('0044-03-15T10:00:00Z')],
      ['timestamp', new Date('9999-12-31T23:59:59.999Z')],
      ['date', new Date('2024-02-29T00:00:00Z')],
      ['timestamp[]', [AT, null]],
      ['int8', '9007199254740993'],
      ['int4', -7],
      ['float8', 1e-320],
      ['boolean', false],
      ['bytea', Buffer.from([0, 92, 39, 255])],
      ['text', 'a\\\'"$1\u{1F600}'],
      ['text[]', ['a,"b\\', '', null, '{}']],
      ['jsonb', { a: [1, 'x'] }],
      ['numeric', '0.10'],
    ]
    for (const [type, value] of values) {
      const { rows } = await sql<any>`select ${value}::${sql.raw(type)} as v`.execute(db)
      expect(rows[0].v, type).to.deep.equal(value)
      const found = await sql<any>`select ${rows[0].v}::${sql.raw(type)} = ${value} as v`.execute(
        db,
      )
      expect(found.rows[0].v, type).to.equal(true)
    }
    const big =
      await sql<any>`select ${2n ** 63n - 1n}::int8 as v, ${new Uint8Array([1])}::bytea as b`.execute(
        db,
      )
    expect(big.rows[0]).to.deep.equal({ v: '9223372036854775807', b: Buffer.from([1]) })
  })

  it('U9: of declared columns are the same as everywhere, and are found and sorted', async () => {
    await sql`create table things (id integer primary key, at timestamp(3), zoned timestamptz, fine timestamptz,
      day date, clock time(3), amount numeric, big bigint, weight double precision, doc jsonb, photo bytea, key uuid)`.execute(
      db,
    )
    await using context = new Things({ dialect })
    const row = {
      at: AT,
      zoned: AT,
      fine: '2024-02-29T23:59:59.123456Z',
      day: '2024-02-29',
      clock: '10:30:00.5',
      amount: '12345678901234567890.5',
      big: 2n ** 60n,
      weight: 0.1,
      doc: '123',
      photo: Buffer.from([0, 1]),
      key: ID,
    }
    const written = { ...row, doc: '"123"' }
    await context.kysely
      .insertInto('things')
      .values({ id: 1, ...written })
      .execute()
    for (let i = 0; i < 3; i++) {
      expect(await context.things.asNoTracking().where('id', '=', 1).first()).to.deep.equal({
        id: 1,
        ...row,
      })
      for (const [name, value] of Object.entries(row)) {
        if (name === 'doc') continue
        const found = context.things.where(name as 'at', '=', value as never)
        expect(await found.count(), name).to.equal(1)
        expect(await context.things.orderBy(name as 'at').count(), name).to.equal(1)
      }
    }
    await sql`insert into things (id, doc) values (2, 'null'), (3, '"null"')`.execute(db)
    expect((await context.things.find(3))?.doc).to.equal('null')
  })

  it('U9: that PostgreSQL cannot store are refused before anything is sent', async () => {
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    for (const value of [
      Number.NaN,
      Infinity,
      undefined,
      () => 1,
      Symbol('x'),
      new Date(Number.NaN),
      new Date('-000001-01-01T00:00:00Z'),
      'a\0b',
      ['a\0b'],
      cycle,
      { big: 7n },
    ]) {
      const error = await rejection(
        db.executeQuery(CompiledQuery.raw('select $1::text as v', [value])),
      )
      expect(error, typeof value).to.include({ code: 'MAYFLY_INVALID_ARGUMENT' })
      expect(error.message).to.contain('Nothing was sent').and.contain('select $1::text as v')
    }
    const error = await rejection(sql.raw('select 1 -- \0 2').execute(db))
    expect(error).to.include({ code: 'MAYFLY_INVALID_ARGUMENT' })
  })

  it('U12: readers that a pool or all of pg was given stay', async () => {
    const getTypeParser = (oid: number, format: any) =>
      oid === 20 || oid === 1114
        ? (text: string) => `own ${text}`
        : types.getTypeParser(oid, format)
    const own = new Kysely<any>({
      dialect: postgres(fixture.url, { types: { getTypeParser } }),
    })
    const { rows } =
      await sql`select 7::int8 as n, timestamp '2024-02-29 10:00:00' as at, date '2024-02-29' as day`.execute(
        own,
      )
    expect(rows).to.deep.equal([
      { n: 'own 7', at: 'own 2024-02-29 10:00:00', day: new Date('2024-02-29T00:00:00Z') },
    ])
    await own.destroy()
  })

  it('U13: a column of text that holds no text is told at the first use of its set', async () => {
    class Odd extends DbContext<{
      odd: {
        id: number
        doc: unknown
        n: string
        ok: string
        count: number
        at: Date
        flag: boolean
      }
    }> {
      readonly documents = this.set('odd', { key: 'id', columns: { doc: json() } })
      readonly numbers = this.set('public.odd' as 'odd', { key: 'id', columns: { n: decimal() } })
      readonly times = this.set('odd', { key: 'id', columns: { at: dateTime() } })
      readonly counts = this.set('odd', { key: 'id', columns: { count: integer() } })
      readonly flags = this.set('odd', { key: 'id', columns: { flag: boolean() } })
      readonly truth = this.set('odd', { key: 'id', columns: { truth: integer() } as never })
      readonly fine = this.set('odd', { key: 'id', columns: { ok: decimal() } })
    }
    await using context = new Odd({ dialect })
    await sql`create table odd (id integer primary key, doc text, n varchar(10), ok numeric, count text, at text, flag int, truth boolean)`.execute(
      db,
    )
    await sql`insert into odd values (1, '{"a":1}', '9', 9, '9', '2024-02-29 10:00:00')`.execute(db)
    for (let i = 0; i < 3; i++) {
      for (const [set, words] of [
        [context.documents, 'odd.doc is declared as json() by its set, and as text by its table'],
        [context.numbers, 'odd.n is declared as decimal() by its set, and as varchar by its table'],
        [context.times, 'odd.at is declared as dateTime() by its set, and as text by its table'],
        [context.counts, 'odd.count is declared as integer() by its set, and as text by its table'],
        [context.flags, 'odd.flag is declared as boolean() by its set, and as int4 by its table'],
        [context.truth, 'odd.truth is declared as integer() by its set, and as bool by its table'],
      ] as const) {
        const error = await rejection(set.find(1))
        expect(error).to.include({ code: 'MAYFLY_INVALID_ARGUMENT' })
        expect(error.message).to.contain(words)
      }
      expect(await context.fine.where('ok', '=', '9').count()).to.equal(1)
    }
  })

  it('U13: a domain is the type that it is made of, and a table that was mended is read again', async () => {
    class Domains extends DbContext<{ domains: { id: number; doc: unknown; n: string } }> {
      readonly documents = this.set('domains', { key: 'id', columns: { doc: json() } })
      readonly numbers = this.set('domains', { key: 'id', columns: { n: decimal() } })
    }
    await using context = new Domains({ dialect })
    await sql`create domain document as jsonb`.execute(db)
    await sql`create domain filled as document check (value is not null)`.execute(db)
    await sql`create domain digits as text`.execute(db)
    await sql`create table domains (id integer primary key, doc filled, n digits)`.execute(db)
    await sql`insert into domains values (1, '{"a":1}', '9')`.execute(db)
    expect((await context.documents.find(1))?.doc).to.deep.equal({ a: 1 })
    expect((await rejection(context.numbers.find(1))).message).to.contain(
      'and as text by its table',
    )
    expect((await context.documents.find(1))?.doc).to.deep.equal({ a: 1 })
    await sql`alter table domains alter n type numeric using n::numeric`.execute(db)
    expect((await context.numbers.find(1))?.n).to.equal('9')
  })

  it('U9: sets read past what a pool has been set to', async () => {
    class Own extends DbContext<{
      own: { id: number; n: string; doc: unknown; big: bigint; at: Date }
    }> {
      readonly own = this.set('own', {
        key: 'id',
        columns: { n: decimal(), doc: json(), big: bigInt(), at: dateTime() },
      })
    }
    const pool = new Pool({ connectionString: fixture.url, max: 1 })
    pool.on('connect', client => {
      for (const oid of [1700, 20]) client.setTypeParser(oid, Number.parseFloat)
      for (const oid of [16, 114, 3802, 1114]) client.setTypeParser(oid, text => `own ${text}`)
    })
    await using context = new Own({ dialect: postgres(pool) })
    await sql`create table own (id integer primary key, n numeric, doc jsonb, big bigint, at timestamp)`.execute(
      context.kysely,
    )
    await sql`insert into own values (1, 12345678901234567890.5, '"1"', 9007199254740993, '2024-02-29 10:00:00')`.execute(
      context.kysely,
    )
    const expected = {
      id: 1,
      n: '12345678901234567890.5',
      doc: '1',
      big: 9007199254740993n,
      at: new Date('2024-02-29T10:00:00Z'),
    }
    expect(await context.own.asNoTracking().toList()).to.deep.equal([expected])
    const built = context.own.build(query => query.where('id', '=', 1)).asNoTracking()
    expect(await built.toList()).to.deep.equal([expected])
    expect([await built.any(), await built.count()]).to.deep.equal([true, 1])
    for await (const row of context.own) expect(row).to.deep.equal(expected)
    const { rows } = await sql<any>`select doc, n from own`.execute(context.kysely)
    expect(rows).to.deep.equal([{ doc: 'own "1"', n: 12345678901234567000 }])
    await context.dispose()
    await pool.end()
  })
})
