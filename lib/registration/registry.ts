import { DbContext, type DbContextClass } from '../context/db-context.js'
import { checkDialect, CONTEXT_OPTIONS } from '../context/options.js'
import {
  contextUndescribed,
  dialectMissing,
  invalidOption,
  nameTaken,
  notAContext,
  RegistrationError,
  registrationsDisagree,
  resetMissing,
  singletonContext,
  unknownContext,
  wrongLifetime,
  wrongPoolSize,
} from '../errors.js'
import { aFunction, anything, checkEachOption, type OptionCheck } from '../support/check-options.js'
import { ContextRegistration, type MadeDialects } from './context-registration.js'
import { DEFAULT_POOL_SIZE, type ContextLifetime } from './options.js'
import { ProviderRegistration, type ContextProvider } from './provider-registration.js'
import type {
  Call,
  CradleReader,
  Described,
  LeaseScope,
  Options,
  Registration,
} from './registration.js'
import { readStats, type ContainerStats } from './stats.js'

type ContextClass = DbContextClass<DbContext>
type Provider = ContextProvider<object>

/** What a name gives: a context, or a factory of contexts. */
export type Part = 'context' | 'factory'

/** Makes what a name gives for one scope; `holder` is what constructors get. */
export type Give = (scope: LeaseScope, holder: object) => object

/** What a registry asks of the container that it is for. */
export interface RegistryHost<K> {
  /** The root, which owns what registrations open. */
  readonly scope: LeaseScope
  /** What functions that make a dialect get. */
  readonly holder: object
  /** What a key, or its factory, is in messages. */
  labelOf(key: K, part: Part): string
  /** Whether something has the place of a key already. */
  has(key: K, part: Part): boolean
  /** Has scopes give this from now on. @param readers what asks the holder for something before a context is there */
  put(
    key: K,
    part: Part,
    lifetime: ContextLifetime,
    give: Give,
    readers: readonly CradleReader[],
  ): void
  remove(key: K, part: Part): void
}

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
const PROVIDER_REGISTRATION_OPTIONS: Readonly<Record<string, OptionCheck>> = {
  onLease: aFunction('onLease'),
  lifetime: anything,
  poolSize: anything,
}
const CONTEXT_REGISTRATION_OPTIONS: Readonly<Record<string, OptionCheck>> = {
  ...CONTEXT_OPTIONS,
  ...PROVIDER_REGISTRATION_OPTIONS,
}

/** The contexts of one container: each key has one class and one set of options, whichever calls it was given with. */
export class Registry<K> {
  readonly #host: RegistryHost<K>
  readonly #registrations = new Map<K, Registration<any>>()
  readonly #dialects: MadeDialects = new Map()

  constructor(host: RegistryHost<K>) {
    this.#host = host
  }

  /** One of the four calls; class and options are given once, with whichever comes first. */
  add(call: Call, key: K, first: unknown, second: unknown): void {
    const [context, options] = isOptions(first)
      ? [undefined, first]
      : [first, second as Options | undefined]
    const where = this.#where(call, key)
    this.#host.scope.assertOpen(`${call}()`)
    for (const [option, owners] of Object.entries(OWNERS)) {
      if (options && option in options && !owners.includes(call))
        throw invalidOption(option, `given to ${owners.join(' or ')}`)
    }
    const lifetime = lifetimeOf(this.#host.labelOf(key, 'context'), options?.lifetime)
    const poolSize = poolSizeOf(where, options?.poolSize)
    const registration = this.#registrationFor(
      call,
      key,
      where,
      context as ContextClass | Provider | undefined,
      options,
    )
    const isPooled = call.includes('Pool')
    if (isPooled) registration.sizePool(call, poolSize ?? DEFAULT_POOL_SIZE, poolSize !== undefined)
    registration.add(call)
    this.#put(call, key, registration, lifetime, isPooled)
  }

