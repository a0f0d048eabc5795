import { createContainer, DbContext } from 'mayfly'
import { sqlite } from 'mayfly/sqlite'
import type { Candidate, Row } from '../row.js'

class ShopContext extends DbContext<{
  users: { id: number }
  orders: { id: number }
  logs: { id: number }
}> {
  readonly users = this.set('users', { key: 'id' })
  readonly orders = this.set('orders', { key: 'id' })
  readonly logs = this.set('logs', { key: 'id' })
}

type Shop = {
  use(work: (db: ShopContext) => Promise<unknown>): Promise<unknown>
  createDbContext(): ShopContext
}

function candidate(isPooled: boolean, run: (shop: Shop) => Promise<unknown>): Candidate {
  const options = { dialect: sqlite(':memory:') }
  const container = isPooled
    ? createContainer().addPooledDbContextFactory('shop', ShopContext, options)
    : createContainer().addDbContextFactory('shop', ShopContext, options)
  const { shopFactory } = container.cradle
  return {
    batch: 100,
    async run() {
      for (let i = 0; i < 100; i++) await run(shopFactory)
    },
    end: () => container.dispose(),
  }
}

const untouched = async () => {}
const made = async (shop: Shop) => shop.createDbContext().dispose()

/** What a pool saves, before it is recommended to anybody. */
export const rows: Row[] = [
  {
    title: 'a lease, unused: factory.use',
    limit: 'without a pool',
    budgets: {},
    candidates: {
      'without a pool': () => candidate(false, shop => shop.use(untouched)),
      'with a pool': () => candidate(true, shop => shop.use(untouched)),
    },
  },
  {
    title: 'a lease, unused: createDbContext and dispose',
    limit: 'without a pool',
    budgets: {},
    candidates: {
      'without a pool': () => candidate(false, made),
      'with a pool': () => candidate(true, made),
    },
  },
]
