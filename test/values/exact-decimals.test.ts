import { expect } from 'chai'
import { sql } from 'kysely'
import { DbContext, decimal } from 'mayfly'
import { databases } from '../support/databases.js'

interface Database {
  sums: { id: number; sum: string }
}

class Sums extends DbContext<Database> {
  readonly sums = this.set('sums', { key: 'id', columns: { sum: decimal({ scale: 4 }) } })
}

/** Two neighbours that are one floating point number, and others around them. */
const VALUES = [
  '90071992547409931.9301',
  '90071992547409931.9302',
  '-12345678901234567890.0001',
  '9.0000',
  '10.5000',
]

for (const { name, family, create, dialect: dialectFor } of databases) {
  // SQLite refuses so many digits: the tests of its own values.
  if (family === 'sqlite') continue
  describe(`decimals of many digits (${name})`, () => {
    it('U13: find themselves alone, by every way, and are in their order', async () => {
      const empty = await create('sums')
      const db = new Sums({ dialect: dialectFor(empty.url) })
      try {
        await sql`create table sums (id integer primary key, sum decimal(30, 4))`.execute(db.kysely)
        for (const [id, sum] of VALUES.entries())
          await db.kysely.insertInto('sums').values({ id, sum }).execute()
        for (const [id, sum] of VALUES.entries()) {
          const ways = [
            db.sums.where('sum', '=', sum),
            db.sums.where('sum', 'in', [sum]),
            db.sums.where('sum', 'in', [sum, '0.0001', '7']),
            db.sums.build(query => query.selectAll()).where('sum', 'in', [sum, '0.0001', '7']),
            db.sums
              .build(query => query.selectAll())
              .where('sum', '<=', sum)
              .where('sum', '>=', sum),
            db.sums.where('sum', '>=', sum).where('sum', '<=', sum),
            db.sums.build(query => query.selectAll()).where('sum', '=', sum),
          ]
          for (const way of ways)
            for (let i = 0; i < 3; i++) expect(await way.toList()).to.deep.equal([{ id, sum }])
        }
        const sorted = await db.sums.orderBy('sum').toList()
        expect(sorted.map(({ id }) => id)).to.deep.equal([2, 3, 4, 0, 1])
      } finally {
        await db.dispose()
        await empty.drop()
      }
    })
  })
}
