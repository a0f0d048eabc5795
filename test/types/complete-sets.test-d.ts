// What must not compile of complete sets, and what their columns make of a database. Never run.
import type { ColumnType, Generated, GeneratedAlways, JSONColumnType } from 'kysely'
import {
  bigInt,
  boolean,
  bytes,
  date,
  dateTime,
  DbContext,
  decimal,
  integer,
  json,
  modelOf,
  oneOf,
  real,
  text,
  time,
  uuid,
  type Column,
  type ColumnValue,
  type DbSet,
  type InferDatabase,
  type SetModel,
} from 'mayfly'
import { exactly } from './equal.js'

interface Doc {
  tags: string[]
}

const tables = {
  users: {
    id: integer().generated(),
    name: text(),
    email: text().nullable(),
    role: text().default('user'),
    nick: text().nullable().generated(),
  },
  orders: {
    id: bigInt().generatedAlways(),
    userId: integer(),
    amount: decimal({ scale: 2 }),
    weight: real().nullable(),
    photo: bytes(),
    paid: boolean(),
    madeAt: dateTime().fixed(),
    seenAt: dateTime().fixed().default(new Date(0)),
    closedAt: dateTime().nullable().fixed(),
    meta: json<Doc>(),
    extra: json<Doc>().nullable(),
    more: json<Doc>().default({ tags: [] }),
  },
  parcels: {
    id: uuid(),
    state: oneOf('packed', 'sent').default('packed'),
    due: date().nullable(),
    opens: time({ precision: 3 }),
    scannedAt: dateTime({ precision: 6 }),
    sentAt: dateTime({ stored: 'ms' }),
    cost: decimal({ scale: 2, stored: 'integer' }),
  },
}
interface ShopDatabase extends InferDatabase<typeof tables> {}

export function inferred(
  users: ShopDatabase['users'],
  orders: ShopDatabase['orders'],
  parcels: ShopDatabase['parcels'],
) {
  exactly<{
    id: Generated<number>
    name: string
    email: string | null
    role: Generated<string>
    nick: Generated<string | null>
  }>()(users)
  exactly<{
    id: GeneratedAlways<bigint>
    userId: number
    amount: string
    weight: number | null
    photo: Buffer
    paid: boolean
    madeAt: ColumnType<Date, Date, never>
    seenAt: ColumnType<Date, Date | undefined, never>
    closedAt: ColumnType<Date | null, Date | null, never>
    meta: JSONColumnType<Doc>
    extra: JSONColumnType<Doc | null, string | null, string | null>
    more: JSONColumnType<Doc, string | undefined, string>
  }>()(orders)
  exactly<{
    id: string
    state: Generated<'packed' | 'sent'>
    due: string | null
    opens: string
    scannedAt: string
    sentAt: Date
    cost: string
  }>()(parcels)
}

/** An interface that somebody wrote, or a generator. */
interface Written {
  users: { id: Generated<number>; name: string; email: string | null }
  orders: {
    id: GeneratedAlways<number>
    madeAt: ColumnType<Date, Date | string, never>
    seenAt: ColumnType<Date, Date | undefined, never>
    meta: JSONColumnType<Doc>
  }
}

const users = { id: integer().generated(), name: text(), email: text().nullable() }
const orders = {
  id: integer().generatedAlways(),
  madeAt: dateTime().fixed(),
  seenAt: dateTime().fixed().generated(),
  meta: json<Doc>(),
}
declare const upper: ColumnValue<string>

class ShopContext extends DbContext<ShopDatabase> {
  readonly users = this.set('users', { key: 'id', complete: true, columns: tables.users })
  readonly orders = this.set('orders', {
    key: 'id',
    complete: true,
    columns: tables.orders,
    filter: query => query.where('userId', '=', 1),
  })
}

export class Sets extends DbContext<Written> {
  readonly good = this.set('users', { key: 'id', complete: true, columns: users })
  readonly inline = this.set('orders', { key: 'id', complete: true, columns: orders })
  readonly some = this.set('users', { key: 'id', columns: { name: text(), email: text() } })
  readonly own = this.set('users', { key: 'id', columns: { name: upper } })
  readonly not = this.set('users', { key: 'id', complete: false, columns: { name: text() } })
  readonly document = this.set('orders', { key: 'id', columns: { meta: json() } })

