import { expect } from 'chai'
import { sql, type Generated } from 'kysely'
import { column, DbContext, type DbContextOptions } from 'mayfly'
import { databases, type EmptyDatabase } from '../support/databases.js'

interface Town {
  people: { id: Generated<number>; name: string; cityNo: number }
  logs: { id: number; name: string; city_no: number }
  towns: { cityNo: number; name: string }
}

/** Of three tables two have columns of other names. */
class TownContext extends DbContext<Town> {
  readonly people = this.set('people', {
    key: 'id',
    columns: { name: column('person_name'), cityNo: column('city_no') },
  })
  readonly logs = this.set('logs', { key: 'id' })
  readonly towns = this.set('towns', { key: 'cityNo', columns: { cityNo: column('no') } })
}

/** As `TownContext`, with a rule for what it does not say. */
class RuledContext extends DbContext<Town> {
  readonly people = this.set('people', { key: 'id', columns: { name: column('person_name') } })
  readonly towns = this.set('towns', { key: 'cityNo', columns: { cityNo: column('no') } })

  constructor(options: DbContextOptions) {
    super({ ...options, naming: 'snake_case' })
  }
}

/** Its filter says names that another table has, too. */
class FilteredContext extends DbContext<Town> {
  readonly people = this.set('people', {
    key: 'id',
    columns: { name: column('person_name'), cityNo: column('city_no') },
  })
  readonly logs = this.set('logs', {
    key: 'id',
    filter: q =>
      q
        .where('name', '!=', 'y')
        .where(eb => eb.or([eb('id', '>', 0), eb('city_no', 'in', [10, 20])]))
        .startsWith('name', '')
        .where(eb => eb.exists(eb.selectFrom('towns').select('name').where('name', '!=', 'x'))),
  })
}

