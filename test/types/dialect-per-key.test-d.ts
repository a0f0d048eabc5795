// What must and must not compile of a dialect per key. Never run.
import type { Dialect } from 'kysely'
import {
  asValue,
  createContainer,
  DbContext,
  dialectPerKey,
  type Container,
  type DialectPerKey,
} from 'mayfly'
import { exactly } from './equal.js'

declare const dialect: Dialect

class ShopContext extends DbContext<{ users: { id: number } }> {}

export function keys() {
  const container = createContainer<{ tenant: { id: number; url: string } }>()

  container.addDbContext('shop', ShopContext, {
    dialect: dialectPerKey({
      key: ({ tenant }) => {
        exactly<{ id: number; url: string }>()(tenant)
        return tenant.id
      },
      open: (id, { tenant }) => {
        exactly<number>()(id)
        exactly<string>()(tenant.url)
        return dialect
      },
      max: 10,
      idleTimeout: 1000,
    }),
  })
  const shared = dialectPerKey({
    key: (cradle: { tenant: { id: number } }) => `t${cradle.tenant.id}`,
    open: () => dialect,
  })
  exactly<DialectPerKey<{ tenant: { id: number } }>>()(shared)
  container.addDbContextPool('pooled', ShopContext, { dialect: shared })
  container.addDbContextFactory('made', ShopContext, { dialect: shared })
  container.addPooledDbContextFactory('both', ShopContext, { dialect: shared })

  container.addDbContext('a', ShopContext, {
    // @ts-expect-error no such name in the cradle
    dialect: dialectPerKey({ key: ({ user }) => user, open: () => dialect }),
  })
  // @ts-expect-error a key is a text or a number
  dialectPerKey({ key: () => ({}), open: () => dialect })
  // @ts-expect-error a key is there at once
  dialectPerKey({ key: async () => 'north', open: () => dialect })
  // @ts-expect-error so is a dialect
  dialectPerKey({ key: () => 'north', open: async () => dialect })
  // @ts-expect-error no such option
  dialectPerKey({ key: () => 'north', open: () => dialect, maximum: 5 })
  // @ts-expect-error it needs a key
  dialectPerKey({ open: () => dialect })
}

/** One dialect serves all scopes, so the function that makes it sees what the container has. */
export function oneForAll() {
  const container = createContainer<{ tenant: string }>().register({
    settings: asValue({ url: 'mysql://' }),
  })

  container.addDbContext('shop', ShopContext, {
    dialect: ({ settings }) => {
      settings.url satisfies string
      return dialect
    },
    onLease: (_, { tenant }) => {
      exactly<string>()(tenant)
    },
  })
  // @ts-expect-error a tenant is known in scopes only
  container.addDbContext('a', ShopContext, { dialect: ({ tenant }) => dialect ?? tenant })
  // @ts-expect-error nor after other calls
  container.addDbContextFactory('b', ShopContext, { dialect: ({ tenant }) => dialect ?? tenant })
  container
    .register({ tenant: asValue('of the container') })
    .addDbContextPool('c', ShopContext, { dialect: ({ tenant }) => dialect ?? tenant })
  container.register('tenant', asValue('one')).addPooledDbContextFactory('d', ShopContext, {
    dialect: ({ tenant }) => dialect ?? tenant,
  })
  const plain: Container<{ tenant: string }> = createContainer<{ tenant: string }>()
  return plain
}
