import type { DataSource } from '../connection/data-source.js'
import { ContextCore } from './core.js'

/** What a pool holds and has done. Leased and idle are counted apart (P6). */
export interface PoolCounts {
  readonly leased: number
  readonly idle: number
  /** Cores that were made because the pool was empty. */
  readonly created: number
  /** Cores that did not come back: the pool was full, or their reset failed. */
  readonly dropped: number
}

/**
 * Keeps cores between leases. It never waits and never throws: empty, it makes a new core; full, it lets the returning one go (P2). The idea
 * is EF Core's `DbContextPool`; what is pooled here is the inside of a context, so nothing that a user can hold comes back.
 */
export class CorePool {
  size: number
  readonly #idle: ContextCore[] = []
  #leased = 0
  #created = 0
  #dropped = 0
  #closed = false

  /** @param size how many idle cores are kept (cores); 0 keeps none */
  constructor(size: number) {
    this.size = size
  }

  get counts(): PoolCounts {
    return {
      leased: this.#leased,
      idle: this.#idle.length,
      created: this.#created,
      dropped: this.#dropped,
    }
  }

  take(source: DataSource): ContextCore {
    this.#leased++
    const core = this.#idle.pop()
    if (core) return core
    this.#created++
    return new ContextCore(source)
  }

  /** Takes back a core that was reset; one that is not as good as new is dropped, and costs no place. */
  giveBack(core: ContextCore): void {
    this.#leased--
    if (!this.#closed && core.asGoodAsNew && this.#idle.length < this.size) this.#idle.push(core)
    else this.#dropped++
  }

  close(): void {
    this.#closed = true
    this.#dropped += this.#idle.splice(0).length
  }
}
