import type { Insertable } from 'kysely'
import type { ShopDatabase } from './shop-context.js'

type NewRow<T extends keyof ShopDatabase> = Insertable<ShopDatabase[T]>

const START = Date.UTC(2026, 0, 1)
const MINUTE = 60_000
const PATHS = ['/', '/login', '/basket', '/orders', '/search']

/** Data for so many orders, always the same: fewer logs, and still fewer users. */
export class SampleData {
  readonly orderCount: number
  readonly logCount: number
  readonly userCount: number
  readonly #random = randomNumbers(1)

  constructor(orderCount: number) {
    this.orderCount = orderCount
    this.logCount = Math.ceil(orderCount / 5)
    this.userCount = Math.ceil(orderCount / 400)
  }

  get rowCount(): number {
    return this.orderCount + this.logCount + this.userCount
  }

  *users(): Generator<NewRow<'users'>> {
    for (let id = 1; id <= this.userCount; id++) yield { id, name: `User ${id}` }
  }

  *orders(): Generator<NewRow<'orders'>> {
    for (let i = 0; i < this.orderCount; i++) {
      yield {
        userId: 1 + this.#below(this.userCount),
        amount: (1 + this.#below(20_000) / 100).toFixed(2),
        createdAt: new Date(START + i * MINUTE),
      }
    }
  }

  *logs(): Generator<NewRow<'logs'>> {
    for (let i = 0; i < this.logCount; i++) {
      const path = PATHS[this.#below(PATHS.length)]!
      yield {
        message: `GET ${path} answered 200 in ${1 + this.#below(900)} ms`,
        timestamp: new Date(START + i * 5 * MINUTE),
      }
    }
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }
}

/** Numbers from 0 to 1, the same ones for the same seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
