import type { LifetimeType } from 'awilix'
import type { Dialect } from 'kysely'
import { openDataSource, type DataSource } from '../connection/data-source.js'
import { DbContext } from '../context/db-context.js'
import { DbContextFactory, type Leased, type LeaseEnd } from '../context/factory.js'
import { LeaseHandle, watchForLeak } from '../context/lease-handle.js'
import { Lease, type LeaseOwner } from '../context/lease.js'
import {
  checkOptions,
  isDialect,
  optionsWithHandle,
  type DbContextOptions,
} from '../context/options.js'
import {
  contextUndescribed,
  dialectMissing,
  invalidOption,
  nameTaken,
  notAContext,
  onLeaseAsync,
  registrationOnScope,
  registrationsDisagree,
  singletonContext,
  wrongLifetime,
  wrongName,
} from '../errors.js'
import { MayflyContainer } from './container.js'
import { withFacts } from './resolvers.js'
import type { ScopeNode } from './scope-node.js'
import type { ContextRegistrationOptions, DbContextClass } from './types.js'

type Options = ContextRegistrationOptions<DbContext, any>
type Call = 'addDbContext' | 'addDbContextFactory'

interface Description {
  readonly context: DbContextClass<DbContext>
  readonly options: Options
  readonly call: Call
}

/** The contexts of one container: each name has one class and one set of options, whichever calls it was given with. */
export class ContextRegistrations {
  static readonly #all = new WeakMap<ScopeNode, ContextRegistrations>()

  /** @throws RegistrationError for a scope: contexts are registered once, at the root */
  static of(node: ScopeNode): ContextRegistrations {
    if (node.parent) throw registrationOnScope()
    let registrations = this.#all.get(node)
    if (!registrations) this.#all.set(node, (registrations = new ContextRegistrations(node)))
    return registrations
  }

  readonly #node: ScopeNode
  readonly #registrations = new Map<string, ContextRegistration>()
  readonly #dialects: MadeDialects = new Map()

  private constructor(node: ScopeNode) {
    this.#node = node
  }

  addContext(name: string, context?: DbContextClass<DbContext>, options?: Options): void {
    const [given, said] = isOptions(context) ? [undefined, context] : [context, options]
    const lifetime = lifetimeOf(name, said?.lifetime)
    this.#describe('addDbContext', name, given, said).addContext(lifetime)
  }

  addFactory(name: string, context?: DbContextClass<DbContext>, options?: Options): void {
    if (options?.lifetime !== undefined) throw invalidOption('lifetime', 'given to addDbContext')
    this.#describe('addDbContextFactory', name, context, options).addFactory()
  }

