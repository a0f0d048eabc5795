// What the docs show must compile, with the types that a reader expects. Never run.
import type { AwilixContainer } from 'awilix'
import type { Dialect, Generated, Kysely } from 'kysely'
import {
  asClass,
  createContainer,
  dateTime,
  DbContext,
  decimal,
  runInScope,
  type Container,
  type DbContextFactory,
} from 'mayfly'
import { exactly } from './equal.js'

declare const dialect: Dialect

interface ShopDatabase {
  users: { id: Generated<number>; name: string }
  orders: { id: Generated<number>; userId: number; amount: string; createdAt: Date }
  logs: { id: Generated<number>; message: string; timestamp: Date }
}

class ShopContext extends DbContext<ShopDatabase> {
  tenant?: string
  readonly users = this.set('users', { key: 'id' })
  readonly orders = this.set('orders', {
    key: 'id',
    columns: { createdAt: dateTime(), amount: decimal() },
  })
  readonly logs = this.set('logs', {
    key: 'id',
    columns: { timestamp: dateTime() },
    filter: q => q.where('message', '=', this.tenant ?? ''),
  })
}

const data = createContainer<{ tenant: { id: string } }>()
  .addDbContext('shop', ShopContext, {
    dialect,
    onLease: (db, { tenant }) => {
      db.tenant = tenant.id
    },
  })
  .addDbContextFactory('shop')
type Cradle = typeof data.cradle

class DashboardService {
  readonly #shops: DbContextFactory<ShopContext>

  constructor({ shopFactory }: Pick<Cradle, 'shopFactory'>) {
    this.#shops = shopFactory
  }

  get(userId: number) {
    return this.#shops.parallel({
      orders: db =>
        db.orders
          .asNoTracking()
          .where('userId', '=', userId)
          .orderByDescending('createdAt')
          .thenByDescending('amount')
          .take(50)
          .toList(),
      logs: db => db.logs.asNoTracking().orderByDescending('timestamp').take(50).toList(),
      stats: db =>
        db.users
          .where('id', '=', userId)
          .build(q =>
            q.select(eb =>
              eb
                .selectFrom('orders')
                .whereRef('orders.userId', '=', 'users.id')
                .select(n => n.fn.countAll<number>().as('n'))
                .as('orderCount'),
            ),
          )
          .first(),
    })
  }
}

const container = data.register({ dashboard: asClass(DashboardService).scoped() })

export async function dashboard() {
  const { orders, logs, stats } = await container.cradle.dashboard.get(3)

  exactly<string>()(orders[0]!.amount)
  exactly<Date>()(orders[0]!.createdAt)
  exactly<number>()(logs[0]!.id)
  exactly<{ orderCount: number | null } | undefined>()(stats)
}

export function cradles() {
  const { shop, shopFactory, tenant } = container.cradle

  exactly<ShopContext>()(shop)
  exactly<DbContextFactory<ShopContext>>()(shopFactory)
  exactly<{ id: string }>()(tenant)
  exactly<ShopContext>()(container.resolve('shop'))
  exactly<ShopContext>()(container.createScope().cradle.shop)
  exactly<Kysely<ShopDatabase>>()(shop.kysely)
}

/** Nothing of Awilix is missing, so a Mayfly container goes wherever one of Awilix goes. */
export function awilix() {
  const any: AwilixContainer<any> = container
  const typed: AwilixContainer<Cradle> = data
  const scope: AwilixContainer<Cradle> = data.createScope()
  return [any, typed, scope]
}

export async function scopes() {
  await using scope = container.createScope<{ user: string }>()
  exactly<string>()(scope.cradle.user)
  exactly<AbortSignal>()(scope.signal)
  exactly<Promise<void>>()(scope.dispose())

  const count = await runInScope(container, async inner => inner.cradle.shop.orders.count())
  exactly<number>()(count)
  const text = await runInScope(container, { name: 'report' }, () => 'done')
  exactly<string>()(text)
  const outer: Container<Cradle> = data
  return outer
}

export async function transactions(shop: ShopContext) {
  const count = await shop.transaction(
    async db => {
      exactly<ShopContext>()(db)
      return db.users.count()
    },
    { isolationLevel: 'serializable' },
  )
  exactly<number>()(count)

  await using tx = await shop.beginTransaction()
  await tx.commit()
  await using connection = await shop.openConnection()
  await connection.close()
}