  /** Takes the places away. What was resolved stays good, and what is open is closed with the container. @throws RegistrationError for an unknown key */
  remove(key: K): void {
    if (!this.#registrations.delete(key)) throw unknownContext(this.#host.labelOf(key, 'context'))
    this.#host.remove(key, 'context')
    this.#host.remove(key, 'factory')
  }

  get stats(): ContainerStats {
    const labelled = Array.from(
      this.#registrations,
      ([key, registration]) => [this.#host.labelOf(key, 'context'), registration] as const,
    )
    return readStats(labelled)
  }

  #where(call: Call, key: K): string {
    return `${call}('${this.#host.labelOf(key, 'context')}')`
  }

  /** A factory makes the contexts of its key as well, unless a call of their own says how. */
  #put(
    call: Call,
    key: K,
    registration: Registration<any>,
    lifetime: ContextLifetime,
    isPooled: boolean,
  ): void {
    const resolve: Give = (scope, holder) => registration.resolve(scope, holder, isPooled)
    const factory: Give = (scope, holder) => registration.factory(scope, holder, isPooled)
    const isFactory = call.endsWith('Factory')
    const hasContext = registration.has('addDbContext') || registration.has('addDbContextPool')
    const { readers } = registration
    if (!isFactory || !hasContext) this.#host.put(key, 'context', lifetime, resolve, readers)
    if (isFactory) this.#host.put(key, 'factory', 'scoped', factory, readers)
  }

  #registrationFor(
    call: Call,
    key: K,
    where: string,
    context: ContextClass | Provider | undefined,
    options: Options | undefined,
  ): Registration<any> {
    const had = this.#registrations.get(key)
    const label = this.#host.labelOf(key, 'context')
    if (!had && context === undefined) throw contextUndescribed(call, label)
    if (had?.has(call) || (!had && this.#host.has(key, 'context'))) throw nameTaken(where, label)
    const rival = RIVALS[call]
    if (had?.has(rival)) throw registrationsDisagree(where, this.#where(rival, key))
    if (call.endsWith('Factory') && this.#host.has(key, 'factory'))
      throw nameTaken(where, this.#host.labelOf(key, 'factory'))
    const needsReset = call.includes('Pool')
    if (needsReset && (isProvider(context) ? !context.reset : had && !had.canBePooled))
      throw resetMissing(where)
    if (!had) return this.#describe(call, key, where, context, options)
    const describesAgain =
      context !== undefined || Object.keys(options ?? {}).some(option => !(option in OWNERS))
    if (describesAgain) throw registrationsDisagree(where, this.#where(had.call, key))
    return had
  }

  #describe(
    call: Call,
    key: K,
    where: string,
    context: ContextClass | Provider | undefined,
    options: Options | undefined,
  ): Registration<any> {
    if (isProvider(context))
      checkEachOption(RegistrationError, where, options ?? {}, PROVIDER_REGISTRATION_OPTIONS)
    const described: Described = {
      label: this.#host.labelOf(key, 'context'),
      factoryLabel: this.#host.labelOf(key, 'factory'),
      key,
      call,
      options: options ?? ({} as Options),
      scope: this.#host.scope,
    }
    const registration = isProvider(context)
      ? new ProviderRegistration(described, context)
      : this.#describeContext(described, where, context, options)
    this.#registrations.set(key, registration)
    return registration
  }

  #describeContext(
    described: Described,
    where: string,
    context: unknown,
    options: Options | undefined,
  ): ContextRegistration {
    if (!isContextClass(context)) throw notAContext(where, context)
    if (typeof options !== 'object' || options === null) throw dialectMissing(where)
    if (typeof options.dialect !== 'function') checkDialect(where, options.dialect)
    checkEachOption(RegistrationError, where, options, CONTEXT_REGISTRATION_OPTIONS)
    return new ContextRegistration(described, context, this.#dialects, () => this.#host.holder)
  }
}

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

function lifetimeOf(label: string, lifetime: unknown): ContextLifetime {
  if (lifetime === undefined || lifetime === 'scoped') return 'scoped'
  if (lifetime === 'transient') return lifetime
  throw lifetime === 'singleton' ? singletonContext(label) : wrongLifetime(label)
}

/** @throws RangeError, as P6 says */
function poolSizeOf(where: string, poolSize: unknown): number | undefined {
  if (poolSize === undefined || (Number.isInteger(poolSize) && (poolSize as number) >= 1))
    return poolSize as number | undefined
  throw wrongPoolSize(where)
}
