/** `npm run bench:heap`: a million scopes, 200,000 contexts and a million pooled leases leave the heap as it was. Run with --expose-gc. */
import { asClass, asValue } from 'awilix'
import { createContainer, DbContext } from 'mayfly'
import { sqlite } from 'mayfly/sqlite'

class ShopContext extends DbContext<{ users: { id: number } }> {
  readonly users = this.set('users', { key: 'id' })
}
class Service {
  readonly shop: ShopContext
  constructor({ shop }: { shop: ShopContext }) {
    this.shop = shop
  }
}

const container = createContainer()
  .addDbContext('shop', ShopContext, { dialect: sqlite(':memory:') })
  .addDbContextFactory('shop')
  .addPooledDbContextFactory('pooled', ShopContext, { dialect: sqlite(':memory:') })
  .register({ service: asClass(Service).scoped() })

async function scopes(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const scope = container.createScope().register({ user: asValue({ id: i }) })
    if (i % 5 === 0) void scope.cradle.service
    // Every other one that owns nothing is dropped, as by somebody who forgot it.
    if (i % 5 === 0 || i % 2 === 0) await scope.dispose()
  }
}

async function contexts(count: number): Promise<void> {
  const { shopFactory } = container.cradle
  for (let i = 0; i < count; i++) await shopFactory.createDbContext().dispose()
}

async function pooledLeases(count: number): Promise<void> {
  const { pooledFactory } = container.cradle
  for (let i = 0; i < count; i++) await pooledFactory.createDbContext().dispose()
}

/** MB */
async function heap(): Promise<number> {
  for (let i = 0; i < 5; i++) {
    globalThis.gc!()
    await new Promise(resolve => setImmediate(resolve))
  }
  return process.memoryUsage().heapUsed / 2 ** 20
}

await scopes(10_000)
await contexts(10_000)
await pooledLeases(10_000)
for (const [what, count, work] of [
  ['scopes', 1_000_000, scopes],
  ['contexts', 200_000, contexts],
  ['pooled leases', 1_000_000, pooledLeases],
] as const) {
  const before = await heap()
  await work(count)
  const after = await heap()
  console.log(
    `${count.toLocaleString('en')} ${what}: heap ${before.toFixed(2)} MB before, ${after.toFixed(2)} MB after`,
  )
  if (after > before + 1) process.exitCode = 1
}
await container.dispose()
