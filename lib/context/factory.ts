import { inspect } from 'node:util'
import type { Remains } from '../scope/disposal.js'
import type { PoolCounts } from '../support/pool.js'
import { AbortedError, withSuppressed } from '../errors.js'
import type { Lend } from './leased.js'
import { LiveLeases } from './live-leases.js'
import {
  readParallel,
  type ParallelOptions,
  type ParallelWork,
  type Task,
} from './parallel-work.js'

/**
 * Makes contexts for work that needs more than one, or that has no scope. One that was resolved from a scope is bound to it: its contexts
 * see the scope's cradle and end with it at the latest (F1). The idea is EF Core's `IDbContextFactory`.
 */
export class DbContextFactory<C> {
  readonly #name: string
  readonly #scopeLabel: string
  readonly #lend: Lend<C>
  readonly #pool: { readonly counts: PoolCounts } | undefined
  readonly #live = new LiveLeases<C>()

  /** @internal */
  constructor(
    name: string,
    scopeLabel: string,
    lend: Lend<C>,
    pool: { readonly counts: PoolCounts } | undefined,
  ) {
    this.#name = name
    this.#scopeLabel = scopeLabel
    this.#lend = lend
    this.#pool = pool
  }

  /**
   * A context of your own. Touches no database. You dispose it: `await using db = factory.createDbContext()`.
   * @throws ScopeEndedError after the end of the scope that the factory is bound to
   */
  createDbContext(): C {
    return this.#live.take(this.#lend, undefined, true).context
  }

  /** Runs work on a context of its own, which ends with it, whatever happens (F2). */
  async use<R>(work: (db: C) => Promise<R>): Promise<R> {
    return this.#use(undefined, work)
  }

  /**
   * Runs each entry on a context of its own, at the same time, and gives the results under the same keys. The first failure aborts the
   * signals of the others, all are waited for, and then it is thrown with the other failures in its `suppressed`. No context outlives
   * the call.
   * @throws InvalidArgumentError for what is no work: a promise in place of a function, a Map, a number
   * @example const { orders, logs } = await factory.parallel({ orders: db => db.orders.toList(), logs: db => db.logs.toList() })
   */
  parallel<W extends Readonly<Record<string, Task<C>>>>(
    work: W,
    options?: ParallelOptions,
  ): Promise<{ -readonly [K in keyof W]: Awaited<ReturnType<W[K]>> }>
  /** The same for a list of functions, as in `Promise.all`. */
  parallel<const W extends readonly Task<C>[]>(
    work: readonly [...W],
    options?: ParallelOptions,
  ): Promise<{ -readonly [K in keyof W]: Awaited<ReturnType<W[K]>> }>
  /** The same for any other sequence of functions, such as a Set or a generator. */
  parallel<T extends Task<C>>(
    work: Iterable<T>,
    options?: ParallelOptions,
  ): Promise<Awaited<ReturnType<T>>[]>
  /** The same work for each item, in the order of the items. */
  parallel<I, R>(
    items: Iterable<I>,
    work: (db: C, item: I, signal: AbortSignal) => Promise<R>,
    options?: ParallelOptions,
  ): Promise<R[]>
  async parallel(first: unknown, second?: unknown, third?: unknown): Promise<unknown> {
    const work = readParallel<C>(first, second, third)
    return work.give(await this.#all(work))
  }

  /** @internal Ends what its makers did not (C8). */
  endAll(): Promise<void> {
    return this.#live.endAll(`ended with ${this.#scopeLabel}`, `contexts of ${this.#name}`)
  }

  /** @internal */
  get remains(): Remains {
    return this.#live.remains
  }

  async #all({ tasks, concurrency }: ParallelWork<C>): Promise<unknown[]> {
    const controller = new AbortController()
    const results: unknown[] = Array.from({ length: tasks.length })
    const failures: unknown[] = []
    /** What failed only because the first failure called it off says nothing new. */
    const isNotEcho = (failure: unknown) =>
      !(failure instanceof AbortedError && failure.cause === failures[0])
    let next = 0
    const runNext = async (): Promise<void> => {
      while (next < tasks.length && failures.length === 0) {
        const i = next++
        try {
          results[i] = await this.#use(controller.signal, db => tasks[i]!(db, controller.signal))
        } catch (error) {
          failures.push(error)
          controller.abort(error)
        }
      }
    }
    await Promise.all(Array.from({ length: Math.min(concurrency, tasks.length) }, runNext))
    if (failures.length > 0) throw withSuppressed(failures[0], failures.slice(1).filter(isNotEcho))
    return results
  }

  async #use<R>(signal: AbortSignal | undefined, work: (db: C) => Promise<R>): Promise<R> {
    const leased = this.#live.take(this.#lend, signal, false)
    let result: R
    try {
      result = await work(leased.context)
    } catch (error) {
      const late = await leased.lease.dispose('ended with the work of its factory').then(
        () => [],
        (failure: unknown) => [failure],
      )
      throw withSuppressed(error, late)
    }
    await leased.lease.dispose('ended with the work of its factory')
    return result
  }

  [inspect.custom](): string {
    const pool = this.#pool ? `, ${this.#pool.counts.idle} idle in the pool` : ''
    return `DbContextFactory(${this.#name}, ${this.#live.size} live${pool})`
  }
}
