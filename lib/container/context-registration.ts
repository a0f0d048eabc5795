import type { LifetimeType } from 'awilix'
import type { Dialect } from 'kysely'
import { openDataSource, type DataSource } from '../connection/data-source.js'
import { CorePool, type PoolCounts } from '../context/core-pool.js'
import type { DbContext } from '../context/db-context.js'
import { DbContextFactory, type Leased, type LeaseEnd } from '../context/factory.js'
import { LeaseHandle, watchForLeak } from '../context/lease-handle.js'
import { Lease, type LeaseOwner } from '../context/lease.js'
import { isDialect, optionsWithHandle, type DbContextOptions } from '../context/options.js'
import { dialectMissing, onLeaseAsync, poolSizesDisagree } from '../errors.js'
import { MayflyContainer } from './container.js'
import { withFacts } from './resolvers.js'
import type { ScopeNode } from './scope-node.js'
import type { ContextRegistrationOptions, DbContextClass } from './types.js'

export type Call =
  'addDbContext' | 'addDbContextPool' | 'addDbContextFactory' | 'addPooledDbContextFactory'

export type Options = ContextRegistrationOptions<DbContext, any> & { readonly poolSize?: number }

/** A function that makes a dialect is called once for a container, and all registrations that have it share what it made. */
export type MadeDialects = Map<Function, Dialect>

export interface Description {
  readonly context: DbContextClass<DbContext>
  readonly options: Options
  readonly call: Call
}

/** One name: its class, its options, its cores, and its hold on a data source. */
export class ContextRegistration {
  readonly description: Description
  readonly #node: ScopeNode
  readonly #name: string
  readonly #dialects: MadeDialects
  readonly #calls = new Set<Call>()
  /** Cores of contexts that are not pooled go back to nowhere. */
  readonly #unpooled = new CorePool(0)
  #pool: { readonly cores: CorePool; readonly call: Call; readonly isSaid: boolean } | undefined
  #source: DataSource | undefined
  #options: DbContextOptions | undefined

  constructor(node: ScopeNode, name: string, description: Description, dialects: MadeDialects) {
    this.#node = node
    this.#name = name
    this.#dialects = dialects
    this.description = description
    if (typeof description.options.dialect !== 'function') this.#openSource()
    // Whenever it is opened, it is closed after all that was created since it was registered.
    node.own({ name: undefined, value: this, foreign: false, dispose: () => this.#close() })
  }

  /** The gate and its limits, once the dialect is open. */
  get source(): DataSource | undefined {
    return this.#source
  }

  get counts(): PoolCounts {
    const [plain, pooled] = [this.#unpooled.counts, this.#pool?.cores.counts]
    if (!pooled) return plain
    return {
      leased: plain.leased + pooled.leased,
      idle: pooled.idle,
      created: plain.created + pooled.created,
      dropped: plain.dropped + pooled.dropped,
    }
  }

  has(call: Call): boolean {
    return this.#calls.has(call)
  }

  addContext(lifetime: LifetimeType): void {
    this.#calls.add('addDbContext')
    this.#registerContext(lifetime, this.#unpooled)
  }

  addContextPool(poolSize: number, isSaid: boolean): void {
    const cores = this.#poolFor('addDbContextPool', poolSize, isSaid)
    this.#calls.add('addDbContextPool')
    this.#registerContext('SCOPED', cores)
  }

  addFactory(): void {
    this.#calls.add('addDbContextFactory')
    this.#registerFactory(this.#unpooled)
  }

  addPooledFactory(poolSize: number, isSaid: boolean): void {
    const cores = this.#poolFor('addPooledDbContextFactory', poolSize, isSaid)
    this.#calls.add('addPooledDbContextFactory')
    this.#registerFactory(cores)
  }

  /** Takes the names away. What was resolved stays good, and the dialect is closed with the container. */
  remove(): void {
    this.#node.unregister(this.#name)
    this.#node.unregister(`${this.#name}Factory`)
  }

  /** One pool for a name; the first call that says a size decides, and two that differ disagree. */
  #poolFor(call: Call, size: number, isSaid: boolean): CorePool {
    const had = this.#pool
    if (had && (!isSaid || had.cores.size === size)) return had.cores
    if (had?.isSaid) throw poolSizesDisagree(this.#name, had.call, had.cores.size, call, size)
    if (had) had.cores.size = size
    const cores = had?.cores ?? new CorePool(size)
    this.#pool = { cores, call, isSaid }
    return cores
  }

  #registerContext(lifetime: LifetimeType, cores: CorePool): void {
    const resolver = {
      lifetime,
      resolve: (container: object) => this.#resolve(container as MayflyContainer, cores) as never,
    }
    this.#node.register(this.#name, withFacts(resolver, { kind: 'context', needsScope: true }))
  }

  #registerFactory(cores: CorePool): void {
    if (!this.has('addDbContext') && !this.has('addDbContextPool'))
      this.#registerContext('SCOPED', cores)
    const resolver = {
      lifetime: 'SCOPED' as const,
      isLeakSafe: true,
      resolve: (container: object) => this.#factory(container as MayflyContainer, cores),
    }
    this.#node.register(
      `${this.#name}Factory`,
      withFacts(resolver, { kind: 'factory', rootSafe: true }),
    )
  }

