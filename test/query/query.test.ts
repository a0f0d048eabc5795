import { expect } from 'chai'
import { sql } from 'kysely'
import {
  bigInt,
  boolean,
  DbContext,
  decimal,
  InvalidArgumentError,
  json,
  RegistrationError,
} from 'mayfly'
import { databases, ShopContext, type TestDatabase } from '../support/databases.js'
import { failure } from '../support/deferred.js'

for (const { name, family, open, quote: q, placeholder, types } of databases) {
  describe(`sets and queries (${name})`, () => {
    let database: TestDatabase
    let db: ShopContext
    const at = (hour: number) => new Date(Date.UTC(2026, 10, 20, hour, 30, 15, 250))
    /** The statements that were sent, in one line each. */
    const sent = () =>
      database.log.lines.filter(line => !line.endsWith('release')).map(line => line.slice(3))

    beforeEach(async () => {
      database = await open()
      db = new ShopContext({ dialect: database.dialect })
      await database.direct
        .insertInto('users')
        .values([{ name: 'Ada' }, { name: 'Bob' }, { name: 'Cleo' }])
        .execute()
      await db.kysely
        .insertInto('orders')
        .values([
          { userId: 1, amount: '9.50', createdAt: at(1) },
          { userId: 1, amount: '10.25', createdAt: at(1) },
          { userId: 2, amount: '7.00', createdAt: at(2) },
        ])
        .execute()
      database.log.clear()
    })
    afterEach(async () => {
      await db.dispose()
      await database.close()
    })

    it('orders by date, then amount as a number, and takes', async () => {
      const orders = await db.orders
        .orderByDescending('createdAt')
        .thenByDescending('amount')
        .take(2)
        .toList()

      expect(orders.map(order => order.amount)).to.deep.equal(['7.00', '10.25'])
      const desc = family === 'postgres' ? 'desc nulls last' : 'desc'
      expect(sent()).to.deep.equal([
        `select ${q}orders${q}.* from ${q}orders${q} order by ${q}createdAt${q} ${desc}, ${q}amount${q} ${desc} limit ${placeholder(1)}`,
      ])
    })

    it('U9: declared columns have the same values on every dialect', async () => {
      const order = await db.orders.find(2)

      expect(order).to.deep.equal({ id: 2, userId: 1, amount: '10.25', createdAt: at(1) })
    })

    it('U7: find reads from its own table', async () => {
      expect(await db.users.find(2)).to.deep.equal({ id: 2, name: 'Bob' })
      expect((await db.orders.find(2))?.amount).to.equal('10.25')
      expect(await db.users.find(99)).to.equal(undefined)
    })

    it('where: operators, lists, expressions, null, dates', async () => {
      expect(await db.users.where('name', 'in', ['Ada', 'Cleo']).count()).to.equal(2)
      expect(await db.users.where('name', 'like', 'B%').where('id', '>', 1).count()).to.equal(1)
      expect(
        await db.users.where(eb => eb.or([eb('id', '=', 1), eb('name', '=', 'Bob')])).count(),
      ).to.equal(2)
      expect(await db.users.where('name', '=', null as never).count()).to.equal(0)
      expect(await db.users.where('name', '!=', null as never).count()).to.equal(3)
      expect(await db.users.where(sql`name` as never, '!=', null as never).count()).to.equal(3)
      expect(
        await db.users.where(((eb: any) => eb.ref('name')) as never, '=', null as never).count(),
      ).to.equal(0)
      expect(await db.orders.where('createdAt', '=', at(1)).count()).to.equal(2)
      expect(await db.orders.where('createdAt', '>', at(1)).count()).to.equal(1)
      expect(await db.orders.where('amount', '>', '9.75').count()).to.equal(1)
      expect(await db.orders.where('orders.amount', 'in', ['9.50', '7.00']).count()).to.equal(2)
    })

    it('first, any, count, skip, take', async () => {
      expect((await db.users.orderBy('name').first())?.name).to.equal('Ada')
      expect(await db.users.where('id', '=', 99).first()).to.equal(undefined)
      expect([await db.users.any(), await db.users.where('id', '=', 99).any()]).to.deep.equal([
        true,
        false,
      ])
      expect((await db.users.orderBy('id').skip(1).toList()).map(user => user.name)).to.deep.equal([
        'Bob',
        'Cleo',
      ])
      expect(
        (await db.users.orderBy('id').skip(1).take(1).toList()).map(user => user.name),
      ).to.deep.equal(['Bob'])
      expect(await db.users.take(2).count()).to.equal(2)
      expect(await db.users.orderBy('id').skip(2).count()).to.equal(1)
      expect(await db.users.take(0).first()).to.equal(undefined)
    })

    it('a later orderBy replaces an earlier one, and thenBy refines it', async () => {
      const orders = await db.orders
        .orderByDescending('id')
        .orderBy('userId')
        .thenBy('amount')
        .toList()

      expect(orders.map(order => order.id)).to.deep.equal([1, 2, 3])
    })

    it('a query is immutable', async () => {
      const ada = db.users.where('name', '=', 'Ada')
      await ada.where('id', '=', 99).toList()

      expect(await ada.count()).to.equal(1)
      expect(await db.users.count()).to.equal(3)
    })

    it('build: projections, joins and groups; declared columns keep their type, computed values are left alone', async () => {
      const joined = await db.users
        .where('users.id', '=', 1)
        .build(query =>
          query
            .innerJoin('orders', 'orders.userId', 'users.id')
            .select(['users.name', sql<number>`count(*)`.as('orders')])
            .groupBy('users.name'),
        )
        .toList()
      const aliased = await db.orders
        .where('id', '=', 2)
        .build(query =>
          query.select([
            'createdAt as at',
            'orders.amount as price',
            sql<string>`'x'`.as('createdAt'),
          ]),
        )
        .first()
      const groups = await db.orders
        .build(query => query.select('userId').groupBy('userId'))
        .count()
      const whole = await db.users.build(query => query.where('id', '=', 3)).toList()

      // What no column declares is what the driver gives, and pg gives a count as text.
      expect(joined).to.deep.equal([{ name: 'Ada', orders: family === 'postgres' ? '2' : 2 }])
      expect(aliased).to.deep.equal({ at: at(1), price: '10.25', createdAt: 'x' })
      expect(groups).to.equal(2)
      expect(whole).to.deep.equal([{ id: 3, name: 'Cleo' }])

      const computed = await db.orders
        .where('id', '=', 2)
        .build(query => query.selectAll('orders').select(sql<string>`'x'`.as('createdAt')))
        .first()
      expect(computed).to.deep.include({ amount: '10.25', createdAt: 'x' })
    })

    it('U6: the filter applies to every query, reads the fields of the context each time, and is lifted', async () => {
      await db.kysely
        .insertInto('logs')
        .values([
          { message: 'north', timestamp: at(1) },
          { message: 'south', timestamp: at(2) },
        ])
        .execute()
      const all = db.logs
      db.tenant = 'south'
      expect((await all.toList()).map(log => log.message)).to.deep.equal(['south'])
      expect([await all.count(), await all.any(), await all.find(1)]).to.deep.equal([
        1,
        true,
        undefined,
      ])
      db.tenant = 'north'
      expect((await all.find(1))?.timestamp).to.deep.equal(at(1))
      const streamed: string[] = []
      for await (const log of all) streamed.push(log.message)
      expect(streamed).to.deep.equal(['north'])
      expect(await all.ignoreFilters().count()).to.equal(2)
    })

    it('U6: a filter takes no condition away, whatever it gives', async () => {
      class Hidden extends ShopContext {
        readonly ada = this.set('users', {
          key: 'id',
          filter: () => this.users.where('name', '=', 'Ada'),
        })
        readonly two = this.set('users', {
          key: 'id',
          filter: query => query.where(sql<boolean>`name = 'Ada' or name = 'Bob'`),
        })
      }
      await using hidden = new Hidden({ dialect: database.dialect })
      const { ada, two } = hidden

      expect(await ada.find(2)).to.equal(undefined)
      expect(await ada.where('id', '=', 2).toList()).to.deep.equal([])
      expect((await ada.find(1))?.name).to.equal('Ada')
      expect([await ada.count(), await ada.where('id', '>', 1).any()]).to.deep.equal([1, false])
      expect(await two.orderBy('id').toList()).to.have.length(2)
      expect(await two.find(3)).to.equal(undefined)
      expect(await two.where('id', '>', 1).toList()).to.deep.equal([{ id: 2, name: 'Bob' }])
      const raw = sql<boolean>`id = 3 or id = 2`
      expect(await two.where(raw).toList()).to.deep.equal([{ id: 2, name: 'Bob' }])
      expect(await two.build(query => query.where(raw)).toList()).to.deep.equal([
        { id: 2, name: 'Bob' },
      ])
      expect(await ada.where('id', 'in', []).count()).to.equal(0)
    })

    it('U6: a filter that gives no conditions for its rows is a named error, and nothing is sent', async () => {
      await using other = new ShopContext({ dialect: database.dialect })
      const filters: [unknown, string][] = [
        [() => undefined, 'The filter of users gave nothing'],
        [async () => db.users, 'The filter of users gave a promise'],
        [() => true, 'The filter of users gave something that is no query'],
        [() => db.orders, `The filter of users gave DbSet(orders) of ${db.id}`],
        [() => other.users, `The filter of users gave DbSet(users) of ${other.id}`],
        [() => db.users.orderBy('id'), 'The filter of users orders, limits or builds'],
        [() => db.users.take(1), 'The filter of users orders, limits or builds'],
        [
          () => db.users.build(query => query.distinct()),
          'The filter of users orders, limits or builds',
        ],
      ]
      for (const [filter, message] of filters) {
        const users = db.set('users', { key: 'id', filter: filter as never })
        for (const use of [
          () => users.toList(),
          () => users.find(1),
          () => users.count(),
          () => users.any(),
          () => users[Symbol.asyncIterator]().next(),
        ]) {
          const error = await failure(use())
          expect(error).to.be.instanceOf(InvalidArgumentError)
          expect(error.message).to.contain(message)
        }
      }
      expect(sent()).to.deep.equal([])
    })

    it('U13: in nothing is false, not in nothing is true', async () => {
      expect(await db.users.where('id', 'in', []).toList()).to.deep.equal([])
      expect(await db.users.where('id', 'not in', []).count()).to.equal(3)
      expect(await db.orders.where('createdAt', 'in', []).where('id', '=', 1).any()).to.equal(false)
    })

    it('a count leaves the order out, also of rows that build selected', async () => {
      const names = db.users.build(query => query.select('name').distinct()).orderBy('name')
      expect([await names.count(), await names.take(2).count()]).to.deep.equal([3, 2])

      expect(sent().map(line => line.includes('order by'))).to.deep.equal([false, true])
    })

    it('for await gives the rows as they arrive, with their types', async () => {
      const amounts: string[] = []
      for await (const order of db.orders.orderBy('id')) {
        expect(order.createdAt).to.be.instanceOf(Date)
        amounts.push(order.amount)
      }

      expect(amounts).to.deep.equal(['9.50', '10.25', '7.00'])
    })

    it('U9: NaN, undefined and other values that no database stores are refused, and nothing is sent', async () => {
      for (const value of [undefined, Number.NaN, Infinity, new Date(Number.NaN), Symbol('x')]) {
        const error = await failure(
          db.kysely
            .selectFrom('users')
            .where('id', '=', value as never)
            .selectAll()
            .execute(),
        )
        expect(error).to.be.instanceOf(InvalidArgumentError)
        expect(error.message).to.match(
          /^Parameter 1 is .*\. Nothing was sent\. Pass a value, or null for none\. SQL: select/,
        )
      }
      const where = await failure(db.users.where('id', '=', undefined as never).toList())
      expect(where.code).to.equal('MAYFLY_INVALID_ARGUMENT')
      const noValues = [undefined, null, Number.NaN, [1], [], {}, sql`1 or 1=1`, () => 1, Symbol()]
      for (const key of noValues) {
        const error = await failure(db.users.find(key as never))
        expect(error.message).to.contain('find() on users needs one value for its key id')
      }
      expect(sent()).to.deep.equal([])
      expect(await db.users.count()).to.equal(3)
    })

    it('bad arguments are refused where they are given', async () => {
      expect(() => db.users.take(-1)).to.throw(
        InvalidArgumentError,
        'take() takes a whole number of rows, 0 or more.',
      )
      expect(() => db.users.take(Number.NaN)).to.throw(InvalidArgumentError)
      expect(() => db.users.skip(1.5)).to.throw(InvalidArgumentError)
      for (const timeout of [undefined, null, 0, 1.5, 2 ** 31]) {
        expect(() => db.users.commandTimeout(timeout as never)).to.throw(InvalidArgumentError)
      }
      expect(() => db.users.thenBy('id')).to.throw(
        InvalidArgumentError,
        'call orderBy() or orderByDescending() first',
      )
      for (const column of [undefined, '', 'id desc', 'id; drop table users', sql`random()`]) {
        expect(() => db.users.orderBy(column as never)).to.throw(
          InvalidArgumentError,
          'An order of users needs the name of a column',
        )
      }
      for (const left of ['a.b.c.d.e', undefined, 7, {}, () => 'id']) {
        expect(() => db.users.where(left as never, '=', 1 as never)).to.throw(
          InvalidArgumentError,
          'where() on users compares a column',
        )
      }
      expect(() => db.users.orderBy('a.b.c.d.e' as never)).to.throw(InvalidArgumentError)
      for (const operator of ['bogus', '= 1 or 1 =', '+', undefined, ['=']]) {
        expect(() => db.users.where('id', operator as never, 1 as never)).to.throw(
          InvalidArgumentError,
          'where() on users got an operator that compares nothing.',
        )
      }
      expect(() => db.users.where('id', '=', (() => 1) as never)).to.throw(
        InvalidArgumentError,
        'the function gave no expression',
      )
      for (const condition of [true, '1=1', 1, {}, undefined, () => true]) {
        expect(() => db.users.where(condition as never)).to.throw(
          InvalidArgumentError,
          'it got one argument that is no expression',
        )
      }
      for (const value of [{ ref: 'id' }, {}, new Map()]) {
        expect(() => db.users.where('id', '=', value as never)).to.throw(
          InvalidArgumentError,
          'got an object for a value',
        )
      }
      expect(sent()).to.deep.equal([])
      expect(() => db.orders.where('createdAt', '=', 'yesterday' as never)).to.throw(
        InvalidArgumentError,
        'orders.createdAt takes a valid Date of the years 0 to 9999.',
      )
      expect(() => db.set('' as 'users', { key: 'id' })).to.throw(RegistrationError)
      expect(() => db.set('users', {} as never)).to.throw(
        RegistrationError,
        'needs the column that identifies a row',
      )
    })

    it('an unknown column and an unknown table are named errors', async () => {
      const column = await failure(db.users.where('nmae' as 'name', '=', 'Ada').toList())
      const table = await failure(
        db.kysely
          .selectFrom('nothing' as 'users')
          .selectAll()
          .execute(),
      )

      expect([column.code, column.kind]).to.deep.equal(['MAYFLY_DATABASE', 'unknownColumn'])
      expect(column.message).to.contain('nmae')
      expect(column.message).not.to.contain('Ada')
      expect(table.kind).to.equal('unknownTable')
      expect(table.message).to.contain('nothing')
      expect(column.cause).to.be.instanceOf(Error)
    })

    it('a key that exists is a named error without its value', async () => {
      const error = await failure(db.kysely.insertInto('users').values({ name: 'Ada' }).execute())

      expect(error.kind).to.equal('unique')
      expect(error.message).to.match(/^A row with this key exists already.*SQL: insert into/)
      expect(error.message).not.to.contain('Ada')
    })

    it('U9: boolean, bigInt and json are the same everywhere', async () => {
      interface Things {
        things: {
          id: number
          active: boolean
          big: bigint
          data: { list: number[] } | null
          price: string
        }
      }
      class ThingsContext extends DbContext<Things> {
        readonly things = this.set('things', {
          key: 'id',
          columns: { active: boolean(), big: bigInt(), data: json(), price: decimal() },
        })
      }
      await using things = new ThingsContext({ dialect: database.dialect })
      await sql
        .raw(
          `create table things (id integer primary key, active boolean, big bigint, data ${types.json}, price decimal(20, 4))`,
        )
        .execute(things.kysely)
      await things.kysely
        .insertInto('things')
        .values([
          {
            id: 1,
            active: true,
            big: 9007199254740993n,
            data: '{"list":[1,2]}' as never,
            price: '12.50',
          },
          { id: 2, active: false, big: 5n, data: null, price: '7' },
        ])
        .execute()

      for (let i = 0; i < 3; i++) {
        expect(await things.things.orderBy('id').toList()).to.deep.equal([
          { id: 1, active: true, big: 9007199254740993n, data: { list: [1, 2] }, price: '12.5' },
          { id: 2, active: false, big: 5n, data: null, price: '7' },
        ])
      }
      expect(
        (await things.things.where('active', '=', true).toList()).map(thing => thing.id),
      ).to.deep.equal([1])
      expect(
        (await things.things.where('big', '=', 9007199254740993n).toList()).map(thing => thing.id),
      ).to.deep.equal([1])
    })

    it('C5: sets, queries and kysely that were taken before the end are dead after it', async () => {
      const { users, kysely } = db
      const query = users.where('id', '=', 1)
      const compiled = kysely.selectFrom('users').selectAll()
      await db.dispose()

      for (const use of [
        () => users.toList(),
        () => users.find(1),
        () => query.first(),
        () => query.count(),
        () => query.any(),
        () => query[Symbol.asyncIterator]().next(),
        () => compiled.execute(),
        () => kysely.transaction().execute(async () => 1),
      ]) {
        const error = await failure(use())
        expect(error.code).to.equal('MAYFLY_CONTEXT_DISPOSED')
        expect(error.message).to.match(
          /^ShopContext#\d+ was used after its end: it was disposed by its owner\./,
        )
      }
      expect(() => users.where('id', '=', 1)).to.throw('was used after its end')
      expect(() => query.take(1)).to.throw('was used after its end')
    })
  })
}
