import { expect } from 'chai'
import { Kysely, MysqlDialect, sql } from 'kysely'
import { createPool } from 'mysql2'
import { DbContext } from 'mayfly'
import { mysql } from 'mayfly/mysql2'
import { createDatabase, mysqlServers, type TestDatabase } from '../../support/mysql-run.js'
import { QUERIES, TABLES } from './kysely-queries.js'

/** What Mayfly gives a pool of its own, for one of Kysely's. */
const OPTIONS = { timezone: 'Z', supportBigNumbers: true, jsonStrings: true } as const

class ShopContext extends DbContext<any> {}

for (const server of mysqlServers) {
  describe(`kysely over mysql2, as with Kysely's own dialect: ${server.flavour}`, () => {
    let database: TestDatabase
    let theirs: Kysely<any>
    let ours: ShopContext

    before(async () => {
      database = await createDatabase('kysely', await server.url())
      const pool = createPool({ uri: database.url, ...OPTIONS })
      pool.on('connection', connection => void connection.query("set time_zone = '+00:00'"))
      theirs = new Kysely({ dialect: new MysqlDialect({ pool }) })
      ours = new ShopContext({ dialect: mysql(database.url) })
      for (const statement of TABLES) await sql.raw(statement).execute(theirs)
    })

    after(async () => {
      await ours?.dispose()
      await theirs?.destroy()
      await database?.drop()
    })

    for (const [name, query] of Object.entries(QUERIES)) {
      it(`U12: ${name}: the same rows, the first time and the third`, async () => {
        const expected = await query(theirs)
        for (let i = 0; i < 3; i++) expect(await query(ours.kysely)).to.deep.equal(expected)
      })
    }

    it('U12: any DOUBLE has all of its digits, where mysql2 loses the last one', async () => {
      const values = Array.from({ length: 500 }, (_, i) => Math.fround(i * 0.37) * Math.PI)
      for (let i = 0; i < 3; i++) {
        const rows = values.map(v => sql`select ${sql.raw(`${v}e0`)} as v`)
        const found = await sql<{ v: number }>`${sql.join(rows, sql` union all `)}`.execute(
          ours.kysely,
        )
        expect(found.rows.map(({ v }) => v)).to.deep.equal(values)
      }
    })
  })
}
