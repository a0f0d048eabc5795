/** A program of somebody who installed Mayfly, Awilix and Kysely, and nothing else. Its database is a file in the working directory. */
import { sql, type Generated } from 'kysely'
import {
  asClass,
  ConcurrentOperationError,
  createContainer,
  dateTime,
  DbContext,
  MayflyError,
  runInScope,
  type DbContextFactory,
} from 'mayfly'
import { sqlite } from 'mayfly/sqlite'

export interface ShopDatabase {
  users: { id: Generated<number>; name: string }
  orders: { id: Generated<number>; userId: number; createdAt: Date }
}

export class ShopContext extends DbContext<ShopDatabase> {
  readonly users = this.set('users', { key: 'id' })
  readonly orders = this.set('orders', { key: 'id', columns: { createdAt: dateTime() } })
}

export const data = createContainer()
  .addDbContext('shop', ShopContext, { dialect: sqlite('shop.db'), commandTimeout: 5000 })
  .addDbContextFactory('shop')
export type Cradle = typeof data.cradle

export class Report {
  readonly #shops: DbContextFactory<ShopContext>

  constructor({ shopFactory }: Pick<Cradle, 'shopFactory'>) {
    this.#shops = shopFactory
  }

  counts() {
    return this.#shops.parallel({
      users: db => db.users.count(),
      latest: db => db.orders.asNoTracking().orderByDescending('createdAt').take(1).first(),
    })
  }
}

export const container = data.register({ report: asClass(Report).scoped() })
container.verify()

await runInScope(container, { name: 'setup' }, async ({ cradle: { shop } }) => {
  const { schema } = shop.kysely
  await schema
    .createTable('users')
    .addColumn('id', 'integer', id => id.primaryKey())
    .addColumn('name', 'text', name => name.notNull().unique())
    .execute()
  await schema
    .createTable('orders')
    .addColumn('id', 'integer', id => id.primaryKey())
    .addColumn('userId', 'integer', user => user.notNull())
    .addColumn('createdAt', 'text', time => time.notNull())
    .execute()
})

await runInScope(container, async ({ cradle: { shop } }) => {
  await shop.transaction(async () => {
    await shop.kysely.insertInto('users').values({ name: 'Ada' }).execute()
    const createdAt = new Date('2026-01-02T03:04:05.678Z')
    await shop.kysely.insertInto('orders').values({ userId: 1, createdAt }).execute()
  })
  const refused = shop.transaction(async () => {
    await shop.kysely.insertInto('users').values({ name: 'Grace' }).execute()
    throw new Error('not today')
  })
  console.log(await refused.catch((error: unknown) => String(error)))

  await using tx = await shop.beginTransaction({ isolationLevel: 'serializable' })
  await shop.kysely.insertInto('users').values({ name: 'Grace' }).execute()
  await tx.commit()
})

await runInScope(container, async ({ cradle: { shop, report } }) => {
  for await (const { name } of shop.users.orderBy('name')) console.log(name)
  const counts: { users: number; latest: { createdAt: Date } | undefined } = await report.counts()
  console.log(counts.users, counts.latest?.createdAt.toISOString())

  const [first, second] = await Promise.allSettled([shop.users.count(), shop.orders.count()])
  console.log(first.status, second.status)
  if (second.status === 'rejected') {
    const error: unknown = second.reason
    console.log(error instanceof ConcurrentOperationError, error instanceof MayflyError)
  }
})

await runInScope(container, async ({ cradle: { shop } }) => {
  {
    await using _connection = await shop.openConnection()
    await sql`begin`.execute(shop.kysely)
    await sql`delete from users`.execute(shop.kysely)
  }
  console.log(await shop.users.count())
})

await container.dispose()
console.log('done')

/** What would compile if a type of the package were lost, and became `any`. */
export async function mustNotCompile({ shop }: Cradle): Promise<void> {
  // @ts-expect-error no such column
  await shop.users.where('age', '=', 1).toList()
  // @ts-expect-error the key is a number
  await shop.users.find('1')
  // @ts-expect-error no such table
  await shop.kysely.selectFrom('invoices').selectAll().execute()
  // @ts-expect-error no such option
  sqlite('shop.db', { readonly: true })
  // @ts-expect-error no such registration
  container.cradle.shops.toString()
}
