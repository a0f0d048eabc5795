// What factories give, and what must not compile. Never run.
import type { Generated } from 'kysely'
import { DbContext, type DbContextFactory } from 'mayfly'
import { exactly } from './equal.js'

class ShopContext extends DbContext<{
  users: { id: Generated<number>; name: string }
  orders: { id: Generated<number>; amount: string }
}> {
  readonly users = this.set('users', { key: 'id' })
  readonly orders = this.set('orders', { key: 'id' })
}

interface User {
  id: number
  name: string
}

declare const factory: DbContextFactory<ShopContext>

export async function single() {
  await using db = factory.createDbContext()
  exactly<ShopContext>()(db)
  exactly<User[]>()(await factory.use(context => context.users.toList()))
  // @ts-expect-error work is asynchronous
  await factory.use(() => 1)
  // @ts-expect-error a context has no such set
  await factory.use(context => context.user.toList())
}

export async function parallelOfAnObject() {
  const results = await factory.parallel({
    users: db => db.users.toList(),
    count: (db, signal) => {
      exactly<ShopContext>()(db)
      exactly<AbortSignal>()(signal)
      return db.orders.count()
    },
    first: async db => (await db.users.first())?.name,
  })

  exactly<{ users: User[]; count: number; first: string | undefined }>()(results)
  // @ts-expect-error no such key
  results.orders satisfies unknown
  // @ts-expect-error work is asynchronous
  await factory.parallel({ one: () => 1 })
  // @ts-expect-error work is a function
  await factory.parallel({ one: factory.use(db => db.users.count()) })
  // @ts-expect-error a context has no such set
  await factory.parallel({ one: db => db.logs.count() })
}

export async function parallelOfATuple() {
  const results = await factory.parallel([
    db => db.users.toList(),
    (db, signal) => {
      exactly<AbortSignal>()(signal)
      return db.orders.count()
    },
    async () => 'three' as const,
  ])

  exactly<[User[], number, 'three']>()(results)
  const [users, count] = results
  exactly<User[]>()(users)
  exactly<number>()(count)
  // @ts-expect-error there are three
  results[3] satisfies unknown
  // @ts-expect-error work is asynchronous
  await factory.parallel([() => 1])
  // @ts-expect-error promises have started already
  await factory.parallel([Promise.resolve(1)])
}

export async function parallelOfAList() {
  const tasks = [1, 2].map(() => (db: ShopContext) => db.users.count())

  exactly<number[]>()(await factory.parallel(tasks, { concurrency: 2 }))
}

export async function parallelOverItems() {
  const found = await factory.parallel(
    [1, 2, 3],
    (db, id, signal) => {
      exactly<number>()(id)
      exactly<AbortSignal>()(signal)
      return db.orders.find(id)
    },
    { concurrency: 2 },
  )
  exactly<({ id: number; amount: string } | undefined)[]>()(found)

  const names = new Set(['Ada'])
  const counts = await factory.parallel(names, (db, name) =>
    db.users.where('name', '=', name).count(),
  )
  exactly<number[]>()(counts)

  // @ts-expect-error the items are text
  await factory.parallel(names, (db, id: number) => db.users.find(id))
  // @ts-expect-error a number cannot be walked over
  await factory.parallel(3, db => db.users.count())
  // @ts-expect-error work is asynchronous
  await factory.parallel([1], () => 1)
  // @ts-expect-error no such option
  await factory.parallel([1], db => db.users.count(), { limit: 2 })
}
