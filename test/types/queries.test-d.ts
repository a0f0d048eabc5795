// What must not compile of contexts, sets and queries. Never run.
import type { Dialect, Generated, GeneratedAlways, ColumnType } from 'kysely'
import { bigInt, boolean, dateTime, DbContext, decimal, json, type DbSet } from 'mayfly'
import { exactly } from './equal.js'

declare const dialect: Dialect

interface ShopDatabase {
  users: { id: Generated<number>; name: string; email: string | null }
  orders: {
    id: GeneratedAlways<number>
    userId: number
    amount: string
    createdAt: ColumnType<Date, Date | string, never>
    paidAt: Date | null
  }
  countries: { code: string; name: string }
}

class ShopContext extends DbContext<ShopDatabase> {
  tenant = 1
  readonly users = this.set('users', { key: 'id' })
  readonly orders = this.set('orders', {
    key: 'id',
    columns: { createdAt: dateTime(), paidAt: dateTime(), amount: decimal({ scale: 2 }) },
    filter: q => q.where('userId', '=', this.tenant),
  })
  readonly countries = this.set('countries', { key: 'code' })
}

declare const db: ShopContext

interface User {
  id: number
  name: string
  email: string | null
}

export class Sets extends DbContext<ShopDatabase> {
  readonly good = this.set('users', { key: 'id' })
  // @ts-expect-error no such table
  readonly a = this.set('user', { key: 'id' })
  // @ts-expect-error no such key
  readonly b = this.set('users', { key: 'uuid' })
  // @ts-expect-error no key
  readonly c = this.set('users', {})
  // @ts-expect-error no options
  readonly d = this.set('users')
  // @ts-expect-error no such column
  readonly e = this.set('orders', { key: 'id', columns: { created: dateTime() } })
  // @ts-expect-error a number is no Date
  readonly f = this.set('orders', { key: 'id', columns: { userId: dateTime() } })
  // @ts-expect-error a Date is no bigint
  readonly g = this.set('orders', { key: 'id', columns: { createdAt: bigInt() } })
  // @ts-expect-error text is no boolean
  readonly h = this.set('users', { key: 'id', columns: { name: boolean() } })
  // @ts-expect-error the filter names a column that does not exist
  readonly i = this.set('users', { key: 'id', filter: q => q.where('tenant', '=', 1) })
  // @ts-expect-error a filter gives the same rows
  readonly j = this.set('users', { key: 'id', filter: q => q.build(b => b.select('name')) })
  // @ts-expect-error no such option
  readonly k = this.set('users', { key: 'id', version: 1 })
}

export function results() {
  exactly<DbSet<ShopDatabase, 'users', 'id'>>()(db.users)
  exactly<Promise<User[]>>()(db.users.where('name', '=', 'Ada').toList())
  exactly<Promise<User | undefined>>()(db.users.first())
  exactly<Promise<User | undefined>>()(db.users.find(1))
  exactly<Promise<number>>()(db.orders.count())
  exactly<Promise<boolean>>()(db.orders.any())
  exactly<Promise<{ code: string; name: string }[]>>()(db.countries.take(3).skip(1).toList())
}

export async function streams() {
  for await (const order of db.orders) {
    exactly<Date>()(order.createdAt)
    exactly<Date | null>()(order.paidAt)
    // @ts-expect-error no such column
    order.created satisfies unknown
  }
}

export function where() {
  db.users.where('name', 'like', 'A%').where('email', 'is', null).where('id', 'in', [1, 2])
  db.users.where(({ eb, or }) => or([eb('id', '=', 1), eb('name', '=', 'Ada')]))
  db.orders.where('orders.createdAt', '>', new Date())

  // @ts-expect-error no such column
  db.users.where('age', '>', 3)
  // @ts-expect-error a name is no number
  db.users.where('name', '=', 3)
  // @ts-expect-error no such operator
  db.users.where('name', 'equals', 'Ada')
  db.users.where('email', '=', null).where('email', 'in', ['a', null])
  db.users.where('id', '=', eb => eb.ref('users.id'))
  // @ts-expect-error a list is asked for
  db.users.where('name', 'in', 'Ada')
  // @ts-expect-error a list is none of its values
  db.users.where('name', '=', ['Ada'])
  // @ts-expect-error a name is never null
  db.users.where('name', '=', null)
  // @ts-expect-error a name is never null
  db.users.where('name', 'is', null)
  // @ts-expect-error not every database has it: where(eb => eb('name', 'ilike', 'a%'))
  db.users.where('name', 'ilike', 'a%')
  // @ts-expect-error a list of names is no list of ids
  db.users.where('id', 'in', ['1'])
  // @ts-expect-error a column of another table
  db.users.where('orders.amount', '=', '1')
  // @ts-expect-error a name is not null
  db.users.where('name', '=', undefined)
  // @ts-expect-error no operator
  db.users.where('name', 'Ada')
  // @ts-expect-error no such column in the expression
  db.users.where(eb => eb('age', '>', 3))
}

