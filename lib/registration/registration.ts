import type { LifetimeType } from 'awilix'
import type { DataSource } from '../connection/data-source.js'
import type { PoolCounts } from '../context/core-pool.js'
import {
  DbContextFactory,
  type LeaseContext,
  type Leased,
  type LeaseEnd,
} from '../context/factory.js'
import type { LeaseOwner } from '../context/lease.js'
import { onLeaseAsync, poolSizesDisagree } from '../errors.js'
import { MayflyContainer } from '../container/container.js'
import { withFacts } from '../container/resolvers.js'
import type { ScopeNode } from '../container/scope-node.js'
import type { ContextRegistrationOptions } from './options.js'

export type Call =
  'addDbContext' | 'addDbContextPool' | 'addDbContextFactory' | 'addPooledDbContextFactory'

export type Options = ContextRegistrationOptions<any, any> & { readonly poolSize?: number }

/** For whom a context is made, and how it ends. */
export interface LeaseRequest {
  readonly container: MayflyContainer
  readonly node: ScopeNode
  readonly owner: LeaseOwner
  readonly isPooled: boolean
  readonly signal: AbortSignal | undefined
  readonly onEnd: ((lease: LeaseEnd) => void) | undefined
}

/** One name: what the four calls say about it. What a context is, and how one is leased, say the kinds of registrations. */
export abstract class Registration<C> {
  /** The call that described it. */
  readonly call: Call
  protected readonly node: ScopeNode
  protected readonly name: string
  protected readonly options: Options
  readonly #calls = new Set<Call>()
  #poolSize: { readonly size: number; readonly call: Call; readonly isSaid: boolean } | undefined

  constructor(node: ScopeNode, name: string, call: Call, options: Options) {
    this.node = node
    this.name = name
    this.call = call
    this.options = options
    // Whatever it opens, it closes after all that was created since it was registered.
    node.own({ name: undefined, value: this, foreign: false, end: () => this.close() })
  }

  /** Where its connections come from, once that is open. */
  abstract readonly source: DataSource | undefined
  abstract readonly counts: PoolCounts
  abstract readonly canBePooled: boolean
  protected abstract lease(request: LeaseRequest): Leased<C>
  /** How many idle ones the pool may keep from now on. */
  protected abstract resizePool(size: number): void
  protected abstract close(): Promise<void>

  has(call: Call): boolean {
    return this.#calls.has(call)
  }

  addContext(lifetime: LifetimeType): void {
    this.#calls.add('addDbContext')
    this.#registerContext(lifetime, false)
  }

  addContextPool(size: number, isSaid: boolean): void {
    this.#size('addDbContextPool', size, isSaid)
    this.#calls.add('addDbContextPool')
    this.#registerContext('SCOPED', true)
  }

  addFactory(): void {
    this.#calls.add('addDbContextFactory')
    this.#registerFactory(false)
  }

  addPooledFactory(size: number, isSaid: boolean): void {
    this.#size('addPooledDbContextFactory', size, isSaid)
    this.#calls.add('addPooledDbContextFactory')
    this.#registerFactory(true)
  }

  /** Takes the names away. What was resolved stays good, and what is open is closed with the container. */
  remove(): void {
    this.node.unregister(this.name)
    this.node.unregister(`${this.name}Factory`)
  }

  /** Makes a new context ready, or ends what it has begun: nobody else gets it. */
  protected ready(context: C, container: MayflyContainer, lease: LeaseEnd): C {
    try {
      const leased: unknown = this.options.onLease?.(context, container.cradle)
      if (typeof (leased as PromiseLike<unknown> | null | undefined)?.then !== 'function')
        return context
      void Promise.resolve(leased).catch(() => {})
      throw onLeaseAsync(this.name)
    } catch (error) {
      lease.dispose('ended because it could not be made ready').catch(() => {})
      throw error
    }
  }

  /** One pool for a name; the first call that says a size decides, and two that differ disagree. */
  #size(call: Call, size: number, isSaid: boolean): void {
    const had = this.#poolSize
    if (had && (!isSaid || had.size === size)) return
    if (had?.isSaid) throw poolSizesDisagree(this.name, had.call, had.size, call, size)
    this.#poolSize = { size, call, isSaid }
    this.resizePool(size)
  }

  #registerContext(lifetime: LifetimeType, isPooled: boolean): void {
    const resolver = {
      lifetime,
      resolve: (container: object) =>
        this.#resolve(container as MayflyContainer, isPooled) as never,
    }
    this.node.register(this.name, withFacts(resolver, { kind: 'context', needsScope: true }))
  }

  #registerFactory(isPooled: boolean): void {
    if (!this.has('addDbContext') && !this.has('addDbContextPool'))
      this.#registerContext('SCOPED', isPooled)
    const resolver = {
      lifetime: 'SCOPED' as const,
      isLeakSafe: true,
      resolve: (container: object) => this.#factory(container as MayflyContainer, isPooled),
    }
    this.node.register(
      `${this.name}Factory`,
      withFacts(resolver, { kind: 'factory', rootSafe: true }),
    )
  }

  #resolve(container: MayflyContainer, isPooled: boolean): C {
    const node = MayflyContainer.nodeOf(container)!
    const request = {
      container,
      node,
      owner: 'scope',
      isPooled,
      signal: undefined,
      onEnd: undefined,
    } as const
    const { context, lease } = this.lease(request)
    const foreign = lease.isForeign ?? false
    node.own({ name: this.name, value: lease, foreign, end: endLease })
    return context
  }

  #factory(container: MayflyContainer, isPooled: boolean): DbContextFactory<C> {
    const node = MayflyContainer.nodeOf(container)!
    // A factory that makes nothing keeps no scope alive.
    let owned = false
    const lease: LeaseContext<C> = (signal, onEnd) => {
      node.assertOpen(`a context of ${this.name}Factory`)
      if (!owned) {
        owned = true
        node.own({ name: undefined, value: factory, foreign: false, end: endLeases })
      }
      return this.lease({ container, node, owner: 'caller', isPooled, signal, onEnd })
    }
    const pool = isPooled ? this : undefined
    const factory = new DbContextFactory<C>(this.name, node.label, lease, pool)
    return factory
  }
}

function endLease(lease: LeaseEnd): Promise<void> {
  return lease.dispose(`ended with ${lease.scopeLabel}`)
}

function endLeases(factory: DbContextFactory<unknown>): Promise<void> {
  return factory.endAll()
}
