import type { Dialect, KyselyPlugin } from 'kysely'
import { checkGateOptions } from '../connection/data-source.js'
import type { GateOptions } from '../connection/gate.js'
import { dialectMissing, invalidOption, RegistrationError } from '../errors.js'
import { checkLogger, type Logger } from '../diagnostics/logger.js'
import { checkLimit } from '../support/check-limit.js'
import type { Naming } from '../query/names/column-names.js'
import { anything, checkEachOption, type OptionChecks } from '../support/check-options.js'
import { isInterceptor, type Interceptor } from './interceptor.js'
import type { Concurrency } from './operation-guard.js'

/** How long the end of a context waits for a running statement (ms). */
export const DEFAULT_DISPOSE_TIMEOUT = 10_000

/** What a context needs to know, given once per registration, or to a context that is made by hand. */
export interface DbContextOptions {
  /** Where the database is: `mysql(url)`, `sqlite(file)`, or any Kysely dialect. */
  readonly dialect: Dialect
  /**
   * What happens when a second operation starts while one runs: `'refuse'` (default) is an error, `'queue'` runs one after
   * the other, `'unchecked'` looks away.
   */
  readonly concurrency?: Concurrency
  /**
   * How long a statement may take (ms), then it is a `DatabaseError` of kind `timeout`, and its connection is closed. Default: as long as it
   * takes. `query.commandTimeout(ms)` says it for one query.
   */
  readonly commandTimeout?: number
  /** Gets operations at `debug` and what nobody waits for at `warn`. Default: the container's logger. */
  readonly logger?: Logger
  /**
   * How long the end of a context waits for a running statement before its connection is destroyed (ms). Default:
   * {@link DEFAULT_DISPOSE_TIMEOUT}.
   */
  readonly disposeTimeout?: number
  /** Whether queries track the rows that they give, where they do not say so by `asTracking()` or `asNoTracking()`. Default: `true`. */
  readonly tracking?: boolean
  /**
   * How names of columns follow from those of properties, for sets, saves and `kysely`: `'snake_case'` makes `user_id` of `userId`. What a set says with
   * `column(name)` comes first. Tables are called as in the interface. Default: as the properties.
   */
  readonly naming?: Naming
  /** What takes part in the saves of its contexts, in this order. Default: nothing. */
  readonly interceptors?: readonly Interceptor[]
  /** Plugins of Kysely for the context's `kysely`; sets do without them. Default: none. */
  readonly plugins?: readonly KyselyPlugin[]
  /** The limits of the dialect's connections. They belong to the dialect object: registrations that share it share them. */
  readonly gate?: GateOptions
}

/** What a registration says once for all its contexts; the dialect is that of their data source. */
export type ContextOptions = Omit<DbContextOptions, 'dialect'>

const CONCURRENCIES: readonly unknown[] = ['refuse', 'queue', 'unchecked']

/** What each option of a context must be. The dialect is checked by {@link checkDialect}, because a registration takes more than one kind. */
export const CONTEXT_OPTIONS: OptionChecks<DbContextOptions> = {
  dialect: anything,
  concurrency(value) {
    if (!CONCURRENCIES.includes(value))
      throw invalidOption('concurrency', "'refuse', 'queue' or 'unchecked'")
  },
  commandTimeout: value => checkLimit(RegistrationError, 'commandTimeout', value, 'ms'),
  logger: checkLogger,
  disposeTimeout: value => checkLimit(RegistrationError, 'disposeTimeout', value, 'ms'),
  tracking(value) {
    if (typeof value !== 'boolean') throw invalidOption('tracking', 'true or false')
  },
  naming(value) {
    if (value !== 'snake_case') throw invalidOption('naming', "'snake_case'")
  },
  interceptors(value) {
    if (!Array.isArray(value) || !value.every(isInterceptor))
      throw invalidOption(
        'interceptors',
        'a list of objects with some of saving, saved, saveFailed, committed and rolledBack',
      )
  },
  plugins(value) {
    if (!Array.isArray(value) || !value.every(isPlugin))
      throw invalidOption('plugins', 'a list of Kysely plugins')
  },
  gate: checkGateOptions,
}

/** @throws RegistrationError for options that cannot work, or that nobody knows; `where` names the call or the class */
export function checkOptions(where: string, options: DbContextOptions): void {
  checkDialect(where, options.dialect)
  checkEachOption(RegistrationError, where, options, CONTEXT_OPTIONS)
}

/** @throws RegistrationError for anything but a dialect */
export function checkDialect(where: string, dialect: unknown): asserts dialect is Dialect {
  if (!isDialect(dialect)) throw dialectMissing(where)
}

function isPlugin(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'transformQuery' in value &&
    'transformResult' in value
  )
}

export function isDialect(value: unknown): value is Dialect {
  return (
    typeof value === 'object' &&
    value !== null &&
    'createDriver' in value &&
    'createQueryCompiler' in value
  )
}
