import type { Dialect } from 'kysely'
import { checkGateOptions } from '../connection/data-source.js'
import type { GateOptions } from '../connection/gate.js'
import { checkLimit } from '../support/check-limit.js'
import { dialectMissing, invalidOption, RegistrationError } from '../errors.js'
import { checkLogger, type Logger } from '../diagnostics/logger.js'
import type { LeaseHandle } from './lease-handle.js'
import type { Concurrency } from './operation-guard.js'

/** What a context needs to know, given once per registration, or to a context that is made by hand. */
export interface DbContextOptions {
  /** Where the database is: `mysql(url)`, `sqlite(file)`, or any Kysely dialect. */
  readonly dialect: Dialect
  /**
   * What happens when a second operation starts while one runs (C9): `'refuse'` (default) is an error, `'queue'` runs one after
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
  /** How long the end of a context waits for a running statement before its connection is destroyed (ms). Default 10,000. */
  readonly disposeTimeout?: number
  /** The limits of the dialect's connections. They belong to the dialect object: registrations that share it share them. */
  readonly gate?: GateOptions
}

const CONCURRENCIES: readonly unknown[] = ['refuse', 'queue', 'unchecked']

/** @throws RegistrationError for options that cannot work; `where` names the call or the class */
export function checkOptions(where: string, options: Partial<DbContextOptions>): void {
  const { dialect, concurrency, commandTimeout, disposeTimeout, gate, logger } = options
  if (!isDialect(dialect)) throw dialectMissing(where)
  if (concurrency !== undefined && !CONCURRENCIES.includes(concurrency)) {
    throw invalidOption('concurrency', "'refuse', 'queue' or 'unchecked'")
  }
  if (commandTimeout !== undefined)
    checkLimit(RegistrationError, 'commandTimeout', commandTimeout, 'ms')
  if (disposeTimeout !== undefined)
    checkLimit(RegistrationError, 'disposeTimeout', disposeTimeout, 'ms')
  if (logger !== undefined) checkLogger(logger)
  if (gate) checkGateOptions(gate)
}

export function isDialect(value: unknown): value is Dialect {
  return (
    typeof value === 'object' &&
    value !== null &&
    'createDriver' in value &&
    'createQueryCompiler' in value
  )
}

/** Hands a lease to the constructor of a context. An own symbol property, so that it survives `super({ ...options })`. */
const HANDLE = Symbol('mayfly.lease')

export function optionsWithHandle(
  options: DbContextOptions,
  handle: LeaseHandle,
): DbContextOptions {
  // One shape for all, because every context gets one.
  const { dialect, concurrency, commandTimeout, disposeTimeout, logger, gate } = options
  return {
    dialect,
    concurrency,
    commandTimeout,
    disposeTimeout,
    logger,
    gate,
    [HANDLE]: handle,
  } as DbContextOptions
}

export function handleOf(options: DbContextOptions): LeaseHandle | undefined {
  return (options as { [HANDLE]?: LeaseHandle })[HANDLE]
}