for (const kind of databases) {
  describe(`names of columns in parts of a statement (${kind.name})`, () => {
    let empty: EmptyDatabase
    let db: TownContext
    beforeEach(async () => {
      empty = await kind.create('parts')
      db = new TownContext({ dialect: kind.dialect(empty.url) })
      for (const text of [
        'create table people (id integer primary key, person_name varchar(20), city_no integer)',
        'create table logs (id integer primary key, name varchar(20), city_no integer)',
        'create table towns (no integer primary key, name varchar(20))',
        "insert into people values (1, 'Ada', 10), (2, 'Bob', 20)",
        "insert into logs values (1, 'Ada', 10), (2, 'x', 10), (3, 'y', 20)",
        "insert into towns values (10, 'Ulm'), (20, 'Bonn')",
      ])
        await sql.raw(text).execute(db.kysely)
    })
    afterEach(async () => {
      await db.dispose()
      await empty.drop()
    })

    it('a name is of the innermost table that may have it', async () => {
      const { kysely } = db
      const inside = await kysely
        .selectFrom('people')
        .where('id', 'in', eb => eb.selectFrom('logs').select('id').where('name', '=', 'x'))
        .select('name')
        .execute()
      expect(inside).to.deep.equal([{ name: 'Bob' }])
      const counted = await kysely
        .selectFrom('people')
        .select(eb => [
          'id',
          eb
            .selectFrom('logs')
            .select(logs => logs.fn.count<number>('name').as('n'))
            .where('name', '=', 'x')
            .as('n'),
        ])
        .orderBy('id')
        .execute()
      expect(counted.map(({ n }) => Number(n))).to.deep.equal([1, 1])
      const both = await kysely
        .selectFrom('people')
        .select('name')
        .union(kysely.selectFrom('logs').select('name').where('name', '=', 'y'))
        .execute()
      expect(both.map(({ name }) => name).toSorted()).to.deep.equal(['Ada', 'Bob', 'y'])
      await kysely
        .insertInto('people')
        .columns(['id', 'name', 'cityNo'])
        .expression(
          kysely.selectFrom('logs').select(['id', 'name', 'city_no']).where('name', '=', 'y'),
        )
        .execute()
      expect(await db.people.find(3)).to.deep.equal({ id: 3, name: 'y', cityNo: 20 })
    })

    it('of an outer one it is where the inner ones cannot have it, or where it is said', async () => {
      const { kysely } = db
      const said = await kysely
        .selectFrom('people')
        .where(eb =>
          eb.exists(eb.selectFrom('logs').select('id').whereRef('logs.name', '=', 'people.name')),
        )
        .select('name')
        .execute()
      expect(said).to.deep.equal([{ name: 'Ada' }])
      const made = await kysely
        .selectFrom('people')
        .where(eb =>
          eb.exists(
            eb
              .selectFrom(eb.selectFrom('logs').select('name as word').as('words'))
              .select('word')
              .whereRef('word', '=', 'name'),
          ),
        )
        .select('name')
        .execute()
      expect(made).to.deep.equal([{ name: 'Ada' }])
    })

    it('what an update writes is of its own table, whatever it reads', async () => {
      const { kysely } = db
      if (kind.family === 'mysql') {
        await kysely
          .updateTable('towns')
          .innerJoin('people', 'people.cityNo', 'towns.cityNo')
          .set({ name: 'Berlin' })
          .where('people.id', '=', 2)
          .execute()
          .then(
            () => expect.fail('MySQL does not say of which table it is'),
            () => undefined,
          )
        return
      }
      await kysely
        .updateTable('towns')
        .from('people')
        .set(eb => ({ name: eb.ref('people.name') }))
        .whereRef('people.cityNo', '=', 'towns.cityNo')
        .execute()
      expect(await db.towns.orderBy('cityNo').toList()).to.deep.equal([
        { cityNo: 10, name: 'Ada' },
        { cityNo: 20, name: 'Bob' },
      ])
    })

    it('a window is ordered and parted by columns, beside names that are made', async () => {
      const ranked = await db.kysely
        .selectFrom('people')
        .select(eb => [
          'id',
          eb.val('z').as('name'),
          eb.fn
            .agg<number>('row_number')
            .over(over => over.orderBy('name', 'desc'))
            .as('place'),
        ])
        .orderBy('place')
        .execute()
      expect(ranked.map(({ id }) => id)).to.deep.equal([2, 1])
      const ordered = await db.kysely
        .selectFrom('people')
        .select('id')
        .orderBy(eb => eb.fn.agg<number>('row_number').over(over => over.orderBy('name', 'desc')))
        .execute()
      expect(ordered.map(({ id }) => id)).to.deep.equal([2, 1])
    })

    it('U6: the filter of a set is about its own columns, whatever is joined to it', async () => {
      await using own = new FilteredContext({ dialect: kind.dialect(empty.url) })
      const joined = own.logs.build(q =>
        q
          .innerJoin('people', 'people.cityNo', 'logs.city_no')
          .select(['logs.id', 'people.name as person']),
      )
      expect(await joined.orderBy('logs.id' as never).toList()).to.deep.equal([
        { id: 1, person: 'Ada' },
        { id: 2, person: 'Ada' },
      ])
      expect(await joined.count()).to.equal(2)
      expect(await joined.any()).to.equal(true)
      expect(await joined.ignoreFilters().count()).to.equal(3)
    })

    it('names that are made come through as many parts as there are', async () => {
      await using ruled = new RuledContext({ dialect: kind.dialect(empty.url) })
      const inner = ruled.kysely.selectFrom('people').selectAll().select('name as nick_name')
      const rows = await ruled.kysely
        .selectFrom(
          ruled.kysely.selectFrom(inner.as('a')).selectAll('a').select('a.id as theId').as('b'),
        )
        .selectAll()
        .where('nick_name', '=', 'Bob')
        .orderBy('theId')
        .execute()
      expect(rows).to.deep.equal([{ id: 2, name: 'Bob', cityNo: 20, nick_name: 'Bob', theId: 2 }])
      const beside = await ruled.kysely
        .selectFrom(inner.as('a'))
        .innerJoin('towns', join => join.onTrue())
        .selectAll('towns')
        .select('nick_name')
        .where('cityNo', '=', 10)
        .where('a.id', '=', 1)
        .execute()
      expect(beside).to.deep.equal([{ cityNo: 10, name: 'Ulm', nick_name: 'Ada' }])
    })
  })
}