  readonly a = this.set('users', {
    key: 'id',
    complete: true,
    // @ts-expect-error email is missing
    columns: { id: users.id, name: text() },
  })
  // @ts-expect-error no columns at all
  readonly b = this.set('users', { key: 'id', complete: true })
  readonly c = this.set('users', {
    key: 'id',
    complete: true,
    // @ts-expect-error the table has no such column
    columns: { ...users, age: integer() },
  })
  readonly d = this.set('users', {
    key: 'id',
    complete: true,
    // @ts-expect-error email may be null
    columns: { ...users, email: text() },
  })
  readonly e = this.set('users', {
    key: 'id',
    complete: true,
    // @ts-expect-error a name is never null
    columns: { ...users, name: text().nullable() },
  })
  readonly f = this.set('users', {
    key: 'id',
    complete: true,
    // @ts-expect-error the database makes the id
    columns: { ...users, id: integer() },
  })
  readonly g = this.set('users', {
    key: 'id',
    complete: true,
    // @ts-expect-error an id can be given
    columns: { ...users, id: integer().generatedAlways() },
  })
  readonly h = this.set('orders', {
    key: 'id',
    complete: true,
    // @ts-expect-error when it was made cannot change
    columns: { ...orders, madeAt: dateTime() },
  })
  readonly i = this.set('users', {
    key: 'id',
    complete: true,
    // @ts-expect-error a name is no number
    columns: { ...users, name: integer() },
  })
  readonly j = this.set('users', {
    key: 'id',
    complete: true,
    // @ts-expect-error functions alone have no rule
    columns: { ...users, name: upper },
  })
  readonly k = this.set('orders', {
    key: 'id',
    complete: true,
    // @ts-expect-error another document
    columns: { ...orders, meta: json<{ tags: number[] }>() },
  })
  // @ts-expect-error complete is true or false
  readonly l = this.set('users', { key: 'id', complete: 'yes', columns: users })
  // @ts-expect-error no such key
  readonly m = this.set('users', { key: 'uuid', complete: true, columns: users })
  // @ts-expect-error without the flag a wrong type is wrong, too
  readonly n = this.set('users', { key: 'id', columns: { name: integer() } })
}

export async function rows(db: ShopContext) {
  exactly<DbSet<ShopDatabase, 'users', 'id', {}, 'complete'>>()(db.users)
  const user = await db.users.first()
  exactly<string | null | undefined>()(user?.email)
  const order = await db.orders.find(1n)
  exactly<Doc | undefined>()(order?.meta)
  exactly<Doc | null | undefined>()(order?.extra)
  exactly<Date | undefined>()(order?.madeAt)

  await db.kysely.insertInto('users').values({ name: 'Ada', email: null }).execute()
  const update = db.kysely.updateTable('orders')
  // @ts-expect-error kysely writes documents as text
  update.set({ meta: { tags: [] } })
  // @ts-expect-error never changes
  update.set({ madeAt: new Date() })
}

export function columns() {
  exactly<Column<string, 'required'>>()(text())
  exactly<Column<string, 'nullable generated'>>()(text().generated().nullable())
  // @ts-expect-error a default is a value of the column
  text().default(1)
  // @ts-expect-error null is no default
  text().nullable().default(null)
  exactly<Column<Date, 'required'>>()(dateTime({ precision: 0, stored: 's' }))
  exactly<Column<'a' | 'b', 'nullable'>>()(oneOf('a', 'b').nullable())
  // @ts-expect-error a column of microseconds is text
  dateTime({ precision: 6 }) satisfies Column<Date>
  // @ts-expect-error 0, 3 or 6 digits
  dateTime({ precision: 2 })
  // @ts-expect-error no such form
  dateTime({ stored: 'text' })
  // @ts-expect-error one of them
  oneOf('a', 'b').default('c')
  // @ts-expect-error at least one
  oneOf()
  // @ts-expect-error whole numbers, or as the database does
  decimal({ scale: 2, stored: 'text' })
  // @ts-expect-error no such rule
  text() satisfies Column<string, 'optional'>
}

export function models() {
  const { sets } = modelOf(ShopContext)
  exactly<SetModel>()(sets.users)
  exactly<'orders' | 'users'>()(null! as keyof typeof sets)
  // @ts-expect-error no such set
  sets.things satisfies unknown
  // @ts-expect-error a model is not changed
  sets.users.key = 'name'
  // @ts-expect-error a class, not a context
  modelOf(null! as ShopContext)
  // @ts-expect-error no context at all
  modelOf(Date)
}
