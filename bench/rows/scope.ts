import { asClass, asValue, createContainer as awilix } from 'awilix'
import { createContainer, DbContext } from 'mayfly'
import { mysql } from 'mayfly/mysql2'
import 'reflect-metadata'
import { container as tsyringe, inject, injectable, Lifecycle } from 'tsyringe'
import type { Row } from '../row.js'

class Repository {
  readonly user: unknown
  constructor({ user }: { user: unknown }) {
    this.user = user
  }
}
class Orders {
  readonly repository: unknown
  constructor({ repository }: { repository: unknown }) {
    this.repository = repository
  }
}
class Mailer {
  readonly user: unknown
  constructor({ user }: { user: unknown }) {
    this.user = user
  }
}
class Controller {
  readonly orders: unknown
  readonly mailer: unknown
  constructor({ orders, mailer }: { orders: unknown; mailer: unknown }) {
    this.orders = orders
    this.mailer = mailer
  }
}
class ControllerWithContext extends Controller {
  readonly shop: unknown
  constructor(cradle: { orders: unknown; mailer: unknown; shop: unknown }) {
    super(cradle)
    this.shop = cradle.shop
  }
}
class ShopContext extends DbContext<{ users: { id: number; name: string } }> {
  readonly users = this.set('users', { key: 'id' })
}

const services = {
  repository: asClass(Repository).scoped(),
  orders: asClass(Orders).scoped(),
  mailer: asClass(Mailer).scoped(),
  controller: asClass(Controller).scoped(),
}

interface Root {
  createScope(): {
    register(name: string, resolver: never): unknown
    resolve(name: string): unknown
    dispose(): Promise<void>
  }
}

async function scope(root: Root): Promise<void> {
  const opened = root.createScope()
  opened.register('user', asValue({ id: 1 }) as never)
  opened.resolve('controller')
  await opened.dispose()
}

async function hundred(once: () => Promise<void>): Promise<void> {
  for (let i = 0; i < 100; i++) await once()
}

/** tsyringe wants decorators and metadata; the same classes, with the same dependencies by token. */
function tsyringeRoot(): () => Promise<void> {
  const root = tsyringe.createChildContainer()
  for (const [token, target, needs] of [
    ['repository', Repository, ['user']],
    ['orders', Orders, ['repository']],
    ['mailer', Mailer, ['user']],
    ['controller', Controller, ['orders', 'mailer']],
  ] as const) {
    class Built {
      readonly value: unknown
      constructor(...values: unknown[]) {
        this.value = new target(
          Object.fromEntries(needs.map((name, i) => [name, values[i]])) as never,
        )
      }
    }
    Reflect.defineMetadata(
      'design:paramtypes',
      needs.map(() => Object),
      Built,
    )
    for (const [i, name] of needs.entries()) inject(name)(Built, undefined, i)
    injectable()(Built)
    root.register(token, { useClass: Built }, { lifecycle: Lifecycle.ContainerScoped })
  }
  return async () => {
    const child = root.createChildContainer()
    child.register('user', { useValue: { id: 1 } })
    child.resolve('controller')
    await child.dispose()
  }
}

export const row: Row = {
  title: 'open scope, register a value, resolve controller + 3 services, dispose',
  limit: 'awilix',
  budgets: {
    mayfly: [{ of: 'least time', most: 0.25 }],
    'mayfly + context': [{ of: 'least time', most: 0.4 }],
  },
  candidates: {
    awilix() {
      const root = awilix()
      root.register(services)
      return { batch: 100, run: () => hundred(() => scope(root)) }
    },
    tsyringe() {
      const once = tsyringeRoot()
      return { batch: 100, run: () => hundred(once) }
    },
    mayfly() {
      const root = createContainer().register(services)
      return { batch: 100, run: () => hundred(() => scope(root)) }
    },
    'mayfly + context'() {
      const root = createContainer()
        .register({ ...services, controller: asClass(ControllerWithContext).scoped() })
        .addDbContext('shop', ShopContext, { dialect: mysql('mysql://localhost/bench') })
      return {
        batch: 100,
        run: () => hundred(() => scope(root)),
        end: () => root.dispose(),
      }
    },
  },
}
