import type { LifetimeType } from 'awilix'
import type { Dialect } from 'kysely'
import { DbContext } from '../context/db-context.js'
import { checkOptions, type DbContextOptions } from '../context/options.js'
import {
  contextUndescribed,
  dialectMissing,
  invalidOption,
  nameTaken,
  notAContext,
  registrationOnScope,
  registrationsDisagree,
  resetMissing,
  singletonContext,
  unknownContext,
  wrongLifetime,
  wrongName,
  wrongPoolSize,
} from '../errors.js'
import { ContextRegistration, type MadeDialects } from './context-registration.js'
import { ProviderRegistration, type ContextProvider } from './provider-registration.js'
import type { Call, Options, Registration } from './registration.js'
import { readStats, type ContainerStats } from './stats.js'
import type { ScopeNode } from '../container/scope-node.js'
import type { DbContextClass } from './options.js'

type ContextClass = DbContextClass<DbContext>
type Provider = ContextProvider<object>

/** The call that says the same thing in another way: one name is resolved in one way, and has one factory. */
const RIVALS: Readonly<Record<Call, Call>> = {
  addDbContext: 'addDbContextPool',
  addDbContextPool: 'addDbContext',
  addDbContextFactory: 'addPooledDbContextFactory',
  addPooledDbContextFactory: 'addDbContextFactory',
}
/** Options that belong to some of the calls. */
const OWNERS: Readonly<Record<string, readonly Call[]>> = {
  lifetime: ['addDbContext'],
  poolSize: ['addDbContextPool', 'addPooledDbContextFactory'],
}
const DEFAULT_POOL_SIZE = 1024

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
  readonly #registrations = new Map<string, Registration<any>>()
  readonly #dialects: MadeDialects = new Map()

  private constructor(node: ScopeNode) {
    this.#node = node
  }

  /** One of the four calls; class and options are given once, with whichever comes first. */
  add(call: Call, name: string, first: unknown, second: unknown): void {
    const [context, options] = isOptions(first)
      ? [undefined, first]
      : [first, second as Options | undefined]
    const where = `${call}('${name}')`
    this.#node.assertOpen(`${call}()`)
    if (typeof name !== 'string' || name === '') throw wrongName(call)
    for (const [option, owners] of Object.entries(OWNERS)) {
      if (options && option in options && !owners.includes(call))
        throw invalidOption(option, `given to ${owners.join(' or ')}`)
    }
    const lifetime = lifetimeOf(name, options?.lifetime)
    const poolSize = poolSizeOf(where, options?.poolSize)
    const registration = this.#registrationFor(
      call,
      name,
      where,
      context as ContextClass | Provider | undefined,
      options,
    )
    if (call === 'addDbContext') registration.addContext(lifetime)
    else if (call === 'addDbContextPool')
      registration.addContextPool(poolSize ?? DEFAULT_POOL_SIZE, poolSize !== undefined)
    else if (call === 'addDbContextFactory') registration.addFactory()
    else registration.addPooledFactory(poolSize ?? DEFAULT_POOL_SIZE, poolSize !== undefined)
  }

  /** @throws RegistrationError for a name that no context has */
  remove(name: string): void {
    const registration = this.#registrations.get(name)
    if (!registration) throw unknownContext(name)
    this.#registrations.delete(name)
    registration.remove()
  }

  get stats(): ContainerStats {
    return readStats(this.#registrations)
  }

  #registrationFor(
    call: Call,
    name: string,
    where: string,
    context: ContextClass | Provider | undefined,
    options: Options | undefined,
  ): Registration<any> {
    const had = this.#registrations.get(name)
    if (!had && context === undefined) throw contextUndescribed(call, name)
    if (had?.has(call) || (!had && this.#node.find(name))) throw nameTaken(where, name)
    const rival = RIVALS[call]
    if (had?.has(rival)) throw registrationsDisagree(where, `${rival}('${name}')`)
    const factory = `${name}Factory`
    if (call.endsWith('Factory') && this.#node.find(factory)) throw nameTaken(where, factory)
    const needsReset = call.includes('Pool')
    if (needsReset && (isProvider(context) ? !context.reset : had && !had.canBePooled))
      throw resetMissing(where)
    if (!had) return this.#describe(call, name, where, context, options)
    const describesAgain =
      context !== undefined || Object.keys(options ?? {}).some(option => !(option in OWNERS))
    if (describesAgain) throw registrationsDisagree(where, `${had.call}('${name}')`)
    return had
  }

  #describe(
    call: Call,
    name: string,
    where: string,
    context: ContextClass | Provider | undefined,
    options: Options | undefined,
  ): Registration<any> {
    const { onLease } = (options ?? {}) as { onLease?: unknown }
    if (onLease !== undefined && typeof onLease !== 'function')
      throw invalidOption('onLease', 'a function')
    const registration = isProvider(context)
      ? new ProviderRegistration(this.#node, name, call, context, options ?? ({} as Options))
      : this.#describeContext(call, name, where, context, options)
    this.#registrations.set(name, registration)
    return registration
  }

  #describeContext(
    call: Call,
    name: string,
    where: string,
    context: unknown,
    options: Options | undefined,
  ): ContextRegistration {
    if (!isContextClass(context)) throw notAContext(where, context)
    if (typeof options !== 'object' || options === null) throw dialectMissing(where)
    const dialect: unknown = options.dialect
    checkOptions(
      where,
      typeof dialect === 'function'
        ? { ...options, dialect: placeholder }
        : (options as DbContextOptions),
    )
    return new ContextRegistration(this.#node, name, call, context, options, this.#dialects)
  }
}

/** Stands for a dialect that a function will make. */
const placeholder = { createDriver() {}, createQueryCompiler() {} } as unknown as Dialect

function isOptions(value: unknown): value is Options {
  return typeof value === 'object' && value !== null && !isProvider(value)
}

function isProvider(value: unknown): value is Provider {
  return (
    typeof (value as Provider | null | undefined)?.create === 'function' &&
    typeof value === 'object'
  )
}

function isContextClass(value: unknown): value is ContextClass {
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

/** @throws RangeError, as P6 says */
function poolSizeOf(where: string, poolSize: unknown): number | undefined {
  if (poolSize === undefined || (Number.isInteger(poolSize) && (poolSize as number) >= 1))
    return poolSize as number | undefined
  throw wrongPoolSize(where)
}
