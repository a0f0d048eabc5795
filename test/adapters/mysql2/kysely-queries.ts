import { sql, type Kysely, type QueryCreator, type RawBuilder } from 'kysely'

type Query = (db: Kysely<any>) => Promise<unknown>

export const TABLES: readonly string[] = [
  `create table people (
    id bigint primary key auto_increment, name varchar(40), amount decimal(20, 2), ratio double, at datetime(3), day date,
    clock time(3), data json, code varbinary(8), active tinyint, boss bigint
  )`,
  `insert into people values
    (1, 'Ada', 2.50, 0.5, '2024-02-29 12:13:14.123', '2024-02-29', '10:00:00.500', '{"a": [1, 2], "b": "x"}', x'00ff27', 1, null),
    (2, 'Bob', 99999999999999999.99, 1.25, '2024-03-01 00:00:00', '2024-03-01', '00:00:01', '{"a": []}', x'5c', 0, 1),
    (3, 'ada', 7.00, -0.5, '2024-03-01 23:59:59.999', '2024-03-02', null, null, null, 1, 1),
    (4, 'C\\\\D', -7.00, 2, null, null, null, 'null', x'', null, 2),
    (9007199254740993, 'Eve''s', 0.00, 0.25, '1999-12-31 23:59:59.999', '1999-12-31', '-01:00:00', '[true]', x'41', 0, 2)`,
]

const raw =
  (of: () => RawBuilder<unknown>): Query =>
  async db =>
    (await of().execute(db)).rows
const value = (expression: RawBuilder<unknown>): Query => raw(() => sql`select ${expression} as v`)
const each = (expression: RawBuilder<unknown>): Query =>
  raw(() => sql`select id, ${expression} as v from people order by id`)

/** What is rolled back, so that it can run again; it gives what it did. */
const writing =
  (write: (trx: Kysely<any>) => Promise<unknown>): Query =>
  async db => {
    let result: unknown
    const stop = new Error('enough')
    try {
      await db.transaction().execute(async trx => {
        const done = await write(trx)
        result = [done, await trx.selectFrom('people').selectAll().orderBy('id').execute()]
        throw stop
      })
    } catch (error) {
      if (error !== stop) throw error
    }
    return withoutIds(result)
  }

/** A counter of rows goes on after a rollback. */
function withoutIds(result: unknown): unknown {
  const text = JSON.stringify(result, (key, v: unknown) =>
    key === 'insertId' || (key === 'id' && Number(v) > 9007199254740993n)
      ? undefined
      : typeof v === 'bigint'
        ? `${v}n`
        : v,
  )
  return JSON.parse(text)
}

const people = (db: QueryCreator<any>) => db.selectFrom('people')
const moment = new Date('2024-02-29T12:13:14.123Z')