export function orders() {
  db.orders.orderBy('createdAt').thenBy('amount').orderByDescending('id').thenByDescending('userId')

  // @ts-expect-error no such column
  db.orders.orderBy('created')
  // @ts-expect-error no such column
  db.orders.orderByDescending('created')
  // @ts-expect-error no such column
  db.orders.orderBy('id').thenBy('created')
  // @ts-expect-error no such column
  db.orders.orderBy('id').thenByDescending('created')
  // @ts-expect-error directions are methods
  db.orders.orderBy('id', 'desc')
  // @ts-expect-error a count is a number
  db.orders.take('5')
  // @ts-expect-error a count is a number
  db.orders.skip(null)
}

export function built() {
  exactly<Promise<User[]>>()(db.users.build(q => q.where('id', '=', 1)).toList())
  exactly<Promise<User | undefined>>()(db.users.build(q => q.forUpdate()).first())
  exactly<Promise<{ name: string }[]>>()(db.users.build(q => q.select('name')).toList())
  const names = db.users.build(q => q.select('name')).build(q => q.distinct())
  exactly<Promise<{ name: string }[]>>()(names.toList())
  const maybe = db.users.build(q => q.select('id').$if(true, b => b.select('name')))
  const rows = maybe.toList() satisfies Promise<{ id: number; name?: string | undefined }[]>
  void rows
  exactly<Promise<User[]>>()(db.users.build(q => q.$if(true, b => b.forUpdate())).toList())

  // @ts-expect-error what was not selected is not there
  void names.first().then(row => row?.email)
}

export async function find() {
  await db.users.find(1)
  await db.countries.find('FR')

  // @ts-expect-error the key is a number
  await db.users.find('1')
  // @ts-expect-error the key is text
  await db.countries.find(1)
  // @ts-expect-error a key is needed
  await db.users.find()
  // @ts-expect-error undefined is no key
  await db.users.find(undefined)
  // @ts-expect-error null is no key
  await db.users.find(null)
  // @ts-expect-error a row is no key
  await db.users.find({ id: 1 })
}

export async function build() {
  const rows = await db.users
    .build(q =>
      q
        .innerJoin('orders', 'orders.userId', 'users.id')
        .select(['users.name', 'orders.amount as total']),
    )
    .toList()

  exactly<{ name: string; total: string }[]>()(rows)
  // @ts-expect-error no such column
  db.users.build(q => q.select('age'))
  // @ts-expect-error no such table
  db.users.build(q => q.innerJoin('order', 'order.id', 'users.id'))
  // @ts-expect-error was not selected
  rows[0]!.id satisfies unknown
}

export async function contexts() {
  const shop = new ShopContext({ dialect, concurrency: 'unchecked' })

  // @ts-expect-error no options
  const bare = new ShopContext()
  // @ts-expect-error no dialect
  const empty = new ShopContext({})
  // @ts-expect-error no such table
  shop.kysely.selectFrom('user')
  // @ts-expect-error no such level
  await shop.transaction(async () => 1, { isolationLevel: 'strict' })
  // @ts-expect-error work is asynchronous
  await shop.transaction(() => 1)
  // @ts-expect-error the id is given
  shop.id = 'shop'
  return [bare, empty]
}

export class Json extends DbContext<{
  settings: { id: number; value: { theme: string }; big: bigint; on: boolean }
}> {
  readonly settings = this.set('settings', {
    key: 'id',
    columns: { value: json<{ theme: string }>(), big: bigInt(), on: boolean() },
  })
  readonly wrong = this.set('settings', {
    key: 'id',
    // @ts-expect-error another document
    columns: { value: json<{ colour: number }>() },
  })
}
