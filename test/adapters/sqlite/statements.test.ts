import { expect } from 'chai'
import { DatabaseError, DbContext } from 'mayfly'
import { sqlite } from 'mayfly/sqlite'
import { sql } from 'kysely'
import { failure } from '../../support/deferred.js'

class RowsContext extends DbContext<{ rows: { id: number; name: string | null } }> {
  readonly rows = this.set('rows', { key: 'id' })
}

describe('sqlite: a statement that comes again', () => {
  let db: RowsContext
  beforeEach(async () => {
    db = new RowsContext({ dialect: sqlite(':memory:') })
    await sql`create table rows (id integer primary key, name text)`.execute(db.kysely)
    await sql`insert into rows values (1, 'a'), (2, 'b'), (3, null)`.execute(db.kysely)
  })
  afterEach(() => db.dispose())

  it('U12: answers the first time and the third alike', async () => {
    const { kysely } = db
    const queries = [
      () => sql`select ${7} / ${2} as a, ${7.5} / ${2} as b, typeof(${5}) as c, ${'5'} as d`,
      () => sql`select id % ${2} as r, count(*) as n from rows group by id % ${2} order by 1`,
      () => sql`select case when id > ${1} then ${'x'} else ${Buffer.from('x')} end as v from rows`,
      () => sql`select json_object('a', ${1}, 'b', ${'1'}) as v, ${null} is null as n`,
    ]
    for (const query of queries) {
      const { rows } = await query().execute(kysely)
      for (let i = 0; i < 2; i++) expect((await query().execute(kysely)).rows).to.deep.equal(rows)
    }
  })

  it('U12: gives a column that its table has got since', async () => {
    const find = () => db.rows.asNoTracking().where('id', '=', 1).first()
    for (let i = 0; i < 3; i++) expect(Object.keys((await find())!)).to.have.lengthOf(2)
    await sql`alter table rows add column more integer`.execute(db.kysely)
    for (let i = 0; i < 3; i++) expect(await find()).to.deep.equal({ id: 1, name: 'a', more: null })
  })

  it('U12: takes lists of any length that SQLite takes, padded or not', async () => {
    for (const length of [1, 3, 1000, 1024, 1025, 20_000, 32_766]) {
      const list = Array.from({ length }, (_, i) => i + 3)
      for (let i = 0; i < 3; i++) {
        expect(await db.rows.where('id', 'in', list).count()).to.equal(1)
        expect(await db.rows.where('id', 'not in', list).count()).to.equal(2)
      }
    }
    const tooLong = Array.from({ length: 32_767 }, (_, i) => i)
    const error = await failure(db.rows.where('id', 'in', tooLong).toList())
    expect(error).to.be.instanceOf(DatabaseError)
    expect((error as Error).message).to.match(/^A statement has 32767 values/)
  })
})
