import { expect } from 'chai'
import { sql } from 'kysely'
import {
  bigInt,
  boolean,
  dateTime,
  DbContext,
  decimal,
  integer,
  InvalidArgumentError,
  oneOf,
  real,
  text,
  type Column,
  type ColumnValue,
} from 'mayfly'
import { sqlite } from 'mayfly/sqlite'
import { failure } from '../support/deferred.js'
import { logged } from '../support/logged-dialect.js'

interface Database {
  t: { id: number; v: any }
}

function contextWith(column: ColumnValue<any>): new (options: {
  dialect: any
}) => DbContext<Database> & {
  readonly t: any
} {
  return class One extends DbContext<Database> {
    readonly t = this.set('t', { key: 'id', columns: { v: column } })
  }
}

async function opened(type: string, column: ColumnValue<any>) {
  const { dialect, log } = logged(sqlite(':memory:'))
  const db = new (contextWith(column))({ dialect })
  await sql.raw(`create table t (id integer primary key, v ${type})`).execute(db.kysely)
  log.clear()
  return { db, dialect, log }
}

const ids = async (query: { toList(): Promise<{ id: number }[]> }) =>
  (await query.toList()).map(({ id }) => id)

describe('declared columns on SQLite', () => {
  it('U13: a row of current_timestamp equals itself, and is in the order of time', async () => {
    for (const type of ['text', 'datetime default current_timestamp', 'integer']) {
      const { db } = await opened(type, dateTime())
      await using _ = db
      await sql`insert into t values (1, current_timestamp), (3, '2000-01-01 00:00:00.25')`.execute(
        db.kysely,
      )
      await db.kysely
        .insertInto('t')
        .values([
          { id: 2, v: new Date('2000-01-01T00:00:00.000Z') },
          { id: 4, v: new Date('2000-01-01T00:00:00.200Z') },
        ])
        .execute()

      const last = await db.t.orderByDescending('v').first()
      for (let i = 0; i < 3; i++) {
        expect(await ids(db.t.where('v', '=', last.v))).to.deep.equal([1])
        expect(await ids(db.t.where('v', '<', last.v).orderBy('v'))).to.deep.equal([2, 4, 3])
        expect(
          await ids(
            db.t.where('v', 'in', [last.v, new Date('2000-01-01T00:00:00.250Z')]).orderBy('id'),
          ),
        ).to.deep.equal([1, 3])
      }
    }
  })

  it('U13: a time in a form that was not declared is a named error, and one that was declared is found', async () => {
    const at = new Date('2026-11-20T10:00:00.500Z')
    const forms: [string, string | number, string, ColumnValue<any>][] = [
      ['text', at.toISOString(), "stored: 'iso'", dateTime({ stored: 'iso' })],
      ['integer', at.getTime(), "stored: 'iso' | 'ms'", dateTime({ stored: 'ms' })],
      ['text', '2026-11-20 10:00:00.500', 'no zeros at the end', dateTime()],
      ['date', '2026-11-20', 'date()', dateTime()],
    ]
    for (const [type, value, advice, right] of forms) {
      const { db, dialect } = await opened(type, dateTime())
      await using _ = db
      await sql`insert into t values (1, ${value})`.execute(db.kysely)
      const error = await failure(db.t.find(1))
      expect(error).to.be.instanceOf(InvalidArgumentError)
      expect(error.message)
        .to.match(/^t\.v holds a time in another form/)
        .and.include(advice)
        .and.not.include('2026-11-20 10')

      await using other = new (contextWith(right))({ dialect })
      if (right === dateTime()) continue
      expect(await ids(other.t.where('v', '=', at))).to.deep.equal([1])
      expect((await other.t.find(1)).v).to.deep.equal(at)
    }
  })

  it('U13: decimals are compared and sorted as numbers, and found by what was read', async () => {
    for (const type of ['numeric', 'decimal(20, 8)', 'real', 'integer']) {
      const { db } = await opened(type, decimal())
      await using _ = db
      const values = [
        '9',
        '10.5',
        '-3.25',
        '100',
        '0.0000001',
        '123456789012345',
        '99999999999999.9',
      ]
      for (const [id, v] of values.entries())
        await db.kysely.insertInto('t').values({ id, v }).execute()

      const sorted = await db.t.orderBy('v').toList()
      const numbers = values.map(Number).toSorted((a, b) => a - b)
      expect(sorted.map(({ v }: any) => Number(v))).to.deep.equal(numbers)
      for (const { id, v } of sorted) expect(await ids(db.t.where('v', '=', v))).to.deep.equal([id])
      expect(await db.t.where('v', '>', '9.5').count()).to.equal(4)
      expect(() => db.t.where('v', '=', '90071992547409.93')).to.throw(
        InvalidArgumentError,
        "stored: 'integer'",
      )
      await sql`insert into t values (20, 90071992547409.93)`.execute(db.kysely)
      expect((await failure(db.t.find(20))).message).to.match(
        /^t\.v holds a number of more than 15 digits/,
      )
    }
  })

  it("U13: decimal({ stored: 'integer' }) keeps 18 digits, in their order", async () => {
    const { db } = await opened('integer', decimal({ scale: 2, stored: 'integer' }))
    await using _ = db
    const values = [9007199254740994n, 9007199254740993n, -5n, 1050n, 900n]
    for (const [id, v] of values.entries())
      await db.kysely.insertInto('t').values({ id, v }).execute()

    const sorted = await db.t.orderBy('v').toList()
    expect(sorted.map(({ v }: any) => v)).to.deep.equal([
      '-0.05',
      '9.00',
      '10.50',
      '90071992547409.93',
      '90071992547409.94',
    ])
    for (const { id, v } of sorted) expect(await ids(db.t.where('v', '=', v))).to.deep.equal([id])
    expect(await db.t.where('v', '>', '9.5').count()).to.equal(3)
  })

  const refused: [string, ColumnValue<any>, string][] = [
    [
      'text',
      decimal({ scale: 2 }),
      'v is declared as decimal() by its set, and as TEXT by its table',
    ],
    ['', decimal(), 'and without a type by its table'],
    ['blob', decimal(), 'Make the column numeric'],
    ['varchar(20)', decimal({ scale: 2, stored: 'integer' }), 'Make the column integer'],
    ['real', decimal({ scale: 2, stored: 'integer' }), 'Make the column integer'],
    ['text', dateTime({ stored: 'ms' }), 'Make the column integer'],
    ['text', integer(), '10 before 9'],
    ['text', boolean(), 'Make the column integer'],
    ['clob', real(), 'Make the column integer or real'],
    ['double', bigInt(), 'Make the column integer'],
    ['string', text(), '007 becomes 7'],
    ['integer', oneOf('1', '2'), 'Make the column text'],
  ]
  for (const [type, column, advice] of refused) {
    it(`U13: ${(column as Column<any>).type}() is refused for a column of the type '${type}', at the first use`, async () => {
      const { db } = await opened(type, column)
      await using _ = db
      await sql`insert into t values (1, null)`.execute(db.kysely)
      const uses = [
        () => db.t.find(1),
        () => db.t.toList(),
        () => db.t.count(),
        () => db.t.any(),
        () => db.t.build((query: any) => query.select('v')).first(),
        async () => {
          for await (const _row of db.t);
        },
      ]
      for (const use of uses) {
        const error = await failure(use())
        expect(error).to.be.instanceOf(InvalidArgumentError)
        expect(error.message).to.include(advice)
      }
    })
  }

  it('U13: a table is read once for a data source, by whichever context comes first', async () => {
    const { db, dialect, log } = await opened('numeric', decimal())
    await using _ = db
    await db.t.toList()
    expect(log.lines).to.have.length(2)
    await sql`drop table t`.execute(db.kysely)
    await sql`create table t (id integer primary key, v text)`.execute(db.kysely)
    await using other = new (contextWith(decimal()))({ dialect })
    expect(await other.t.toList()).to.deep.equal([])
  })

  it('U13: a table that was mended is read again, also for a set that comes after the others', async () => {
    const { db, dialect } = await opened('text', decimal())
    await using _ = db
    const remake = async (type: string) => {
      await sql`drop table t`.execute(db.kysely)
      await sql`create table t (id integer primary key, v ${sql.raw(type)})`.execute(db.kysely)
    }
    expect((await failure(db.t.toList())).message).to.include('as TEXT by its table')
    await remake('numeric')
    expect(await db.t.toList()).to.deep.equal([])
    await remake('text')
    class Words extends DbContext<any> {
      readonly t = this.set('t', { key: 'id', columns: { v: text() } })
    }
    await using words = new Words({ dialect })
    expect(await words.t.toList()).to.deep.equal([])
  })

  it('U13: what is not there is left to the statement, and views and schemas are looked at', async () => {
    const { db, dialect } = await opened('text', decimal())
    await using _ = db
    await sql`create view seen as select id, v from t`.execute(db.kysely)
    for (const table of ['main.t', 'seen', 'main.seen', 'SEEN']) {
      class Named extends DbContext<any> {
        readonly named = this.set(table, { key: 'id', columns: { V: decimal() } })
      }
      await using named = new Named({ dialect })
      expect((await failure(named.named.toList())).message).to.include('as TEXT by its table')
    }
    class Missing extends DbContext<any> {
      readonly t = this.set('t', { key: 'id', columns: { w: decimal() } })
      readonly u = this.set('u', { key: 'id', columns: { v: decimal() } })
    }
    await using missing = new Missing({ dialect })
    expect(await missing.t.toList()).to.deep.equal([])
    expect((await failure(missing.u.toList())).message).to.include('The table does not exist')
  })
})
