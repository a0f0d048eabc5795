import { DbContext, type DbContextClass } from '../context/db-context.js'
import { checkDialect, CONTEXT_OPTIONS } from '../context/options.js'
import {
  contextUndescribed,
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
import { CALLS, ownersOf, type Call, type Part } from './calls.js'
import { ContextRegistration } from './context-registration.js'
import { DialectPerKey } from './dialect-per-key.js'
import { DEFAULT_POOL_SIZE, type ContextLifetime } from './options.js'
import { ProviderRegistration, type ContextProvider } from './provider-registration.js'
import type { Described, Options } from './described.js'
import type { LeaseScope } from './lease-request.js'
import type { CradleReader, Registration } from './registration.js'
import { SharedDialects } from './sources.js'
import { readStats, type ContainerStats } from './stats.js'

type ContextClass = DbContextClass<DbContext>
type Provider = ContextProvider<object>

/** Makes what a name gives for one scope; `holder` is what constructors get. */
export type Give = (scope: LeaseScope, holder: object) => object

/** What a registry asks of the container that it is for. */
export interface RegistryHost<K> {
  /** The root, which owns what registrations open. */
  readonly scope: LeaseScope & { readonly droppedScopes: number }
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

/** The contexts of one container: each key has one class and one set of options, whichever calls it was given with. */
export class Registry<K> {
  readonly #host: RegistryHost<K>
  readonly #registrations = new Map<K, Registration<any, any>>()
  readonly #dialects: SharedDialects

  constructor(host: RegistryHost<K>) {
    this.#host = host
    this.#dialects = new SharedDialects(() => host.holder)
  }

  /** One of the four calls; class and options are given once, with whichever comes first. */
  add(call: Call, key: K, first: unknown, second: unknown): void {
    const [context, options] = isOptions(first)
      ? [undefined, first]
      : [first, second as Options | undefined]
    this.#host.scope.assertOpen(`${call}()`)
    checkOwnership(call, options)
    const where = this.#where(call, key)
    const label = this.#host.labelOf(key, 'context')
    const lifetime = lifetimeOf(label, options?.lifetime)
    const poolSize = poolSizeOf(where, options?.poolSize)
    const registration = this.#registrationFor(call, key, context, options)
    if (CALLS[call].isPooled)
      registration.sizePool(call, poolSize ?? DEFAULT_POOL_SIZE, poolSize !== undefined)
    registration.add(call)
    this.#put(call, key, registration, lifetime)
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
    return readStats(labelled, this.#host.scope.droppedScopes)
  }

  #where(call: Call, key: K): string {
    return `${call}('${this.#host.labelOf(key, 'context')}')`
  }

  /** A factory makes the contexts of its key as well, unless a call of their own says how. */
  #put(call: Call, key: K, registration: Registration<any, any>, lifetime: ContextLifetime): void {
    const { gives, isPooled } = CALLS[call]
    const resolve: Give = (scope, holder) => registration.resolve(scope, holder, isPooled)
    const factory: Give = (scope, holder) => registration.factory(scope, holder, isPooled)
    const { readers } = registration
    if (gives === 'context' || !registration.gives('context'))
      this.#host.put(key, 'context', lifetime, resolve, readers)
    if (gives === 'factory') this.#host.put(key, 'factory', 'scoped', factory, readers)
  }

  /** The one that is there, or a new one. @throws RegistrationError where calls disagree */
  #registrationFor(
    call: Call,
    key: K,
    context: unknown,
    options: Options | undefined,
  ): Registration<any, any> {
    const where = this.#where(call, key)
    const had = this.#registrations.get(key)
    if (!had && context === undefined)
      throw contextUndescribed(call, this.#host.labelOf(key, 'context'))
    this.#checkPlace(call, key, had)
    const { isPooled } = CALLS[call]
    if (isPooled && (isProvider(context) ? !context.reset : had && !had.canBePooled))
      throw resetMissing(where)
    if (!had) return this.#describe(call, key, context, options)
    const isOwn = (option: string) => option === CALLS[call].ownOption
    if (context !== undefined || !Object.keys(options ?? {}).every(isOwn))
      throw registrationsDisagree(where, this.#where(had.call, key))
    return had
  }

  #checkPlace(call: Call, key: K, had: Registration<any, any> | undefined): void {
    const { gives, rival } = CALLS[call]
    const where = this.#where(call, key)
    if (had?.has(call) || (!had && this.#host.has(key, 'context')))
      throw nameTaken(where, this.#host.labelOf(key, 'context'))
    if (had?.has(rival)) throw registrationsDisagree(where, this.#where(rival, key))
    if (gives === 'factory' && this.#host.has(key, 'factory'))
      throw nameTaken(where, this.#host.labelOf(key, 'factory'))
  }

  #describe(
    call: Call,
    key: K,
    context: unknown,
    options: Options | undefined,
  ): Registration<any, any> {
    const where = this.#where(call, key)
    const described: Described = {
      label: this.#host.labelOf(key, 'context'),
      factoryLabel: this.#host.labelOf(key, 'factory'),
      key,
      call,
      options: options ?? ({} as Options),
      scope: this.#host.scope,
    }
    const registration = isProvider(context)
      ? this.#describeProvider(described, where, context)
      : this.#describeContext(described, where, context)
    // Whatever it opens, it closes after all that was created since it was registered.
    this.#host.scope.own({
      key: undefined,
      value: registration,
      foreign: false,
      end: endOf,
      remains: undefined,
    })
    this.#registrations.set(key, registration)
    return registration
  }

  #describeProvider(described: Described, where: string, provider: Provider): ProviderRegistration {
    checkRegistrationOptions(where, described.call, described.options, {})
    return new ProviderRegistration(described, provider)
  }

  #describeContext(described: Described, where: string, context: unknown): ContextRegistration {
    const { call, options } = described
    if (!isContextClass(context)) throw notAContext(where, context)
    const { dialect } = options
    if (typeof dialect !== 'function' && !(dialect instanceof DialectPerKey))
      checkDialect(where, dialect)
    checkRegistrationOptions(where, call, options, CONTEXT_OPTIONS)
    return new ContextRegistration(described, context, this.#dialects)
  }
}

/** @throws RegistrationError for options that this call does not take */
function checkRegistrationOptions(
  where: string,
  call: Call,
  options: Options,
  more: Readonly<Record<string, OptionCheck>>,
): void {
  const { ownOption } = CALLS[call]
  const own = ownOption && { [ownOption]: anything }
  const checks = { ...more, onLease: aFunction('onLease'), ...own }
  checkEachOption(RegistrationError, where, options, checks)
}

function endOf(registration: Registration<any, any>): Promise<void> {
  return registration.end()
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

/** @throws RegistrationError for an option that belongs to other calls */
function checkOwnership(call: Call, options: Options | undefined): void {
  for (const option of ['lifetime', 'poolSize'] as const) {
    if (Object.hasOwn(Object(options), option) && CALLS[call].ownOption !== option)
      throw invalidOption(option, `given to ${ownersOf(option).join(' or ')}`)
  }
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
