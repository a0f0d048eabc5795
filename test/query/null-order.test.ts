import { expect } from 'chai'
import { PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, type Kysely } from 'kysely'
import { DbContext, integer, text } from 'mayfly'
import { databases, ShopContext } from '../support/databases.js'
import { RecordingDialect } from '../support/recording-dialect.js'

interface Database {
  things: { id: number; name: string; note: string | null }
}

class Things extends DbContext<Database> {
  readonly things = this.set('things', {
    key: 'id',
    complete: true,
    columns: { id: integer(), name: text(), note: text().nullable() },
  })
  readonly some = this.set('things', { key: 'id', columns: { name: text() } })
}

/** NULL comes last there when a column ascends. */
class PostgresLike extends RecordingDialect {
  override createAdapter() {
    return new PostgresAdapter() as never
  }

  override createQueryCompiler() {
    return new PostgresQueryCompiler() as never
  }

  override createIntrospector(db: Kysely<any>) {
    return new PostgresIntrospector(db) as never
  }
}

describe('the place of NULL in an order', () => {
  it('U13: is said to PostgreSQL, but for columns that have none', async () => {
    const dialect = new PostgresLike()
    await using db = new Things({ dialect })
    const orders = async (query: { toList(): Promise<unknown> }) => {
      dialect.log.length = 0
      await query.toList()
      return dialect.log.find(line => line.startsWith('select'))!.split(' order by ')[1]
    }

    expect(
      await orders(db.things.orderBy('note').thenByDescending('things.note' as 'note')),
    ).to.equal('"note" asc nulls first, "things"."note" desc nulls last')
    expect(await orders(db.things.orderByDescending('name').thenBy('id'))).to.equal(
      '"name" desc, "id" asc',
    )
    expect(await orders(db.some.orderBy('name').thenByDescending('id'))).to.equal(
      '"name" asc nulls first, "id" desc',
    )
    const joined = db.things.build(query =>
      query.rightJoin('things as other', 'other.id', 'things.id').select('things.id'),
    )
    expect(await orders(joined.orderBy('id'))).to.equal('"id" asc nulls first')
  })

  for (const { name, open } of databases) {
    it(`U13: is before every value, and behind them when it descends (${name})`, async () => {
      const database = await open()
      class Shop extends ShopContext {
        readonly notes = this.set('notes' as 'logs', { key: 'id' })
      }
      await using db = new Shop({ dialect: database.dialect })
      try {
        await database.direct.schema
          .createTable('notes')
          .addColumn('id', 'integer', column => column.primaryKey())
          .addColumn('message', 'varchar(10)')
          .execute()
        const rows = [
          { id: 1, message: 'a' },
          { id: 2, message: null },
          { id: 3, message: '' },
        ]
        await database.direct
          .insertInto('notes' as 'logs')
          .values(rows as never)
          .execute()

        const ids = async (notes: { toList(): Promise<{ id: number }[]> }) =>
          (await notes.toList()).map(({ id }) => id)
        expect(await ids(db.notes.orderBy('message'))).to.deep.equal([2, 3, 1])
        expect(await ids(db.notes.orderByDescending('message'))).to.deep.equal([1, 3, 2])
      } finally {
        await db.dispose()
        await database.close()
      }
    })
  }
})