/** Queries as people write them with Kysely, which a server answers in another way when their values are parameters. */
export const QUERIES: Readonly<Record<string, Query>> = {
  'a group by an expression': db =>
    people(db)
      .select(eb => [eb('id', '+', 1).as('v'), eb.fn.countAll().as('n')])
      .groupBy(eb => eb('id', '+', 1))
      .orderBy(eb => eb('id', '+', 1))
      .execute(),
  'a group by a remainder': raw(
    () =>
      sql`select mod(id, ${2}) as v, sum(amount) as s from people group by mod(id, ${2}) order by 1`,
  ),
  having: db =>
    people(db)
      .select(eb => ['active', eb.fn.sum('amount').as('s')])
      .groupBy('active')
      .having(eb => eb.fn.count('id'), '>', 1)
      .orderBy('active')
      .execute(),
  'having an expression': raw(
    () =>
      sql`select left(name, ${1}) as l, count(*) as n from people group by left(name, ${1}) having min(left(name, ${1})) > ${'A'} order by 1`,
  ),
  'a date bucket': raw(
    () =>
      sql`select date_format(at, ${'%Y-%m'}) as m, count(*) as n from people group by date_format(at, ${'%Y-%m'}) order by 1`,
  ),
  'a case in a group by': db => {
    const size = sql`case when amount > ${5} then ${'large'} else ${'small'} end`
    return people(db)
      .select(eb => [size.as('size'), eb.fn.countAll().as('n')])
      .groupBy(size)
      .orderBy(size)
      .execute()
  },
  'distinct with an order by an expression': raw(
    () => sql`select distinct id + ${1} as v from people order by id + ${1} desc`,
  ),
  'an order by case': db =>
    people(db)
      .select('id')
      .orderBy(eb => eb.case().when('name', '=', 'Bob').then(0).else(1).end())
      .orderBy('id', 'desc')
      .execute(),
  'a quotient': value(sql`${7} / ${2}`),
  'a quotient of a column': each(sql`amount / ${3}`),
  'a product with a decimal column': each(sql`amount * ${2}`),
  'a product with a fraction': each(sql`amount * ${1.1}`),
  'a sum with a double column': each(sql`ratio + ${1}`),
  'an integer division': value(sql`${7} div ${2}`),
  'a rounded quotient': each(sql`round(amount / ${3}, ${2})`),
  'greatest and least': value(sql`concat(greatest(${1}, ${2.5}), ${'/'}, least(${'a'}, ${'B'}))`),
  'a bigint': value(sql`${9007199254740993n} + ${1}`),
  'a fraction': value(sql`${0.1} + ${0.2}`),
  'a huge number': value(sql`${1e300}`),
  'a negative number': value(sql`${1} - ${-1}`),
  'true and false': value(sql`concat(${true}, ${false})`),
  'true in a document': value(sql`json_extract(json_object('a', ${true}), ${'$.a'})`),
  'is true': db => people(db).select('id').where('active', 'is', true).orderBy('id').execute(),
  null: value(sql`coalesce(${null}, ${'x'})`),
  'null, compared safely': db =>
    people(db)
      .select('id')
      .where('boss', '<=>' as never, null)
      .execute(),
  bytes: value(sql`${Buffer.from([0, 255, 39, 92])}`),
  'bytes compared with text': value(sql`'a' = ${Buffer.from('A')}`),
  'bytes compared with a column': db =>
    people(db)
      .select('id')
      .where('code', '=', Buffer.from([0, 255, 39]))
      .execute(),
  'bytes and their length': value(sql`concat(hex(${Buffer.from('\\')}), ${'-'}, length(${'ä'}))`),
  'bytes compared with a name': db =>
    people(db).select('id').where('name', '=', Buffer.from('ada')).orderBy('id').execute(),
  'a Date': value(sql`${moment}`),
  'a Date, coalesced': each(sql`coalesce(at, ${moment})`),
  'a Date in a document': value(
    sql`json_unquote(json_extract(json_object('a', ${moment}), '$.a'))`,
  ),
  'a Date compared': db => people(db).select('id').where('at', '=', moment).execute(),
  'a Date compared with a day': db =>
    people(db).select('id').where('day', '>=', new Date('2024-03-01T00:00:00Z')).execute(),
  'a range of Dates': db =>
    people(db)
      .select('id')
      .where(eb => eb.between('at', moment, new Date('2024-03-01T12:00:00Z')))
      .orderBy('id')
      .execute(),
  'an interval': each(sql`date_add(at, interval ${1} day)`),
  'an interval from a text': value(sql`date_add(${'2024-02-28'}, interval ${1} month)`),
  'a difference of times': each(sql`timestampdiff(${sql.raw('hour')}, at, ${moment})`),
  'a date of a text': value(sql`str_to_date(${'29.02.2024'}, ${'%d.%m.%Y'})`),
  'a day of the year': each(sql`dayofyear(day) + ${0}`),
  'a time': each(sql`addtime(clock, ${'01:00:00.25'})`),
  'a document': db => people(db).select(['id', 'data']).orderBy('id').execute(),
  'a path into a document': each(sql`json_extract(data, ${'$.a[0]'})`),
  'a document that contains': db =>
    people(db)
      .select('id')
      .where(sql<boolean>`json_contains(data, ${'1'}, ${'$.a'})`)
      .execute(),
  'a list of a document': value(sql`json_array(${1}, ${'1'}, ${1.5}, ${null})`),
  'a like': db => people(db).select('id').where('name', 'like', 'a%').orderBy('id').execute(),
  'a like with a backslash': db =>
    people(db).select('id').where('name', 'like', 'C\\\\%').execute(),
  'a like with an escape': raw(
    () => sql`select id from people where name like ${'C!\\%'} escape ${'!'} order by id`,
  ),
  'a regular expression': db =>
    people(db).select('id').where('name', 'regexp', "^[a-z]+'s$").execute(),
  'a name with a backslash': db => people(db).select('id').where('name', '=', 'C\\D').execute(),
  'a backslash beside a text': value(sql`case when ${1} = 1 then ${'a\\b'} else ${'c'} end`),
  'a text with everything': value(sql`${'a\'b"c\\d\n\r\t\0\x1a% _ ? :x `ä€😀'}`),
  'texts compared': value(sql`${'A'} = ${'a'}`),
  'texts in a concatenation': each(sql`concat_ws(${', '}, name, ${'x'}, boss)`),
  'a quoted question mark': value(sql`concat('?', ${'!'}, "?")`),
  'a list': db => people(db).select('id').where('id', 'in', [1, 2, 2, 77]).execute(),
  'a list of texts': db =>
    people(db).select('id').where('name', 'not in', ['ADA', "Eve's"]).orderBy('id').execute(),
  'a list of pairs': raw(
    () => sql`select id from people where (name, active) in ((${'Bob'}, ${0}), (${'Ada'}, ${1}))`,
  ),
  'a window': each(sql`coalesce(lag(id, ${1}) over (order by id), ${0})`),
  'a window by an expression': each(sql`sum(amount) over (partition by mod(id, ${2}) order by id)`),
  'a window of so many': each(sql`ntile(2) over (order by id + ${0})`),
  'a union': raw(() => sql`select ${1} as v union all select ${'x'} union all select ${2.5}`),
  'a union of tables': db =>
    people(db)
      .select([sql`${'first'}`.as('w'), 'id'])
      .where('id', '<', 3)
      .unionAll(
        people(db)
          .select([sql`${'second'}`.as('w'), 'id'])
          .where('id', '=', 4),
      )
      .orderBy('id')
      .execute(),
  'a common table': db =>
    db
      .with('rich', d => people(d).select(['id', 'amount']).where('amount', '>', '2'))
      .selectFrom('rich')
      .select(eb => eb.fn.avg('amount').as('v'))
      .execute(),
  'a recursive one': raw(
    () =>
      sql`with recursive n (v) as (select ${1} union all select v + ${1} from n where v < ${4}) select v from n`,
  ),
  'a subquery': db =>
    people(db)
      .select(eb => [
        'id',
        eb
          .selectFrom('people as b')
          .whereRef('b.boss', '=', 'people.id')
          .where('b.amount', '>', '0')
          .select(n => n.fn.countAll().as('n'))
          .as('n'),
      ])
      .orderBy('id')
      .execute(),
  exists: db =>
    people(db)
      .select('id')
      .where(eb =>
        eb.exists(
          eb
            .selectFrom('people as b')
            .select(sql`${1}`.as('one'))
            .whereRef('b.boss', '=', 'people.id')
            .where('b.active', '=', 0),
        ),
      )
      .orderBy('id')
      .execute(),
  'a sum of cases': raw(
    () =>
      sql`select sum(case when amount > ${2} then ${1} else ${0} end) as n, avg(ratio * ${2}) as a from people`,
  ),
  'a group by with rollup': raw(
    () => sql`select active, count(*) as n from people where id < ${5} group by active with rollup`,
  ),
  'texts of a group': raw(
    () =>
      sql`select group_concat(name order by id separator ', ') as v from people where id < ${3}`,
  ),
  'a page': db => people(db).select('id').orderBy('id').limit(2).offset(1).execute(),
  'a cast': value(sql`cast(${'12.345'} as decimal(10, 2)) + cast(${7} as char)`),
  'an if': each(sql`if(active = ${1}, ${'yes'}, ${0})`),
  'a type of a number': value(sql`${5}`),
  'an insert': writing(trx =>
    trx
      .insertInto('people')
      .values([
        { name: "O'Neil\\", amount: '1.10', at: moment, code: Buffer.from("\\'"), active: true },
        { name: '😀', amount: 2, ratio: 0.1, data: '{"a": "\\\\"}', active: false },
      ])
      .execute(),
  ),
  'an insert of a selection': writing(trx =>
    trx
      .insertInto('people')
      .columns(['name', 'amount'])
      .expression(
        people(trx)
          .select(['name', sql`amount / ${3}`.as('amount')])
          .where('id', '=', 1),
      )
      .execute(),
  ),
  'an insert or update': writing(trx =>
    trx
      .insertInto('people')
      .values({ id: 1, name: 'x', amount: 1 })
      .onDuplicateKeyUpdate({ name: sql`concat(name, ${'!'})`, amount: sql`amount + ${0.5}` })
      .execute(),
  ),
  'an update': writing(trx =>
    trx
      .updateTable('people')
      .set({ amount: sql`amount * ${1.5}`, name: sql`replace(name, ${'\\'}, ${'/'})`, at: moment })
      .where('id', '<=', 4)
      .execute(),
  ),
  'a deletion': writing(trx =>
    trx
      .deleteFrom('people')
      .where(eb => eb('amount', '*', 2), '>', 5)
      .execute(),
  ),
}
