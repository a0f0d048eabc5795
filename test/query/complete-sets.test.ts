import { expect } from 'chai'
import { sql } from 'kysely'
import {
  bigInt,
  boolean,
  bytes,
  dateTime,
  DbContext,
  decimal,
  integer,
  InvalidArgumentError,
  json,
  real,
  RegistrationError,
  text,
  type InferDatabase,
} from 'mayfly'
import { sqlite } from 'mayfly/sqlite'
import { databases, type TestDatabase } from '../support/databases.js'
import { failure } from '../support/deferred.js'

const tables = {
  things: {
    id: integer().generated(),
    name: text(),
    note: text().nullable(),
    big: bigInt(),
    active: boolean(),
    price: decimal({ scale: 2 }),
    weight: real(),
    photo: bytes().nullable(),
    data: json<{ list: number[] }>(),
    at: dateTime().fixed(),
  },
}
interface Database extends InferDatabase<typeof tables> {}

class Things extends DbContext<Database> {
  readonly things = this.set('things', { key: 'id', complete: true, columns: tables.things })
  readonly some = this.set('things', { key: 'id', columns: { name: text() } })
}

for (const { name, open, quote: q, placeholder, types } of databases) {
  describe(`complete sets (${name})`, () => {
    let database: TestDatabase
    let db: Things
    const sent = () =>
      database.log.lines.filter(line => !line.endsWith('release')).map(line => line.slice(3))
    const row = {
      name: 'lamp',
      note: null,
      big: 9007199254740993n,
      active: true,
      price: '12.50',
      weight: 0.1,
      photo: Buffer.from([0, 255, 39]),
      data: '{"list":[1,2]}',
      at: new Date(Date.UTC(2026, 10, 20, 8, 30, 15, 250)),
    }

    beforeEach(async () => {
      database = await open()
      db = new Things({ dialect: database.dialect })
      await sql
        .raw(
          `create table things (id ${types.id}, name varchar(100), note varchar(100), big bigint, active boolean,
            price decimal(12, 2), weight ${types.double}, photo ${types.bytes}, data ${types.json}, at ${types.dateTime}, secret varchar(100) default 'x')`,
        )
        .execute(db.kysely)
      await db.kysely.insertInto('things').values(row).execute()
      database.log.clear()
    })
    afterEach(async () => {
      await db.dispose()
      await database.close()
    })

    it('U14: reads the columns that it names and no others, with their values, by every way', async () => {
      const expected = { id: 1, ...row, data: { list: [1, 2] } }

      expect(await db.things.find(1)).to.deep.equal(expected)
      expect(await db.things.toList()).to.deep.equal([expected])
      expect(await db.things.orderBy('at').first()).to.deep.equal(expected)
      for await (const thing of db.things) expect(thing).to.deep.equal(expected)
      const built = db.things.build(query => query.where('price', '>', '1'))
      expect(await built.toList()).to.deep.equal([expected])
      const names = Object.keys(tables.things).map(column => `${q}things${q}.${q}${column}${q}`)
      expect(sent()[0]).to.equal(
        `select ${names.join(', ')} from ${q}things${q} where ${q}id${q} = ${placeholder(1)} limit 1`,
      )
      expect(await db.things.count()).to.equal(1)
      expect(await db.things.where('at', '=', row.at).where('at', '<=', row.at).count()).to.equal(1)
      expect(await db.things.where('at', '>', row.at).any()).to.equal(false)
      expect(await db.some.find(1)).to.have.property('secret', 'x')
    })

    it('U14: refuses a name that it does not have, and sends nothing', async () => {
      for (const use of [
        () => db.things.where('secret' as 'name', '=', 'x'),
        () => db.things.where('things.secret' as 'name', '=', 'x'),
        () => db.things.where('constructor' as 'name', '=', 'x'),
        () => db.things.orderBy('secret' as 'name'),
        () => db.things.orderByDescending('toString' as 'name'),
        () => db.things.orderBy('id').thenBy('secret' as 'name'),
      ])
        expect(use).to.throw(InvalidArgumentError, 'It names id, name, note')
      expect(await db.things.where('things.name', '=', 'lamp').orderBy('at').count()).to.equal(1)
      const joined = db.things
        .build(query =>
          query.innerJoin('things as other', 'other.id', 'things.id').select('other.id'),
        )
        .where('other.id' as 'id', '=', 1)
      expect(await joined.toList()).to.deep.equal([{ id: 1 }])
      expect(sent()).to.have.length(2)
    })

    it('U14: a NULL where none is allowed is a named error', async () => {
      await sql.raw('update things set name = null').execute(db.kysely)

      for (const use of [() => db.things.find(1), () => db.things.toList()]) {
        const error = await failure(use())
        expect(error).to.be.instanceOf(InvalidArgumentError)
        expect(error.message).to.equal(
          'things.name holds NULL; declare it as nullable(), or mend the rows.',
        )
      }
      // What is computed may be NULL, and a set that is not complete says nothing of it.
      expect(await db.things.build(query => query.select('name')).toList()).to.deep.equal([
        { name: null },
      ])
      expect(await db.some.find(1)).to.have.property('name', null)
    })

    it('U9: a key that its column does not take is refused before anything is sent', async () => {
      for (const key of ['1 or 1=1', '1', 1.5, Number.NaN, [1], { id: 1 }]) {
        const error = await failure(db.things.find(key as never))
        expect(error).to.be.instanceOf(InvalidArgumentError)
        expect(error.message).to.equal('things.id takes a whole number.')
      }
      const cycle: Record<string, unknown> = {}
      cycle['self'] = cycle
      for (const value of [cycle, { big: 1n }])
        expect(() => db.things.where('data', '=', value as never)).to.throw(
          InvalidArgumentError,
          'things.data takes something that JSON can express',
        )
      expect(sent()).to.deep.equal([])
    })
  })
}

describe('the declaration of a set', () => {
  it('U14: what cannot work is refused when it is made', async () => {
    await using db = new Things({ dialect: sqlite(':memory:') })
    const set = (options: object) => () => db.set('things', options as never)

    for (const columns of [undefined, {}, { name: text() }])
      expect(set({ key: 'id', complete: true, columns })).to.throw(
        RegistrationError,
        'The set "things" of Things is complete, but does not name the column of its key, id.',
      )
    expect(set({ key: 'id', complete: 'yes' })).to.throw(RegistrationError, 'true or false')
    for (const column of [null, 'text', {}, text])
      expect(set({ key: 'id', columns: { name: column } })).to.throw(
        RegistrationError,
        'no column type for name',
      )
    expect(set({ key: 'id', colums: {} })).to.throw(RegistrationError, 'columns')
    expect(set({ key: 'id', filter: 'tenant' })).to.throw(RegistrationError, 'filter')
  })
})
