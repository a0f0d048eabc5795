import { expect } from 'chai'
import { sql } from 'kysely'
import {
  dateTime,
  DbContext,
  integer,
  RegistrationError,
  text,
  UpdateConcurrencyError,
  type InferDatabase,
} from 'mayfly'
import { sqlite } from 'mayfly/sqlite'
import { databases, type EmptyDatabase } from '../support/databases.js'
import { failure } from '../support/deferred.js'
import { logged, type ConnectionLog } from '../support/logged-dialect.js'

const tables = {
  timed: { id: integer(), name: text(), at: dateTime().generated() },
  exact: { id: integer(), name: text(), at: dateTime({ precision: 6 }).generated() },
  counted: { id: integer(), name: text(), row: integer().generatedAlways() },
}

class Kinds extends DbContext<InferDatabase<typeof tables>> {
  readonly timed = this.set('timed', {
    key: 'id',
    version: 'at',
    complete: true,
    columns: tables.timed,
  })
  readonly exact = this.set('exact', {
    key: 'id',
    version: 'at',
    complete: true,
    columns: tables.exact,
  })
  readonly counted = this.set('counted', {
    key: 'id',
    version: 'row',
    complete: true,
    columns: tables.counted,
  })
}

/** Versions that every clock has left behind. */
const LONG_AGO = {
  timed: { at: new Date(Date.UTC(2020, 0, 1)) },
  exact: { at: '2020-01-01T00:00:00.000000Z' },
  counted: {},
}

for (const kind of databases) {
  describe(`versions that are no numbers of Mayfly's (${kind.name})`, () => {
    let empty: EmptyDatabase
    let log: ConnectionLog
    let db: Kinds
    let another: () => Kinds
    beforeEach(async () => {
      empty = await kind.create('versions')
      const made = logged(kind.dialect(empty.url))
      log = made.log
      another = () => new Kinds({ dialect: made.dialect })
      db = another()
      const { quote: q, family } = kind
      const time = { sqlite: 'text', mysql: 'datetime(6)', postgres: 'timestamp(6)' }[family]
      for (const statement of [
        `create table timed (id integer primary key, name varchar(20) unique, ${q}at${q} ${time.replace('6', '3')} not null)`,
        `create table exact (id integer primary key, name varchar(20) unique, ${q}at${q} ${time} not null)`,
        `create table counted (id integer primary key, name varchar(20) unique, ${q}row${q} integer not null default 1)`,
        ...{
          sqlite: [
            'create trigger moves after update of name on counted begin update counted set "row" = old."row" + 1 where id = new.id; end',
          ],
          mysql: [
            'create trigger moves before update on counted for each row set new.`row` = old.`row` + 1',
          ],
          postgres: [
            'create function move() returns trigger language plpgsql as $$ begin new."row" = old."row" + 1; return new; end $$',
            'create trigger moves before update on counted for each row execute function move()',
          ],
        }[family],
      ])
        await sql.raw(statement).execute(db.kysely)
    })
    afterEach(async () => {
      await db.dispose()
      await empty.drop()
    })

    for (const [name, version] of [
      ['timed', 'at'],
      ['exact', 'at'],
      ['counted', 'row'],
    ] as const) {
      it(`U5: ${name}: each save moves it on, and tells of another's change, of one row or several`, async () => {
        const set = (context: Kinds) => context[name] as any
        const mine = set(db).addRange([1, 2, 3].map(id => ({ id, name: `n${id}` }))) as any[]
        expect(await db.saveChanges()).to.equal(3)
        await using other = another()
        const theirs: any[] = await set(other).orderBy('id').toList()
        expect(theirs).to.deep.equal(mine)

        let before = mine.map(row => row[version])
        for (let round = 0; round < 5; round++) {
          for (const row of mine) row.name = `n${row.id} ${round}`
          expect(await db.saveChanges()).to.equal(3)
          const after = mine.map(row => row[version])
          for (const [i, value] of after.entries()) expect(value > before[i]).to.equal(true)
          before = after
        }
        await using reader = another()
        expect(await set(reader).orderBy('id').toList()).to.deep.equal(mine)

        theirs[1].name = 'x'
        expect(await failure(other.saveChanges())).to.be.instanceOf(UpdateConcurrencyError)
        theirs[0].name = 'y'
        const lost = await failure(other.saveChanges())
        expect(lost.entities).to.have.members([theirs[0], theirs[1]])
        for (const row of lost.entities) await other.entry(row).reload()
        theirs[1].name = 'x'
        expect(await other.saveChanges()).to.equal(1)
        set(db).remove(mine[1])
        expect(await failure(db.saveChanges())).to.be.instanceOf(UpdateConcurrencyError)
      })

      it(`U10: ${name}: is moved on by executeUpdate, upsert and an update without it`, async () => {
        const set = (context: Kinds) => context[name] as any
        const [one, two, three] = set(db).addRange(
          [1, 2, 3].map(id => ({ id, name: `n${id}`, ...LONG_AGO[name] })),
        ) as any[]
        await db.saveChanges()
        await using other = another()
        await set(other).where('id', '=', 1).executeUpdate({ name: 'a' })
        const written = set(other).upsert({ id: 2, name: 'b' })
        await other.saveChanges()
        set(other).update({ id: 3, name: 'c' })
        await other.saveChanges()
        expect(written[version] > two[version]).to.equal(true)
        for (const row of [one, two, three]) {
          row.name = `mine ${row.id}`
          expect(await failure(db.saveChanges())).to.be.instanceOf(UpdateConcurrencyError)
          await db.entry(row).reload()
        }
      })
    }

    it('U5: a time is always a later one, whatever the clock says', async () => {
      const future = new Date(Date.UTC(2200, 0, 1))
      const row = db.timed.add({ id: 1, name: 'a', at: future })
      const exact = db.exact.add({ id: 1, name: 'a', at: '2200-01-01T00:00:00.000999Z' })
      await db.saveChanges()
      row.name = exact.name = 'b'
      await db.saveChanges()
      expect(row.at).to.deep.equal(new Date(future.getTime() + 1))
      expect(exact.at).to.equal('2200-01-01T00:00:00.001000Z')
    })

    it('U5: what the database makes is read in the same transaction, for all rows of a statement at once', async () => {
      const rows = db.counted.addRange([1, 2, 3].map(id => ({ id, name: `n${id}` })))
      await db.saveChanges()
      log.clear()
      for (const row of rows) row.name += '!'
      await db.saveChanges()
      const sent = log.lines.map(line => line.replace(/^\d+: (\w+).*/, '$1'))
      expect(sent.filter(word => word !== 'release')).to.deep.equal([
        'begin',
        sent[1],
        'select',
        'commit',
      ])
      expect(rows.map(({ row }) => row)).to.deep.equal([2, 2, 2])
      await failure(
        db.transaction(async () => {
          rows[0]!.name = 'x'
          await db.saveChanges()
          expect(rows[0]!.row).to.equal(3)
          throw new Error('no')
        }),
      )
      expect(rows[0]!.row).to.equal(2)
      expect(await db.saveChanges()).to.equal(1)
      expect(rows[0]!.row).to.equal(3)
    })
  })
}

describe('versions', () => {
  it('are whole numbers, times, or what the database makes', () => {
    class Wrong extends DbContext<any> {
      readonly rows = this.set(
        'rows' as never,
        { key: 'id', version: 'v', columns: { v: text() } } as never,
      )
    }
    expect(() => new Wrong({ dialect: sqlite(':memory:') })).to.throw(
      RegistrationError,
      'or a time, dateTime()',
    )
  })
})
