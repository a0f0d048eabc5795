import { expect } from 'chai'
import {
  bigInt,
  boolean,
  bytes,
  column,
  createContainer,
  date,
  dateTime,
  DbContext,
  decimal,
  ensureCreated,
  integer,
  InvalidArgumentError,
  json,
  many,
  one,
  oneOf,
  oneOrNone,
  real,
  RegistrationError,
  text,
  time,
  uuid,
  type ColumnValue,
  type InferDatabase,
} from 'mayfly'
import { sqlite } from 'mayfly/sqlite'
import { databases, type EmptyDatabase } from '../support/databases.js'
import { failure } from '../support/deferred.js'

const tables = {
  people: {
    id: integer().generated(),
    name: text(),
    bossId: column('boss', integer()).nullable(),
    version: integer().generated(),
    createdAt: dateTime().generated(),
    role: oneOf('admin', 'guest').default('guest'),
    note: text().default("it's new"),
  },
  things: {
    id: uuid(),
    ownerId: integer(),
    whole: bigInt().nullable(),
    large: bigInt().default(9_007_199_254_740_993n),
    price: decimal({ scale: 2 }),
    cents: decimal({ scale: 2, stored: 'integer' }).default('0.50'),
    free: decimal().nullable(),
    weight: real(),
    isNew: boolean().default(true),
    at: dateTime({ precision: 6 }),
    iso: dateTime({ stored: 'iso' }),
    ms: dateTime({ stored: 'ms' }),
    since: dateTime().default(new Date(Date.UTC(2024, 1, 29, 12, 13, 14, 500))),
    day: date(),
    clock: time({ precision: 3 }),
    data: bytes().nullable(),
    doc: json<{ tags: string[] }>(),
    many: json<number[]>().default([1, 2]),
    long: text(),
  },
  parts: { thingId: uuid(), no: integer(), text: text() },
}

interface Things extends InferDatabase<typeof tables> {}

class ThingsContext extends DbContext<Things> {
  readonly things = this.set('things', {
    key: 'id',
    complete: true,
    columns: tables.things,
    relations: {
      owner: one('people', 'ownerId'),
      parts: many('parts', 'thingId', { onRemove: 'cascade' }),
    },
  })
  readonly parts = this.set('parts', {
    key: ['thingId', 'no'],
    complete: true,
    columns: tables.parts,
    references: { thingId: 'things' },
  })
  readonly people = this.set('people', {
    key: 'id',
    complete: true,
    version: 'version',
    columns: tables.people,
    relations: { boss: oneOrNone('people', 'bossId') },
  })
}

const thing = {
  id: '0b0e8c1c-7d1c-4b8e-9d5a-1d2f3a4b5c6d',
  whole: 2n ** 60n,
  price: '12.50',
  free: '1234.5678',
  weight: 0.1,
  at: '2024-02-29T12:13:14.123456Z',
  iso: new Date(Date.UTC(2024, 1, 29, 1, 2, 3, 4)),
  ms: new Date(Date.UTC(1999, 0, 1)),
  day: '2024-02-29',
  clock: '10:30:00.5',
  data: Buffer.from([0, 1, 255]),
  doc: { tags: ['a', "b'c"] },
  long: 'x'.repeat(100_000),
}

