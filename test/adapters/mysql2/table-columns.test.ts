import { expect } from 'chai'
import { sql } from 'kysely'
import { bigInt, dateTime, DbContext, decimal, InvalidArgumentError, json, text } from 'mayfly'
import { databases } from '../../support/databases.js'
import { failure } from '../../support/deferred.js'
import { logged } from '../../support/logged-dialect.js'

interface Things {
  things: { id: number; price: string; at: Date; big: bigint; doc: unknown; name: string }
}

class ThingContext extends DbContext<Things> {
  readonly right = this.set('things', {
    key: 'id',
    columns: { price: decimal(), at: dateTime(), big: bigInt(), doc: json(), name: text() },
  })
  readonly prices = this.set('things', { key: 'id', columns: { price: decimal() } })
  readonly times = this.set('things', { key: 'id', columns: { at: dateTime() } })
  readonly numbers = this.set('things', { key: 'id', columns: { big: bigInt() } })
}

for (const kind of databases.filter(({ family }) => family === 'mysql')) {
  describe(`sets and their tables (${kind.name})`, () => {
    it('U13: a column that would sort or be found as something else is told at the first use of its set', async () => {
      const empty = await kind.create('things')
      const { dialect, log } = logged(kind.dialect(empty.url))
      const db = new ThingContext({ dialect })
      const raw = (statement: string) => sql.raw(statement).execute(db.kysely)
      await raw(
        'create table things (id int primary key, price varchar(20), at varchar(30), big text, doc text, name varchar(20))',
      )

      for (const [set, column, type] of [
        [db.prices, 'things.price is declared as decimal() by its set, and as varchar', 'sorts'],
        [db.times, 'things.at is declared as dateTime() by its set, and as varchar', 'datetime(3)'],
        [db.numbers, 'things.big is declared as bigInt() by its set, and as text', 'bigint'],
      ] as const)
        for (const use of [() => set.toList(), () => set.find(1), () => set.count()]) {
          const error = await failure(use())
          expect(error).to.be.instanceOf(InvalidArgumentError)
          expect(error.message).to.include(column).and.include(type)
        }
      expect(await failure(db.prices.toList())).to.be.instanceOf(InvalidArgumentError)
      await raw(
        'alter table things modify price decimal(12, 2), modify at datetime(3), modify big bigint',
      )
      await raw(`insert into things values (1, 9.5, '2026-01-01', 7, '{"a":1}', 'x')`)
      log.clear()
      for (let i = 0; i < 3; i++)
        expect(await db.right.asNoTracking().toList()).to.deep.equal([
          {
            id: 1,
            price: '9.5',
            at: new Date(Date.UTC(2026, 0, 1)),
            big: 7n,
            doc: { a: 1 },
            name: 'x',
          },
        ])
      expect((await db.prices.find(1))!.price).to.equal('9.5')
      await db.dispose()
      await empty.drop()
    })

    it('U13: a temporary table, which the server does not list, is asked for once', async () => {
      const empty = await kind.create('things')
      const db = new ThingContext({ dialect: kind.dialect(empty.url) })
      await using connection = await db.openConnection()
      await sql`create temporary table things (id int primary key, price decimal(12, 2))`.execute(
        db.kysely,
      )
      const questions = async () => {
        const { rows } = await sql<{ Value: string }>`show session status like 'Questions'`.execute(
          db.kysely,
        )
        return Number(rows[0]!.Value)
      }
      expect(await db.prices.toList()).to.deep.equal([])
      const before = await questions()
      for (let i = 0; i < 3; i++) expect(await db.prices.toList()).to.deep.equal([])
      expect((await questions()) - before).to.equal(4)
      await connection[Symbol.asyncDispose]()
      await db.dispose()
      await empty.drop()
    })
  })
}
