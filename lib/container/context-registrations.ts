import type { LifetimeType } from 'awilix'
import type { Dialect } from 'kysely'
import { openDataSource, type DataSource } from '../connection/data-source.js'
import { DbContext } from '../context/db-context.js'
import { DbContextFactory, type Leased, type LeaseEnd } from '../context/factory.js'
import { Lease, type LeaseOwner } from '../context/lease.js'
import {
  checkOptions,
  isDialect,
  optionsWithLease,
  type DbContextOptions,
} from '../context/options.js'
import {
  contextUndescribed,
  dialectMissing,
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

  private constructor(node: ScopeNode) {
    this.#node = node
  }

  addContext(name: string, context?: DbContextClass<DbContext>, options?: Options): void {
    const lifetime = lifetimeOf(
      name,
      (isOptions(context) ? (context as unknown as Options) : options)?.lifetime,
    )
    const registration = this.#describe(
      'addDbContext',
      name,
      isOptions(context) ? undefined : context,
      options,
    )
    registration.addContext(lifetime)
  }

  addFactory(name: string, context?: DbContextClass<DbContext>, options?: Options): void {
    this.#describe('addDbContextFactory', name, context, options).addFactory()
  }

  #describe(
    call: Call,
    name: unknown,
    context: DbContextClass<DbContext> | undefined,
    options: Options | undefined,
  ) {
    if (typeof name !== 'string' || name === '') throw wrongName(call)
    const had = this.#registrations.get(name)
    const where = `${call}('${name}')`
    if (context === undefined) {
      if (!had) throw contextUndescribed(call, name)
      return had
    }
    if (had) {
      if (had.has(call)) throw nameTaken(where, name)
      throw registrationsDisagree(where, `${had.description.call}('${name}')`)
    }
    if (
      this.#node.find(name) ||
      (call === 'addDbContextFactory' && this.#node.find(`${name}Factory`))
    ) {
      throw nameTaken(where, name)
    }
    if (!isContextClass(context)) throw notAContext(where, context)
    if (typeof options !== 'object' || options === null) throw dialectMissing(where)
    const dialect: unknown = options.dialect
    checkOptions(
      where,
      typeof dialect === 'function'
        ? { ...options, dialect: placeholder }
        : (options as DbContextOptions),
    )
    const registration = new ContextRegistration(this.#node, name, { context, options, call })
    this.#registrations.set(name, registration)
    return registration
  }
}

/** One name: its class, its options, and its hold on a data source. */
class ContextRegistration {
  readonly description: Description
  readonly #node: ScopeNode
  readonly #name: string
  readonly #calls = new Set<Call>()
  #source: DataSource | undefined
  #options: DbContextOptions | undefined

  constructor(node: ScopeNode, name: string, description: Description) {
    this.#node = node
    this.#name = name
    this.description = description
    if (typeof description.options.dialect !== 'function')
      this.#openSource(description.options.dialect)
  }

  has(call: Call): boolean {
    return this.#calls.has(call)
  }

  addContext(lifetime: LifetimeType): void {
    if (this.#calls.has('addDbContext'))
      throw nameTaken(`addDbContext('${this.#name}')`, this.#name)
    this.#calls.add('addDbContext')
    this.#registerContext(lifetime)
  }

  addFactory(): void {
    if (this.#calls.has('addDbContextFactory'))
      throw nameTaken(`addDbContextFactory('${this.#name}')`, this.#name)
    this.#calls.add('addDbContextFactory')
    if (!this.#calls.has('addDbContext')) this.#registerContext('SCOPED')
    const resolver = {
      lifetime: 'SCOPED' as const,
      isLeakSafe: true,
      resolve: (container: object) => this.#factory(container as MayflyContainer),
    }
    this.#node.register(`${this.#name}Factory`, withFacts(resolver, { rootSafe: true }))
  }

  #registerContext(lifetime: LifetimeType): void {
    this.#node.register(this.#name, {
      lifetime,
      resolve: (container: object) => this.#resolve(container as MayflyContainer) as never,
    })
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
    const source =
      this.#source ??
      this.#openSource(dialectFrom(this.#name, options.dialect, this.#node.face.cradle))
    const lease = new Lease({
      source,
      label: Context.name,
      owner,
      scopeLabel: MayflyContainer.nodeOf(container)!.label,
      concurrency: options.concurrency,
      disposeTimeout: options.disposeTimeout,
      signal,
      onEnd,
    })
    const context = new Context(optionsWithLease(this.#options!, lease), container.cradle)
    const leased: unknown = options.onLease?.(context, container.cradle)
    if (
      leased !== undefined &&
      typeof (leased as PromiseLike<unknown> | null)?.then === 'function'
    ) {
      void Promise.resolve(leased).catch(() => {})
      throw onLeaseAsync(this.#name)
    }
    return { context, lease }
  }

  #openSource(dialect: Dialect): DataSource {
    const { onLease: _, lifetime: __, ...options } = this.description.options
    this.#options = { ...options, dialect }
    const source = openDataSource(dialect, options.gate)
    this.#source = source
    this.#node.own({
      name: undefined,
      value: this,
      foreign: false,
      dispose: () => source.release(),
    })
    return source
  }
}

/** Stands for a dialect that a function will make. */
const placeholder = { createDriver() {}, createQueryCompiler() {} } as unknown as Dialect

function dialectFrom(name: string, make: Options['dialect'], cradle: object): Dialect {
  const dialect: unknown = typeof make === 'function' ? make(cradle) : make
  if (!isDialect(dialect)) throw dialectMissing(`The dialect function of '${name}'`)
  return dialect
}

function isOptions(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !('prototype' in value)
}

function isContextClass(value: unknown): value is DbContextClass<DbContext> {
  return (
    typeof value === 'function' && (value as { prototype?: unknown }).prototype instanceof DbContext
  )
}

function lifetimeOf(name: string, lifetime: unknown): LifetimeType {
  if (lifetime === undefined || lifetime === 'scoped') return 'SCOPED'
  if (lifetime === 'transient') return 'TRANSIENT'
  throw lifetime === 'singleton' ? singletonContext(name) : wrongLifetime(name)
}
