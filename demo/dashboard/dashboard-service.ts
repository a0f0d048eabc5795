import type { DbContextFactory } from 'mayfly'
import type { Cradle } from './container.js'
import { lastLogs, lastOrders, userStats } from './queries.js'
import type { ShopContext } from './shop-context.js'
import type { Stopwatch } from './stopwatch.js'

/** The same three queries for one dashboard, in three ways. */
export class DashboardService {
  readonly #shop: ShopContext
  readonly #shops: DbContextFactory<ShopContext>
  readonly #stopwatch: Stopwatch

  constructor({
    shop,
    shopFactory,
    stopwatch,
  }: Pick<Cradle, 'shop' | 'shopFactory' | 'stopwatch'>) {
    this.#shop = shop
    this.#shops = shopFactory
    this.#stopwatch = stopwatch
  }

  /** One context, one query after the other: right, and as slow as all three together. */
  async sequential(userId: number) {
    const orders = await this.#orders(this.#shop, userId)
    const logs = await this.#logs(this.#shop)
    const stats = await this.#stats(this.#shop, userId)
    return { orders, logs, stats }
  }

  /** A context and a connection for each query: right, and as slow as the slowest one. */
  parallel(userId: number) {
    return this.#shops.parallel({
      orders: db => this.#orders(db, userId),
      logs: db => this.#logs(db),
      stats: db => this.#stats(db, userId),
    })
  }

  /** The bug: one context for three queries at once. Mayfly refuses the second one. */
  async shared(userId: number) {
    const [orders, logs, stats] = await Promise.all([
      this.#orders(this.#shop, userId),
      this.#logs(this.#shop),
      this.#stats(this.#shop, userId),
    ])
    return { orders, logs, stats }
  }

  #orders(db: ShopContext, userId: number) {
    return this.#stopwatch.time('orders', () => lastOrders(db, userId))
  }

  #logs(db: ShopContext) {
    return this.#stopwatch.time('logs', () => lastLogs(db))
  }

  #stats(db: ShopContext, userId: number) {
    return this.#stopwatch.time('stats', () => userStats(db, userId))
  }
}
