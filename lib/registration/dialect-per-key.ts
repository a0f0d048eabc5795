import type { Dialect } from 'kysely'
import { RegistrationError } from '../errors.js'
import { checkLimit } from '../support/check-limit.js'
import { aFunction, checkEachOption, type OptionChecks } from '../support/check-options.js'

/** What tells dialects apart: the name or number of a tenant, a region, a shard. */
export type DialectKey = string | number | bigint

/** How many dialects stay open at rest (dialects). */
export const DEFAULT_MAX_DIALECTS = 100
/** How long a dialect that no context uses stays open (ms): five minutes. */
export const DEFAULT_IDLE_TIMEOUT = 300_000

export interface DialectPerKeyOptions<Cradle, K extends DialectKey> {
  /** The key of a unit of work, read from the cradle of its scope for every context. Synchronous. */
  key(cradle: Cradle): K
  /**
   * Makes the dialect of a key, when the first context needs it. Synchronous; throw for a key that is none: a dialect that could not be made is not
   * kept. The cradle is that of the scope that asks first: take values from it, and keep nothing of it.
   */
  open(key: K, cradle: Cradle): Dialect
  /**
   * How many may be open while no context uses them (dialects): further ones are closed, the one that nobody has used for the longest time first. One
   * that is in use is never closed, so while more are in use more are open. Default: {@link DEFAULT_MAX_DIALECTS}.
   */
  readonly max?: number
  /** How long one stays open that no context uses (ms). Default: {@link DEFAULT_IDLE_TIMEOUT}. */
  readonly idleTimeout?: number
}

const OPTIONS: OptionChecks<DialectPerKeyOptions<unknown, DialectKey>> = {
  key: aFunction('key'),
  open: aFunction('open'),
  max: value => checkLimit(RegistrationError, 'max', value, 'dialects'),
  idleTimeout: value => checkLimit(RegistrationError, 'idleTimeout', value, 'ms'),
}

/** What `dialectPerKey` gives, for the option `dialect`. Registrations of one container that have the same one share what it opened. */
export class DialectPerKey<Cradle = any> {
  /** @internal */
  readonly options: DialectPerKeyOptions<Cradle, any>

  /** @internal */
  constructor(options: DialectPerKeyOptions<Cradle, any>) {
    this.options = options
  }
}

/**
 * A dialect for each key, such as one database for each tenant, under one registration. Each is opened once, shared by all contexts of its key, and
 * closed when it was idle for long enough, when too many others are open, or with the container.
 * @throws RegistrationError for options that cannot work
 * @example
 * container.addDbContext('shop', ShopContext, {
 *   dialect: dialectPerKey({ key: ({ tenant }) => tenant, open: tenant => mysql(urlOf(tenant)), max: 20 }),
 * })
 */
export function dialectPerKey<K extends DialectKey, Cradle = any>(
  options: DialectPerKeyOptions<Cradle, K>,
): DialectPerKey<Cradle> {
  checkEachOption(RegistrationError, 'dialectPerKey()', options, OPTIONS)
  OPTIONS.key(options.key)
  OPTIONS.open(options.open)
  return new DialectPerKey<Cradle>(options)
}