for (const kind of databases) {
  for (const naming of [undefined, 'snake_case'] as const) {
    describe(`the tables of complete sets (${kind.name}${naming ? `, ${naming}` : ''})`, () => {
      let empty: EmptyDatabase
      before(async () => {
        empty = await kind.create('schema')
      })
      after(() => empty.drop())

      it('U14: are made once, for every type of column, with defaults, keys and references', async () => {
        await using container = createContainer().addDbContextFactory('db', ThingsContext, {
          dialect: kind.dialect(empty.url),
          ...(naming && { naming }),
        })
        const { dbFactory } = container.cradle
        await dbFactory.use(async db => {
          await ensureCreated(db)
          await ensureCreated(db)
        })
        await dbFactory.use(async db => {
          const boss = db.people.add({ name: 'Ada' })
          const owner = db.people.add({ name: 'Bob', boss })
          db.things.add({ ...thing, owner })
          db.parts.add({ thingId: thing.id, no: 1, text: 'one' })
          await db.saveChanges()
          expect(owner.bossId).to.equal(boss.id)
          expect(owner).to.include({ role: 'guest', note: "it's new", version: 1 })
          expect(Math.abs(owner.createdAt.getTime() - Date.now())).to.be.below(3_600_000)
        })
        for (let i = 0; i < 3; i++) {
          await dbFactory.use(async db => {
            const [found] = await db.things.include('owner').include('parts').toList()
            const { owner, parts, ownerId, ...values } = found!
            expect({ ...values }).to.deep.equal({
              ...thing,
              cents: '0.50',
              large: 9_007_199_254_740_993n,
              isNew: true,
              since: new Date(Date.UTC(2024, 1, 29, 12, 13, 14, 500)),
              many: [1, 2],
            })
            expect([owner.name, ownerId]).to.deep.equal(['Bob', owner.id])
            expect(parts.map(part => part.text)).to.deep.equal(['one'])
            expect(await db.things.where('at', '=', thing.at).count()).to.equal(1)
            expect(await db.things.where('price', '>', '9.99').count()).to.equal(1)
          })
        }
        await dbFactory.use(async db => {
          db.things.add({ ...thing, id: thing.id.replace('0', '1'), ownerId: 99 })
          expect(await failure(db.saveChanges())).to.include({ kind: 'foreignKey' })
          db.changeTracker.clear()
          const { ownerId } = await db.things.firstOrThrow()
          db.people.remove({ id: ownerId })
          expect(await failure(db.saveChanges())).to.include({ kind: 'foreignKey' })
          db.changeTracker.clear()
          db.things.remove({ id: thing.id })
          await db.saveChanges()
          expect(await db.parts.count()).to.equal(0)
        })
      })
    })
  }
}

for (const kind of databases) {
  it(`U14: tables that refer to each other in a circle are made (${kind.name})`, async () => {
    const circle = {
      hens: { id: integer().generated(), eggId: integer().nullable() },
      eggs: { id: integer().generated(), henId: integer() },
    }
    interface Circle extends InferDatabase<typeof circle> {}
    class CircleContext extends DbContext<Circle> {
      readonly hens = this.set('hens', {
        key: 'id',
        complete: true,
        columns: circle.hens,
        references: { eggId: 'eggs' },
      })
      readonly eggs = this.set('eggs', {
        key: 'id',
        complete: true,
        columns: circle.eggs,
        references: { henId: 'hens' },
      })
    }
    const empty = await kind.create('circle')
    const db = new CircleContext({ dialect: kind.dialect(empty.url) })
    await ensureCreated(db)
    const hen = db.hens.add({})
    await db.saveChanges()
    const insert = (table: 'hens' | 'eggs', values: object) =>
      db.kysely.insertInto(table).values(values).execute()
    const refused = await Promise.allSettled([insert('eggs', { henId: 99 })])
    await insert('eggs', { henId: hen.id })
    refused.push(...(await Promise.allSettled([insert('hens', { eggId: 99 })])))
    const count = refused.filter(({ status }) => status === 'rejected').length
    expect(count).to.equal(kind.family === 'sqlite' ? 2 : 1)
    await db.dispose()
    await empty.drop()
  })
}

describe('tables that cannot be made', () => {
  const dialect = sqlite(':memory:')

  it('a set that does not name every column does not compile, and is an error', async () => {
    class Partial extends DbContext<Things> {
      readonly people = this.set('people', { key: 'id' })
      readonly parts = this.set('parts', {
        key: ['thingId', 'no'],
        complete: true,
        columns: tables.parts,
      })
    }
    await using db = new Partial({ dialect })
    // @ts-expect-error -- people is not complete
    const error = await failure(ensureCreated(db))
    expect(error).to.be.instanceOf(RegistrationError)
    expect(error.message).to.contain('a set that does not: people')
    expect(await failure(ensureCreated(7 as never))).to.be.instanceOf(InvalidArgumentError)
  })

  it('what the set does not say is an error that names the column', async () => {
    const own: ColumnValue<string> = { fromDriver: String, toDriver: String }
    for (const [columns, words] of [
      [{ id: integer().generated(), x: own }, 'odd.x: its type is one of your own'],
      [{ id: integer().generated(), x: text().generated() }, 'odd.x: the database is to make it'],
      [{ id: uuid().generated() }, 'odd.id: the database is to make it'],
      [
        { id: integer(), x: integer().generatedAlways() },
        'odd.x: the database is to make it always',
      ],
    ] as const) {
      class Odd extends DbContext<any> {
        readonly odd = this.set('odd', { key: 'id', complete: true, columns } as never)
      }
      await using db = new Odd({ dialect })
      const error = await failure(ensureCreated(db as never))
      expect(error).to.be.instanceOf(RegistrationError)
      expect(error.message).to.contain(words)
    }
  })
})
