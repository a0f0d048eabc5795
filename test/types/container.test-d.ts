// What must not compile of containers and registrations. Never run.
import type { Dialect, Generated } from 'kysely'
import {
  aliasTo,
  asClass,
  asFunction,
  asValue,
  createContainer,
  DbContext,
  InjectionMode,
  Lifetime,
  RESOLVER,
  runInScope,
  type Container,
  type DbContextFactory,
  type DbContextOptions,
} from 'mayfly'
import { exactly } from './equal.js'

declare const dialect: Dialect

interface ShopDatabase {
  users: { id: Generated<number>; name: string }
}

class ShopContext extends DbContext<ShopDatabase> {
  tenant = ''
  readonly users = this.set('users', { key: 'id' })
}

class ReplicaContext extends DbContext<ShopDatabase> {
  readonly replica = true
}

export function contextNames() {
  const container = createContainer<{ tenant: { id: string } }>()
    .addDbContext('shop', ShopContext, { dialect })
    .register({ clock: asFunction(() => 1) })

  container.addDbContextFactory('shop')
  // @ts-expect-error no such name
  container.addDbContextFactory('store')
  // @ts-expect-error a value is no context
  container.addDbContextFactory('tenant')
  // @ts-expect-error a service is no context
  container.addDbContextFactory('clock')
  // @ts-expect-error no such name
  container.addDbContext('store', { lifetime: 'transient' })
  // @ts-expect-error a name that is new needs a class and options
  container.addDbContext('store')
  // @ts-expect-error names are text
  container.addDbContext(Symbol('store'), ShopContext, { dialect })
  // @ts-expect-error the name comes first
  container.addDbContext(ShopContext, { dialect })
}

export function cradles() {
  const container = createContainer<{ tenant: string }>()
    .addDbContext('shop', ShopContext, { dialect })
    .addDbContext('replica', ReplicaContext, { dialect })
    .addDbContextFactory('replica')

  exactly<ShopContext>()(container.cradle.shop)
  exactly<ReplicaContext>()(container.cradle.replica)
  exactly<DbContextFactory<ReplicaContext>>()(container.cradle.replicaFactory)
  // @ts-expect-error addDbContext adds no factory
  container.cradle.shopFactory satisfies unknown
  // @ts-expect-error no such name
  container.cradle.store satisfies unknown
  // @ts-expect-error a cradle cannot be written to with something else
  container.cradle.tenant = 1
  // @ts-expect-error no such name in a scope either
  container.createScope().cradle.store satisfies unknown
  // @ts-expect-error a replica is no shop
  container.resolve('replica').users satisfies unknown
}

export function orders() {
  const contextFirst = createContainer()
    .addDbContext('shop', ShopContext, { dialect })
    .addDbContextFactory('shop')
  const factoryFirst = createContainer()
    .addDbContextFactory('shop', ShopContext, { dialect })
    .addDbContext('shop', { lifetime: 'transient' })

  exactly<ShopContext>()(factoryFirst.cradle.shop)
  exactly<DbContextFactory<ShopContext>>()(factoryFirst.cradle.shopFactory)
  const same: typeof contextFirst.cradle = factoryFirst.cradle
  return same
}

export function classes() {
  const container = createContainer()

  class WithConstructor extends DbContext<ShopDatabase> {
    constructor(options: DbContextOptions, { user }: { user: string }) {
      super(options, { user })
    }
  }
  container.addDbContext('good', WithConstructor, { dialect })
  container.addDbContext('plain', DbContext<ShopDatabase>, { dialect })

  // @ts-expect-error a Date is no context
  container.addDbContext('date', Date, { dialect })
  // @ts-expect-error a function is no class
  container.addDbContext('made', () => new ShopContext({ dialect }), { dialect })
  // @ts-expect-error an instance is no class
  container.addDbContext('instance', new ShopContext({ dialect }), { dialect })
  class Odd extends DbContext<ShopDatabase> {
    constructor(url: string) {
      super({ dialect })
      url satisfies string
    }
  }
  // @ts-expect-error its constructor takes no options
  container.addDbContext('odd', Odd, { dialect })
}

