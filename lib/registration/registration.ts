import { DbContextFactory } from '../context/factory.js'
import type { Leased, LeaseEnd, Lend } from '../context/leased.js'
import { onLeaseAsync, poolSizesDisagree } from '../errors.js'
import { Pool, type PoolCounts } from '../support/pool.js'
import { CALLS, type Call, type Part } from './calls.js'
import type { Described } from './described.js'
import type { LeaseRequest, LeaseScope } from './lease-request.js'
import type { Sources } from './sources.js'

/** A function of the user's that gets a cradle, and may ask it for names. */
export interface CradleReader {
  readonly by: Function
  /** Which of its parameters the cradle is. */
  readonly position: number
  /** `asks` for each context, `dialect` once, of the container's cradle. */
  readonly kind: 'asks' | 'dialect'
  /** What it is called in messages; `undefined` for the constructor. */
  readonly what: string | undefined
}

/**
 * One name: what the four calls say about it. What a context is, and how one is leased, say the kinds of registrations.
 * @typeParam C what its users get
 * @typeParam I the inside of it, which can be pooled
 */
export abstract class Registration<C, I> {
  protected readonly described: Described
  readonly #pool = new Pool<I>(0)
  /** What is not pooled goes back to nowhere. */
  readonly #unpooled = new Pool<I>(0)
  readonly #calls = new Set<Call>()
  #poolSize: { readonly size: number; readonly call: Call; readonly isSaid: boolean } | undefined

  constructor(described: Described) {
    this.described = described
  }

  /** Where its connections come from, if they are Mayfly's. */
  abstract readonly sources: Sources | undefined
  abstract readonly canBePooled: boolean
  /** What makes its contexts, apart from `onLease`. */
  protected abstract readonly makers: readonly CradleReader[]
  protected abstract lease(request: LeaseRequest): Leased<C>
  /** @param idle what its pool has kept */
  protected abstract close(idle: readonly I[]): Promise<void>

  /** The call that described it. */
  get call(): Call {
    return this.described.call
  }

  /** Whatever may ask the cradle for names before somebody gets a context. */
  get readers(): CradleReader[] {
    const { onLease } = this.described.options
    if (!onLease) return [...this.makers]
    return [...this.makers, { by: onLease, position: 1, kind: 'asks', what: 'onLease' }]
  }

  get counts(): PoolCounts {
    const [plain, pooled] = [this.#unpooled.counts, this.#pool.counts]
    return {
      leased: plain.leased + pooled.leased,
      idle: pooled.idle,
      created: plain.created + pooled.created,
      dropped: plain.dropped + pooled.dropped,
    }
  }

  protected pool(isPooled: boolean): Pool<I> {
    return isPooled ? this.#pool : this.#unpooled
  }

  /** Closes what it opened, with the container. */
  end(): Promise<void> {
    return this.close(this.#pool.close())
  }

  has(call: Call): boolean {
    return this.#calls.has(call)
  }

  /** Whether one of its calls was for this. */
  gives(part: Part): boolean {
    return [...this.#calls].some(call => CALLS[call].gives === part)
  }

  /** Notes that a call was made. */
  add(call: Call): void {
    this.#calls.add(call)
  }

  /** One pool for a name; the first call that says a size decides, and two that differ disagree. */
  sizePool(call: Call, size: number, isSaid: boolean): void {
    const had = this.#poolSize
    if (had && (!isSaid || had.size === size)) return
    const { label } = this.described
    if (had?.isSaid) throw poolSizesDisagree(label, had.call, had.size, call, size)
    this.#poolSize = { size, call, isSaid }
    this.#pool.size = size
  }

  /** A context of a scope, which ends it. */
  resolve(scope: LeaseScope, holder: object, isPooled: boolean): C {
    const request = {
      scope,
      holder,
      owner: 'scope',
      isPooled,
      signal: undefined,
      onEnd: undefined,
    } as const
    const { context, lease, remains } = this.lease(request)
    const foreign = lease.isForeign ?? false
    scope.own({ key: this.described.key, value: lease, foreign, end: endLease, remains })
    return context
  }

  /** A factory whose contexts end with a scope at the latest (F1). */
  factory(scope: LeaseScope, holder: object, isPooled: boolean): DbContextFactory<C> {
    const { label, factoryLabel } = this.described
    const what = `${label} (made by ${factoryLabel})`
    // A factory that makes nothing keeps no scope alive.
    let owned = false
    const lend: Lend<C> = (signal, onEnd) => {
      scope.assertOpen(`a context of ${factoryLabel}`)
      if (!owned) {
        owned = true
        scope.own({
          key: undefined,
          value: factory,
          foreign: false,
          end: endLeases,
          remains: factory.remains,
        })
      }
      const request = { scope, holder, owner: 'caller', isPooled, signal, onEnd } as const
      return scope.building(what, () => this.lease(request))
    }
    const pool = isPooled ? this : undefined
    const factory = new DbContextFactory<C>(label, scope.label, lend, pool)
    return factory
  }

  /** Makes a new context ready, or ends what it has begun: nobody else gets it. */
  protected makeReady(context: C, holder: object, lease: LeaseEnd): C {
    const { label, options } = this.described
    try {
      const leased: unknown = options.onLease?.(context, holder)
      if (typeof (leased as PromiseLike<unknown> | null | undefined)?.then !== 'function')
        return context
      void Promise.resolve(leased).catch(() => {})
      throw onLeaseAsync(label)
    } catch (error) {
      lease.dispose('ended because it could not be made ready').catch(() => {})
      throw error
    }
  }
}

function endLease(lease: LeaseEnd): Promise<void> {
  return lease.dispose(`ended with ${lease.scopeLabel}`)
}

function endLeases(factory: DbContextFactory<unknown>): Promise<void> {
  return factory.endAll()
}
