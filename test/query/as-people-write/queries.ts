import { sql, type Kysely } from 'kysely'
import type { Flavour, PeopleDatabase } from './schema.js'

type Run = (db: Kysely<PeopleDatabase>, flavour: Flavour) => Promise<unknown>

// PostgreSQL cannot guess the type of a value that stands alone.
const cast = (f: Flavour) => sql.raw(f.family === 'postgres' ? '::integer' : '')
const real = (f: Flavour) => sql.raw(f.family === 'postgres' ? '::float8' : '')

/** Queries as people write them with Kysely. Each gives its rows in an order that it names. */
export const queries: Record<string, Run> = {
  // Reads
  'all columns of a table': db => db.selectFrom('customers').selectAll().orderBy('id').execute(),
  'one row by key': db =>
    db.selectFrom('orders').selectAll().where('id', '=', 7).executeTakeFirst(),
  'no row by key': db =>
    db.selectFrom('orders').selectAll().where('id', '=', 7000).executeTakeFirst(),
  'a constant': db => db.selectNoFrom(eb => eb.lit(1).as('one')).execute(),
  'renamed columns': db =>
    db
      .selectFrom('customers as c')
      .select(['c.id as key', 'c.name as who'])
      .orderBy('c.id')
      .execute(),
  'distinct values': db =>
    db.selectFrom('customers').select('city').distinct().orderBy('city').execute(),
  'distinct with an order by an expression': db =>
    db
      .selectFrom('customers')
      .select(eb => eb.fn<string>('upper', ['city']).as('town'))
      .distinct()
      .where('city', 'is not', null)
      .orderBy('town')
      .execute(),
  'a page': db => db.selectFrom('orders').selectAll().orderBy('id').limit(5).offset(10).execute(),
  'a page with its last rows missing': db =>
    db.selectFrom('orders').select('id').orderBy('id').limit(10).offset(15).execute(),

  // Conditions
  'an IN list': db =>
    db.selectFrom('orders').select('id').where('id', 'in', [3, 1, 2]).orderBy('id').execute(),
  'an IN list of texts': db =>
    db
      .selectFrom('customers')
      .select('id')
      .where('name', 'in', ["O'Hara", '雪', 'back\\slash', "' or 1 = 1 -- "])
      .orderBy('id')
      .execute(),
  'NOT IN': db =>
    db.selectFrom('orders').select('id').where('id', 'not in', [1, 2]).orderBy('id').execute(),
  between: db =>
    db
      .selectFrom('products')
      .select('title')
      .where(eb => eb.between('price', 7, 50))
      .orderBy('id')
      .execute(),
  'LIKE with an escape': db =>
    db
      .selectFrom('products')
      .select('title')
      .where(sql<boolean>`title like ${'100!%%'} escape '!'`)
      .execute(),
  'LIKE with a quote and a backslash': db =>
    db
      .selectFrom('orders')
      .select('id')
      .where('note', 'like', "%'quoted'%")
      .orderBy('id')
      .execute(),
  'is null and is not null': db =>
    db
      .selectFrom('customers')
      .select('id')
      .where(eb => eb.or([eb('city', 'is', null), eb('email', 'is', null)]))
      .orderBy('id')
      .execute(),
  'and, or, not': db =>
    db
      .selectFrom('orders')
      .select('id')
      .where(eb =>
        eb.and([
          eb.or([eb('status', '=', 'paid'), eb('total', '>', 50)]),
          eb.not(eb('customerId', '=', 1)),
        ]),
      )
      .orderBy('id')
      .execute(),
  'a boolean': (db, f) =>
    db.selectFrom('customers').select('id').where('vip', '=', f.flag(true)).orderBy('id').execute(),
  'bytes in a condition': (db, f) =>
    db.selectFrom('customers').select('name').where('avatar', '=', f.bytes('00ff27015c')).execute(),
  'a time in a condition': (db, f) =>
    db
      .selectFrom('orders')
      .select(['id', 'placedAt'])
      .where('placedAt', '>=', f.at('2024-04-01T00:00:00.000Z'))
      .orderBy('placedAt')
      .execute(),
  'the equal time': (db, f) =>
    db
      .selectFrom('orders')
      .select('id')
      .where('placedAt', '=', f.at('2024-01-10T10:05:00.125Z'))
      .execute(),
  'columns compared': db =>
    db
      .selectFrom('orders')
      .innerJoin('customers', 'customers.id', 'orders.customerId')
      .select('orders.id')
      .whereRef('orders.placedAt', '>', 'customers.joinedAt')
      .orderBy('orders.id')
      .execute(),

  // Joins
  'an inner join': db =>
    db
      .selectFrom('orders')
      .innerJoin('customers', 'customers.id', 'orders.customerId')
      .select(['orders.id', 'customers.name', 'orders.total'])
      .orderBy('orders.id')
      .execute(),
  'a left join with nothing on the right': db =>
    db
      .selectFrom('customers')
      .leftJoin('orders', 'orders.customerId', 'customers.id')
      .select(['customers.id', 'orders.id as orderId'])
      .where('orders.id', 'is', null)
      .orderBy('customers.id')
      .execute(),
  'a join with a value in its condition': db =>
    db
      .selectFrom('customers')
      .leftJoin('orders', join =>
        join.onRef('orders.customerId', '=', 'customers.id').on('orders.status', '=', 'paid'),
      )
      .select(['customers.id', 'orders.id as orderId'])
      .orderBy('customers.id')
      .orderBy('orders.id')
      .execute(),
  'a join with a derived table': db =>
    db
      .selectFrom('customers')
      .innerJoin(
        eb =>
          eb
            .selectFrom('orders')
            .select(n => ['customerId', n.fn.sum('total').as('spent')])
            .where('status', '=', 'paid')
            .groupBy('customerId')
            .as('s'),
        join => join.onRef('s.customerId', '=', 'customers.id'),
      )
      .select(['customers.name', 's.spent'])
      .orderBy('customers.id')
      .execute(),
  'three tables': db =>
    db
      .selectFrom('items')
      .innerJoin('orders', 'orders.id', 'items.orderId')
      .innerJoin('products', 'products.id', 'items.productId')
      .select(['items.id', 'products.title', 'orders.status', 'items.quantity'])
      .where('items.quantity', '>', 2)
      .orderBy('items.id')
      .execute(),

  // Aggregates
  'count, sum, avg, min, max': db =>
    db
      .selectFrom('orders')
      .select(eb => [
        eb.fn.countAll().as('n'),
        eb.fn.sum('total').as('sum'),
        eb.fn.avg('total').as('avg'),
        eb.fn.min('total').as('min'),
        eb.fn.max('total').as('max'),
      ])
      .execute(),
  'aggregates of nothing': db =>
    db
      .selectFrom('orders')
      .select(eb => [eb.fn.countAll().as('n'), eb.fn.sum('total').as('sum')])
      .where('id', '<', 0)
      .execute(),
  'the latest time': db =>
    db
      .selectFrom('orders')
      .select(eb => eb.fn.max('placedAt').as('last'))
      .execute(),
  'count distinct': db =>
    db
      .selectFrom('orders')
      .select(eb => eb.fn.count('customerId').distinct().as('n'))
      .execute(),
  'a group by a column': db =>
    db
      .selectFrom('orders')
      .select(eb => ['status', eb.fn.countAll().as('n'), eb.fn.sum('total').as('sum')])
      .groupBy('status')
      .orderBy('status')
      .execute(),
  // PostgreSQL takes two parameters for two values, which is no group by.
  'a group by an expression with a value': (db, f) => {
    const one = f.family === 'postgres' ? sql.lit(1) : sql.val(1)
    return db
      .selectFrom('orders')
      .select(eb => [eb('customerId', '+', one).as('next'), eb.fn.countAll().as('n')])
      .groupBy(eb => eb('customerId', '+', one))
      .orderBy('next')
      .execute()
  },
  'a group by a month': (db, f) =>
    db
      .selectFrom('orders')
      .select(eb => [f.month('placedAt').as('month'), eb.fn.countAll().as('n')])
      .groupBy('month')
      .orderBy('month')
      .execute(),
  'a group by a year': (db, f) =>
    db
      .selectFrom('customers')
      .select(eb => [f.year('joinedAt').as('year'), eb.fn.countAll().as('n')])
      .groupBy(f.year('joinedAt'))
      .orderBy('year')
      .execute(),
  'a group by a remainder': (db, f) =>
    db
      .selectFrom('orders')
      .select(eb => [f.modulo('id', 3).as('bucket'), eb.fn.countAll().as('n')])
      .groupBy('bucket')
      .orderBy('bucket')
      .execute(),
  'HAVING with a value': db =>
    db
      .selectFrom('orders')
      .select(eb => ['customerId', eb.fn.countAll().as('n')])
      .groupBy('customerId')
      .having(eb => eb.fn.countAll(), '>', 2)
      .orderBy('customerId')
      .execute(),
  'HAVING with an expression': db =>
    db
      .selectFrom('orders')
      .select(['customerId', eb => eb.fn.sum<string>('total').as('sum')])
      .groupBy('customerId')
      .having(eb => eb(eb.fn.sum('total'), '>', eb.val(100)))
      .orderBy('customerId')
      .execute(),
  'a CASE in a group by': db =>
    db
      .selectFrom('orders')
      .select(eb => [
        eb
          .case()
          .when('total', '>', 50)
          .then(eb.val('large'))
          .else(eb.val('small'))
          .end()
          .as('size'),
        eb.fn.countAll().as('n'),
      ])
      .groupBy('size')
      .orderBy('size')
      .execute(),
  'a filtered count by CASE': db =>
    db
      .selectFrom('orders')
      .select(eb => [
        'customerId',
        eb.fn
          .sum(eb.case().when('status', '=', 'paid').then(eb.lit(1)).else(eb.lit(0)).end())
          .as('paid'),
      ])
      .groupBy('customerId')
      .orderBy('customerId')
      .execute(),
  'a list of a group': (db, f) =>
    db
      .selectFrom('customers')
      .select(['city', f.list('name').as('names')])
      .where('city', '=', 'London')
      .groupBy('city')
      .execute(),

  // Expressions
  'CASE with values': db =>
    db
      .selectFrom('orders')
      .select(eb => [
        'id',
        eb
          .case()
          .when('status', '=', 'paid')
          .then(eb.val('done'))
          .when('status', '=', 'open')
          .then(eb.val('todo'))
          .else(eb.val('other'))
          .end()
          .as('what'),
      ])
      .orderBy('id')
      .execute(),
  'arithmetic of decimals': db =>
    db
      .selectFrom('products')
      .select(eb => ['id', eb('price', '*', 2).as('twice'), eb('price', '+', eb.lit(1)).as('more')])
      .orderBy('id')
      .execute(),
  'arithmetic of doubles': db =>
    db
      .selectFrom('products')
      .select(eb => ['id', 'weight', eb('weight', '*', 3).as('thrice')])
      .orderBy('id')
      .execute(),
  'a division of two columns': db =>
    db
      .selectFrom('products')
      .select(eb => ['id', eb('stock', '/', eb.lit(2)).as('half')])
      .orderBy('id')
      .execute(),
  coalesce: db =>
    db
      .selectFrom('customers')
      .select(eb => ['id', eb.fn.coalesce('city', eb.val('nowhere')).as('place')])
      .orderBy('id')
      .execute(),
  'concatenation with a value': (db, f) =>
    db
      .selectFrom('customers')
      .select(['id', f.concat('name', "! it's \\ me").as('text')])
      .orderBy('id')
      .execute(),
  'an order by an expression': db =>
    db
      .selectFrom('products')
      .select('id')
      .orderBy(eb => eb('stock', '*', -1))
      .orderBy('id', 'desc')
      .execute(),
  'days after a time': (db, f) =>
    db
      .selectFrom('orders')
      .select(['id', f.plusDays('placedAt', 30).as('due')])
      .where('id', '<', 5)
      .orderBy('id')
      .execute(),
  'days between two times': (db, f) =>
    db
      .selectFrom('orders')
      .innerJoin('customers', 'customers.id', 'orders.customerId')
      .select(['orders.id', f.daysBetween('customers.joinedAt', 'orders.placedAt').as('days')])
      .orderBy('orders.id')
      .execute(),

  'values alone': (db, f) =>
    db
      .selectNoFrom(eb => [
        sql<number>`${7}${cast(f)} + 1`.as('eight'),
        sql`${f.bytes('00ff27')}${sql.raw(f.family === 'postgres' ? '::bytea' : '')}`.as('bytes'),
        eb.val("it's").as('text'),
      ])
      .execute(),
  'a division of two values': async (db, f) =>
    (
      await sql`select ${7}${cast(f)} / ${2}${cast(f)} as q, ${0.1}${real(f)} * ${3}${cast(f)} as p`.execute(
        db,
      )
    ).rows,
  'bytes compared to a text': async (db, f) =>
    f.family === 'postgres'
      ? []
      : (await sql`select 'A' = ${f.bytes('41')} as same`.execute(db)).rows,
  'no value and a null': async db =>
    (await sql`select coalesce(name, ${null}) as n from customers where id = ${1}`.execute(db))
      .rows,

  // Json
  'a member of a json column': (db, f) =>
    db
      .selectFrom('customers')
      .select(['id', f.member('meta', 'level').as('level')])
      .orderBy('id')
      .execute(),
  'a condition on a member of a json column': (db, f) =>
    db
      .selectFrom('customers')
      .select('id')
      .where(f.member('meta', 'level'), '=', 'gold')
      .orderBy('id')
      .execute(),
  'a json object made by the database': (db, f) =>
    db
      .selectFrom('customers')
      .select(['id', f.object('who', 'name').as('it')])
      .orderBy('id')
      .execute(),

  // Subqueries, CTEs, sets, windows
  EXISTS: db =>
    db
      .selectFrom('customers')
      .select('id')
      .where(eb =>
        eb.exists(
          eb
            .selectFrom('orders')
            .select('orders.id')
            .whereRef('orders.customerId', '=', 'customers.id')
            .where('orders.total', '>', 500),
        ),
      )
      .orderBy('id')
      .execute(),
  'a scalar subquery': db =>
    db
      .selectFrom('customers')
      .select(eb => [
        'id',
        eb
          .selectFrom('orders')
          .select(n => n.fn.countAll<number>().as('n'))
          .whereRef('orders.customerId', '=', 'customers.id')
          .as('orderCount'),
      ])
      .orderBy('id')
      .execute(),
  'IN a subquery': db =>
    db
      .selectFrom('products')
      .select('title')
      .where('id', 'in', eb => eb.selectFrom('items').select('productId').where('quantity', '=', 4))
      .orderBy('id')
      .execute(),
  'a CTE': db =>
    db
      .with('spent', q =>
        q
          .selectFrom('orders')
          .select(eb => ['customerId', eb.fn.sum<string>('total').as('sum')])
          .groupBy('customerId'),
      )
      .selectFrom('spent')
      .selectAll()
      .where('sum', '>', '50')
      .orderBy('customerId')
      .execute(),
  'a recursive CTE': async db =>
    (
      await sql`with recursive t(n) as (select 1 union all select n + 1 from t where n < ${5}) select n from t order by n`.execute(
        db,
      )
    ).rows,
  'a union': db =>
    db
      .selectFrom('customers')
      .select('name as label')
      .where('city', '=', 'Paris')
      .union(db.selectFrom('products').select('title as label').where('stock', '=', 0))
      .orderBy('label')
      .execute(),
  'a union all with values': db =>
    db
      .selectFrom('orders')
      .select(eb => ['id', eb.val('first').as('from')])
      .where('id', '<=', 2)
      .unionAll(
        db
          .selectFrom('orders')
          .select(eb => ['id', eb.val('second').as('from')])
          .where('id', '<=', 1),
      )
      .orderBy('id')
      .orderBy('from')
      .execute(),
  'an except': db =>
    db
      .selectFrom('customers')
      .select('id')
      .except(db.selectFrom('orders').select('customerId as id'))
      .orderBy('id')
      .execute(),
  'a row number in a partition': db =>
    db
      .selectFrom('orders')
      .select(eb => [
        'id',
        eb.fn
          .agg<number>('row_number')
          .over(ob => ob.partitionBy('customerId').orderBy('placedAt', 'desc'))
          .as('rank'),
      ])
      .orderBy('id')
      .execute(),
  'a running total': db =>
    db
      .selectFrom('orders')
      .select(eb => [
        'id',
        eb.fn
          .sum('total')
          .over(ob => ob.orderBy('id'))
          .as('running'),
      ])
      .orderBy('id')
      .execute(),
  'the first of each group': db =>
    db
      .selectFrom(eb =>
        eb
          .selectFrom('orders')
          .select(inner => [
            'id',
            'customerId',
            inner.fn
              .agg<number>('row_number')
              .over(ob => ob.partitionBy('customerId').orderBy('id'))
              .as('nth'),
          ])
          .as('o'),
      )
      .select(['o.id', 'o.customerId'])
      .where('o.nth', '=', 1)
      .orderBy('o.id')
      .execute(),

  // Raw text with values
  'raw text with values': async db =>
    (
      await sql`select name from customers where id in (${sql.join([1, 5, 8])}) order by id`.execute(
        db,
      )
    ).rows,
  'raw text with a question mark in a literal': async db =>
    (await sql`select name from customers where name <> '?' and id < ${3} order by id`.execute(db))
      .rows,

  // Writes, each undone by its transaction
  'an insert, read back': db =>
    db.transaction().execute(async trx => {
      await trx.insertInto('products').values({ title: 'new', price: 1.5, stock: 1 }).execute()
      const row = await trx
        .selectFrom('products')
        .select(['title', 'price', 'weight', 'stock'])
        .where('title', '=', 'new')
        .executeTakeFirstOrThrow()
      await trx.deleteFrom('products').where('title', '=', 'new').execute()
      return row
    }),
  'an insert from a select': db =>
    db.transaction().execute(async trx => {
      const made = await trx
        .insertInto('products')
        .columns(['title', 'price', 'stock'])
        .expression(eb =>
          eb
            .selectFrom('products')
            .select(n => ['title', 'price', n.lit(-1).as('stock')])
            .where('stock', '=', 0),
        )
        .executeTakeFirst()
      const gone = await trx.deleteFrom('products').where('stock', '=', -1).executeTakeFirst()
      return [made.numInsertedOrUpdatedRows, gone.numDeletedRows]
    }),
  'an update by an expression': db =>
    db.transaction().execute(async trx => {
      const up = await trx
        .updateTable('products')
        .set(eb => ({ stock: eb('stock', '+', 100) }))
        .where('stock', '>', 0)
        .executeTakeFirst()
      const rows = await trx.selectFrom('products').select('stock').orderBy('id').execute()
      await trx
        .updateTable('products')
        .set(eb => ({ stock: eb('stock', '-', 100) }))
        .where('stock', '>', 0)
        .execute()
      return [up.numUpdatedRows, up.numChangedRows, rows]
    }),
  'an update that changes nothing': async db => {
    const up = await db
      .updateTable('products')
      .set({ title: 'lamp' })
      .where('id', '=', 1)
      .executeTakeFirst()
    return [up.numUpdatedRows, up.numChangedRows]
  },
  'a delete of nothing': async db =>
    (await db.deleteFrom('items').where('id', '<', 0).executeTakeFirst()).numDeletedRows,
}

/** Where Mayfly's values are the right ones, and those of Kysely's own dialect are not. */
export const righter: Record<string, Partial<Record<Flavour['family'], unknown>>> = {
  // Whole numbers are bound as such: bound as REAL they are stored as '7.0' in a column of text.
  'a division of two values': { sqlite: [{ q: 3, p: 0.1 * 3 }] },
}
