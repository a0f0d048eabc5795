import { expect } from 'chai'
import { sql } from 'kysely'
import { DbContext, type DbContextOptions } from 'mayfly'
import { RecordingDialect } from '../support/recording-dialect.js'

interface Database {
  rows: { id: number; name: string | null; at: Date }
}

class RowsContext extends DbContext<Database> {
  readonly rows = this.set('rows', { key: 'id' })
  readonly named = this.set('rows', { key: 'id', filter: rows => rows.where('name', '!=', null) })
  readonly raw = this.set('rows', {
    key: 'id',
    filter: rows => rows.where(sql<boolean>`name <> ''`),
  })
}

interface Case {
  readonly of: string
  run(db: RowsContext): unknown
}

const OURS: readonly Case[] = [
  { of: 'find', run: db => db.rows.find(1) },
  { of: 'all rows', run: db => db.rows.toList() },
  { of: 'comparisons', run: db => db.rows.where('id', '>', 1).where('name', 'like', 'a%').first() },
  { of: 'a comparison with null', run: db => db.rows.where('name', '=', null).toList() },
  { of: 'is null', run: db => db.rows.where('name', 'is not', null).toList() },
  { of: 'a list', run: db => db.rows.where('id', 'in', [1, 2, 3]).toList() },
  { of: 'an order', run: db => db.rows.orderBy('name').thenByDescending('id').toList() },
  { of: 'a part', run: db => db.rows.orderBy('id').skip(2).take(3).toList() },
  { of: 'a count', run: db => db.rows.where('id', '<', 3).count() },
  { of: 'a count of a part', run: db => db.rows.orderBy('id').skip(1).take(3).count() },
  { of: 'any', run: db => db.rows.any() },
  { of: 'a filter', run: db => db.named.where('id', '=', 1).first() },
  { of: 'a stream', run: db => all(db.rows.where('id', '=', 1)) },
]

const many = Array.from({ length: 1025 }, (_, i) => i)

const USERS: readonly Case[] = [
  { of: 'build', run: db => db.rows.build(q => q.select('id')).toList() },
  {
    of: 'build, and more',
    run: db =>
      db.rows
        .build(q => q)
        .where('id', '=', 1)
        .first(),
  },
  { of: 'an expression', run: db => db.rows.where(eb => eb('id', '=', 1)).toList() },
  {
    of: 'an expression on the left',
    run: db => db.rows.where(sql`id + 1` as never, '=', 1 as never).toList(),
  },
  {
    of: 'an expression on the right',
    run: db => db.rows.where('id', '=', sql<number>`1`).toList(),
  },
  { of: 'a list with null in it', run: db => db.rows.where('name', 'in', [null]).toList() },
  { of: 'a list too long to come back', run: db => db.rows.where('id', 'in', many).toList() },
  { of: 'a count of an expression', run: db => db.rows.where(sql<boolean>`id = 1`).count() },
  { of: 'a filter with an expression', run: db => db.raw.find(1) },
  { of: 'a stream', run: db => all(db.rows.where(sql<boolean>`id = 1`)) },
  { of: 'kysely', run: db => db.kysely.selectFrom('rows').selectAll().execute() },
  { of: 'raw sql', run: db => sql`select 1`.execute(db.kysely) },
]

describe('a statement and who made it', () => {
  const queries = async ({ run }: Case): Promise<readonly (true | undefined)[]> => {
    const dialect = new RecordingDialect(() => [{ count: 1 }])
    const options: DbContextOptions = { dialect }
    await using db = new RowsContext(options)
    for (let i = 0; i < 3; i++) await run(db)
    return dialect.queries.map(({ ours }) => ours)
  }

  for (const each of OURS) {
    it(`U12: ${each.of}, of names and scalars alone, is ours, each time`, async () => {
      expect(await queries(each)).to.deep.equal([true, true, true])
    })
  }

  for (const each of USERS) {
    it(`U12: ${each.of} is the user's, each time`, async () => {
      expect(await queries(each)).to.deep.equal([undefined, undefined, undefined])
    })
  }
})

describe('lists of values', () => {
  const sent = async (...lists: readonly number[][]) => {
    const dialect = new RecordingDialect()
    await using db = new RowsContext({ dialect })
    for (const list of lists) await db.rows.where('id', 'in', list).where('id', '>', 0).toList()
    return dialect.queries
  }

  it('U12: come in few sizes, the last value repeated', async () => {
    const [query] = await sent([7, 8, 9])
    expect(query!.sql).to.include('`id` in (?, ?, ?, ?) and')
    expect(query!.parameters).to.deep.equal([7, 8, 9, 9, 0])
  })

  it('U12: make eleven texts, whatever their length, up to 1,024 values', async () => {
    const lists = Array.from({ length: 1024 }, (_, i) => Array.from({ length: i + 1 }, () => 7))
    const texts = await sent(...lists)
    expect(new Set(texts.map(query => query.sql))).to.have.lengthOf(11)
    expect(texts.every(({ ours }) => ours)).to.equal(true)
  })

  it('U12: stay as they are beyond', async () => {
    const [query] = await sent(many)
    expect(query!.parameters).to.have.lengthOf(many.length + 1)
  })
})

async function all(rows: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of rows);
}