  #describe(
    call: Call,
    name: unknown,
    context: DbContextClass<DbContext> | undefined,
    options: Options | undefined,
  ) {
    this.#node.assertOpen(`${call}()`)
    if (typeof name !== 'string' || name === '') throw wrongName(call)
    const had = this.#registrations.get(name)
    const where = `${call}('${name}')`
    if (!had && context === undefined) throw contextUndescribed(call, name)
    if (had?.has(call) || (!had && this.#node.find(name))) throw nameTaken(where, name)
    const factory = `${name}Factory`
    if (call === 'addDbContextFactory' && this.#node.find(factory)) throw nameTaken(where, factory)
    if (had) {
      const describesAgain = context !== undefined || Object.keys(options ?? {}).some(isNoLifetime)
      if (!describesAgain) return had
      throw registrationsDisagree(where, `${had.description.call}('${name}')`)
    }
    if (!isContextClass(context)) throw notAContext(where, context)
    if (typeof options !== 'object' || options === null) throw dialectMissing(where)
    const { dialect, onLease } = options as { dialect: unknown; onLease?: unknown }
    checkOptions(
      where,
      typeof dialect === 'function'
        ? { ...options, dialect: placeholder }
        : (options as DbContextOptions),
    )
    if (onLease !== undefined && typeof onLease !== 'function') {
      throw invalidOption('onLease', 'a function')
    }
    const description = { context, options, call }
    const registration = new ContextRegistration(this.#node, name, description, this.#dialects)
    this.#registrations.set(name, registration)
    return registration
  }
}

/** One name: its class, its options, and its hold on a data source. */
class ContextRegistration {
  readonly description: Description
  readonly #node: ScopeNode
  readonly #name: string
  readonly #dialects: MadeDialects
  readonly #calls = new Set<Call>()
  #source: DataSource | undefined
  #options: DbContextOptions | undefined

  constructor(node: ScopeNode, name: string, description: Description, dialects: MadeDialects) {
    this.#node = node
    this.#name = name
    this.#dialects = dialects
    this.description = description
    if (typeof description.options.dialect !== 'function') this.#openSource()
    // Whenever it is opened, it is closed after all that was created since it was registered.
    node.own({
      name: undefined,
      value: this,
      foreign: false,
      dispose: () => this.#source?.release(),
    })
  }

  has(call: Call): boolean {
    return this.#calls.has(call)
  }

  addContext(lifetime: LifetimeType): void {
    this.#calls.add('addDbContext')
    this.#registerContext(lifetime)
  }

  addFactory(): void {
    this.#calls.add('addDbContextFactory')
    if (!this.#calls.has('addDbContext')) this.#registerContext('SCOPED')
    const resolver = {
      lifetime: 'SCOPED' as const,
      isLeakSafe: true,
      resolve: (container: object) => this.#factory(container as MayflyContainer),
    }
    this.#node.register(
      `${this.#name}Factory`,
      withFacts(resolver, { kind: 'factory', rootSafe: true }),
    )
  }

  #registerContext(lifetime: LifetimeType): void {
    const resolver = {
      lifetime,
      resolve: (container: object) => this.#resolve(container as MayflyContainer) as never,
    }
    this.#node.register(this.#name, withFacts(resolver, { kind: 'context', needsScope: true }))
  }

  #resolve(container: MayflyContainer): DbContext {
    const node = MayflyContainer.nodeOf(container)!
    const { context, lease } = this.#lease(container, 'scope', undefined, undefined)
    node.own({
      name: this.#name,
      value: lease,
      foreign: false,
      dispose: () => lease.dispose(`ended with ${node.label}`),
    })
    return context
  }

  #factory(container: MayflyContainer): DbContextFactory<DbContext> {
    const node = MayflyContainer.nodeOf(container)!
    const factory: DbContextFactory<DbContext> = new DbContextFactory(
      this.#name,
      (signal, onEnd) => {
        node.assertOpen(`a context of ${this.#name}Factory`)
        if (!owned) {
          owned = true
          node.own({
            name: undefined,
            value: factory,
            foreign: false,
            dispose: () => factory.endAll(`ended with ${node.label}`),
          })
        }
        return this.#lease(container, 'caller', signal, onEnd)
      },
    )
    // A factory that makes nothing keeps no scope alive.
    let owned = false
    return factory
  }

  #lease(
    container: MayflyContainer,
    owner: LeaseOwner,
    signal: AbortSignal | undefined,
    onEnd: ((lease: LeaseEnd) => void) | undefined,
  ): Leased<DbContext> {
    const { context: Context, options } = this.description
    const source = this.#source ?? this.#openSource()
    const node = MayflyContainer.nodeOf(container)!
    const lease = new Lease({
      source,
      label: Context.name,
      owner,
      scopeLabel: node.label,
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
    const { onLease: _, lifetime: __, ...options } = this.description.options
    const dialect = this.#dialect()
    this.#options = { ...options, dialect }
    return (this.#source = openDataSource(dialect, options.gate))
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

/** A function that makes a dialect is called once for a container, and all registrations that have it share what it made. */
type MadeDialects = Map<Function, Dialect>

/** Stands for a dialect that a function will make. */
const placeholder = { createDriver() {}, createQueryCompiler() {} } as unknown as Dialect

function anyOf(
  one: AbortSignal | undefined,
  other: AbortSignal | undefined,
): AbortSignal | undefined {
  return one && other ? AbortSignal.any([one, other]) : (one ?? other)
}

function isNoLifetime(option: string): boolean {
  return option !== 'lifetime'
}

function isOptions(value: unknown): value is Options {
  return typeof value === 'object' && value !== null && !('prototype' in value)
}

function isContextClass(value: unknown): value is DbContextClass<DbContext> {
  return (
    value === DbContext ||
    (typeof value === 'function' &&
      (value as { prototype?: unknown }).prototype instanceof DbContext)
  )
}

function lifetimeOf(name: string, lifetime: unknown): LifetimeType {
  if (lifetime === undefined || lifetime === 'scoped') return 'SCOPED'
  if (lifetime === 'transient') return 'TRANSIENT'
  throw lifetime === 'singleton' ? singletonContext(name) : wrongLifetime(name)
}
