/** `npm run bench:leases`: how many bytes a lease allocates, with and without a pool. Run with --expose-gc and a large young generation. */
import { createContainer, DbContext } from 'mayfly'
import { sqlite } from 'mayfly/sqlite'

class ShopContext extends DbContext<{ users: { id: number } }> {
  readonly users = this.set('users', { key: 'id' })
}

const LEASES = 20_000

async function bytes(isPooled: boolean): Promise<number> {
  const options = { dialect: sqlite(':memory:') }
  const container = isPooled
    ? createContainer().addPooledDbContextFactory('shop', ShopContext, options)
    : createContainer().addDbContextFactory('shop', ShopContext, options)
  const { shopFactory } = container.cradle
  const lease = async (count: number) => {
    for (let i = 0; i < count; i++) await shopFactory.use(async () => {})
  }
  await lease(LEASES)
  globalThis.gc!()
  const before = process.memoryUsage().heapUsed
  await lease(LEASES)
  const after = process.memoryUsage().heapUsed
  await container.dispose()
  return (after - before) / LEASES
}

console.log(`a lease without a pool: ${(await bytes(false)).toFixed(0)} bytes`)
console.log(`a lease with a pool:    ${(await bytes(true)).toFixed(0)} bytes`)