  #resolve(container: MayflyContainer, cores: CorePool): DbContext {
    const node = MayflyContainer.nodeOf(container)!
    const { context, lease } = this.#lease(container, cores, 'scope', undefined, undefined)
    const dispose = () => lease.dispose(`ended with ${node.label}`)
    node.own({ name: this.#name, value: lease, foreign: false, dispose })
    return context
  }

  #factory(container: MayflyContainer, cores: CorePool): DbContextFactory<DbContext> {
    const node = MayflyContainer.nodeOf(container)!
    const factory: DbContextFactory<DbContext> = new DbContextFactory(
      this.#name,
      (signal, onEnd) => {
        node.assertOpen(`a context of ${this.#name}Factory`)
        if (!owned) {
          owned = true
          const dispose = () => factory.endAll(`ended with ${node.label}`)
          node.own({ name: undefined, value: factory, foreign: false, dispose })
        }
        return this.#lease(container, cores, 'caller', signal, onEnd)
      },
    )
    // A factory that makes nothing keeps no scope alive.
    let owned = false
    return factory
  }

  #lease(
    container: MayflyContainer,
    pool: CorePool,
    owner: LeaseOwner,
    signal: AbortSignal | undefined,
    onEnd: ((lease: LeaseEnd) => void) | undefined,
  ): Leased<DbContext> {
    const { context: Context, options } = this.description
    const source = this.#source ?? this.#openSource()
    const node = MayflyContainer.nodeOf(container)!
    const lease = new Lease({
      source,
      pool,
      label: Context.name,
      owner,
      scopeLabel: node.label,
      scope: node,
      concurrency: options.concurrency,
      commandTimeout: options.commandTimeout,
      disposeTimeout: options.disposeTimeout,
      logger: options.logger ?? this.#node.family.logger,
      signal: anyOf(signal, node.workSignal),
      onEnd,
    })
    const handle = new LeaseHandle(lease)
    try {
      const context = new Context(optionsWithHandle(this.#options!, handle), container.cradle)
      const leased: unknown = options.onLease?.(context, container.cradle)
      if (typeof (leased as PromiseLike<unknown> | null | undefined)?.then === 'function') {
        void Promise.resolve(leased).catch(() => {})
        throw onLeaseAsync(this.#name)
      }
      return { context, lease, watch: () => watchForLeak(handle, lease) }
    } catch (error) {
      // Nobody gets this context, so nobody else ends what its constructor or onLease began.
      lease.dispose('ended because it could not be made ready').catch(() => {})
      throw error
    }
  }

  #openSource(): DataSource {
    const { onLease: _, lifetime: __, poolSize: ___, ...options } = this.description.options
    const dialect = this.#dialect()
    this.#options = { ...options, dialect }
    return (this.#source = openDataSource(dialect, options.gate))
  }

  async #close(): Promise<void> {
    this.#pool?.cores.close()
    await this.#source?.release()
  }

  #dialect(): Dialect {
    const make: unknown = this.description.options.dialect
    if (typeof make !== 'function') return make as Dialect
    const made = this.#dialects.get(make) ?? (make(this.#node.face.cradle) as unknown)
    if (!isDialect(made)) throw dialectMissing(`The dialect function of '${this.#name}'`)
    this.#dialects.set(make, made)
    return made
  }
}

function anyOf(
  one: AbortSignal | undefined,
  other: AbortSignal | undefined,
): AbortSignal | undefined {
  return one && other ? AbortSignal.any([one, other]) : (one ?? other)
}
