// What must not compile of the functions for a plain Awilix container. Never run.
import type { AwilixContainer } from 'awilix'
import type { Dialect, Generated } from 'kysely'
import {
  addDbContext,
  addDbContextFactory,
  addDbContextPool,
  addPooledDbContextFactory,
  DbContext,
  type DbContextFactory,
} from 'mayfly'
import { exactly } from './equal.js'

declare const dialect: Dialect
declare const container: AwilixContainer<{ tenant: { id: string } }>

interface ShopDatabase {
  users: { id: Generated<number>; name: string }
}
class ShopContext extends DbContext<ShopDatabase> {
  tenant = ''
  readonly users = this.set('users', { key: 'id' })
}
class Session {
  readonly user: string
  constructor(user: string) {
    this.user = user
  }
}

export function described() {
  const shops = addDbContext(container, 'shop', ShopContext, {
    dialect,
    lifetime: 'transient',
    onLease: (db, { tenant }) => void (db.tenant = tenant.id),
  })
  addDbContext(shops, 'shop')
  addDbContext(shops, 'shop', { lifetime: 'scoped' })
  addDbContextPool(shops, 'shop', { poolSize: 5 })
  exactly<DbContextFactory<ShopContext>>()(addDbContextFactory(shops, 'shop').cradle.shopFactory)
  exactly<DbContextFactory<ShopContext>>()(
    addPooledDbContextFactory(shops, 'shop', { poolSize: 5 }).cradle.shopFactory,
  )
  // @ts-expect-error no such name
  addDbContext(shops, 'store')
  // @ts-expect-error a value is no context
  addDbContextFactory(shops, 'tenant')
  // @ts-expect-error a class needs a dialect
  addDbContext(container, 'store', ShopContext)
}

export function providers() {
  const create = ({ tenant }: { tenant: { id: string } }) => new Session(tenant.id)
  const sessions = addDbContext(container, 'session', { create }, { lifetime: 'transient' })
  exactly<Session>()(sessions.cradle.session)
  const pooled = { create, reset: (session: Session) => void session }
  exactly<Session>()(addDbContextPool(container, 'session', pooled, { poolSize: 5 }).cradle.session)
  exactly<DbContextFactory<Session>>()(
    addDbContextFactory(container, 'session', { create }).cradle.sessionFactory,
  )
  exactly<DbContextFactory<Session>>()(
    addPooledDbContextFactory(container, 'session', pooled).cradle.sessionFactory,
  )
  // @ts-expect-error a pool needs reset
  addDbContextPool(container, 'session', { create })
  // @ts-expect-error this value is not in the cradle
  addDbContext(container, 'session', { create: ({ user }: { user: string }) => ({ user }) })
}