export function registrationOptions() {
  const container = createContainer().register({ settings: asValue({ url: 'mysql://' }) })

  container.addDbContext('made', ShopContext, {
    dialect: ({ settings }) => {
      settings.url satisfies string
      return dialect
    },
    gate: { maxConnections: 5, acquireTimeout: 1000 },
    concurrency: 'queue',
    disposeTimeout: 500,
    lifetime: 'transient',
  })

  // @ts-expect-error no dialect
  container.addDbContext('a', ShopContext, {})
  // @ts-expect-error no options
  container.addDbContext('b', ShopContext)
  // @ts-expect-error a URL is no dialect
  container.addDbContext('c', ShopContext, { dialect: 'mysql://localhost' })
  // @ts-expect-error a promise is no dialect
  container.addDbContext('d', ShopContext, { dialect: async () => dialect })
  // @ts-expect-error no such name in the cradle
  container.addDbContext('e', ShopContext, { dialect: ({ config }) => dialect ?? config })
  // @ts-expect-error a context is no singleton
  container.addDbContext('f', ShopContext, { dialect, lifetime: 'singleton' })
  // @ts-expect-error lifetime belongs to addDbContext
  container.addDbContextFactory('g', ShopContext, { dialect, lifetime: 'transient' })
  // @ts-expect-error no such mode
  container.addDbContext('h', ShopContext, { dialect, concurrency: 'parallel' })
  // @ts-expect-error a limit is a number
  container.addDbContext('i', ShopContext, { dialect, gate: { maxConnections: '5' } })
  // @ts-expect-error no such option
  container.addDbContext('j', ShopContext, { dialect, gate: { timeout: 5 } })
  // @ts-expect-error no such option
  container.addDbContext('k', ShopContext, { dialect, poolsize: 5 })
  const described = container.addDbContextFactory('shop', ShopContext, { dialect })
  // @ts-expect-error class and options are given once
  described.addDbContext('shop', { dialect })
}

export function onLease() {
  const container = createContainer<{ tenant: { id: string } }>().register({
    limit: asFunction(() => 3),
  })

  container.addDbContext('shop', ShopContext, {
    dialect,
    onLease: (db, { tenant, limit }) => {
      exactly<ShopContext>()(db)
      exactly<{ id: string }>()(tenant)
      exactly<number>()(limit)
    },
  })
  container.addDbContextFactory('made', ShopContext, {
    dialect,
    onLease(db, cradle) {
      db.tenant = cradle.tenant.id
    },
  })

  // @ts-expect-error the value is not declared
  container.addDbContext('a', ShopContext, { dialect, onLease: (_, { user }) => void user })
  // @ts-expect-error a context has no such field
  container.addDbContext('b', ShopContext, { dialect, onLease: db => void (db.user = 1) })
  container.addDbContext('c', ShopContext, {
    dialect,
    onLease: (db, { tenant }) => {
      // @ts-expect-error a tenant is no text
      db.tenant = tenant
    },
  })
  // @ts-expect-error the value is not declared
  createContainer().addDbContext('d', ShopContext, { dialect, onLease: (_, { tenant }) => tenant })
}

export function services() {
  const data = createContainer<{ tenant: string }>()
    .addDbContext('shop', ShopContext, { dialect })
    .addDbContextFactory('shop')
  type Cradle = typeof data.cradle

  class Service {
    readonly shop: ShopContext
    constructor({ shop, tenant }: Pick<Cradle, 'shop' | 'tenant'>) {
      exactly<string>()(tenant)
      this.shop = shop
    }
  }
  // @ts-expect-error no such name
  type Wrong = Pick<Cradle, 'store'>
  const container = data
    .register({
      service: asClass(Service).scoped(),
      job: asFunction(({ shopFactory }: Pick<Cradle, 'shopFactory'>) => shopFactory).singleton(),
      alias: aliasTo<Service>('service'),
    })
    .register('limit', asValue(3))

  exactly<Service>()(container.cradle.service)
  exactly<DbContextFactory<ShopContext>>()(container.resolve('job'))
  exactly<Service>()(container.cradle.alias)
  exactly<3>()(container.cradle.limit)
  // @ts-expect-error asClass takes a class
  asClass(() => 1)
  // @ts-expect-error asFunction takes a function
  asFunction(3)
  return {} as Wrong
}

export function awilixNames() {
  class Service {
    static readonly [RESOLVER] = { lifetime: Lifetime.SCOPED }
    readonly one = 1
  }
  const container = createContainer({ injectionMode: InjectionMode.CLASSIC, strict: false })
    .register({ service: asClass(Service, { lifetime: Lifetime.SINGLETON }) })
    .register({ again: aliasTo<Service>('service'), limit: asValue<number>(3) })

  exactly<Service>()(container.cradle.again)
  exactly<number>()(container.cradle.limit)
  // @ts-expect-error no such mode
  createContainer({ injectionMode: 'POSITIONAL' })
  // @ts-expect-error no such lifetime
  asClass(Service, { lifetime: 'DAILY' })
  // @ts-expect-error an alias names what it stands for
  aliasTo(Service)
}

export async function scopes() {
  const container = createContainer<{ tenant: string }>().addDbContext('shop', ShopContext, {
    dialect,
  })

  const named: Container<{ tenant: string; shop: ShopContext }> = container
  // @ts-expect-error the cradle has no such name
  const wrong: Container<{ store: ShopContext }> = container
  // @ts-expect-error work needs to be a function
  await runInScope(container, { name: 'report' })
  // @ts-expect-error no such option
  await runInScope(container, { label: 'report' }, () => 1)
  // @ts-expect-error a value is no resolver
  await runInScope(container, { register: { tenant: 'north' } }, () => 1)
  // @ts-expect-error no such name
  await runInScope(container, scope => scope.cradle.store)
  // @ts-expect-error no such option
  createContainer({ validateScope: true })
  return [named, wrong]
}
