import pg, { type Pool } from 'pg'
import { DEFAULT_PREPARE, type Prepare } from '../../lib/connection/prepare.js'
import { saysNothing } from '../../lib/support/says-nothing.js'
import { UtcClient } from './client.js'
import { postgresPoolUnusable, postgresTargetInvalid } from './errors.js'
import {
  checkOptions,
  DEFAULT_CONNECTION_TIMEOUT,
  DEFAULT_MAX,
  type PostgresOptions,
} from './options.js'
import { urlOptions } from './url.js'

/** A URL, the options of a pool, or a pool that exists already. */
export type PostgresTarget = string | URL | PostgresOptions | Pool

/** Where a driver gets its pool from. */
export interface PoolSource {
  /** `host:port` or a socket's path, for messages. */
  readonly address: string
  /** How many connections the pool holds at most (connections). */
  readonly connectionLimit: number
  /** Whether the pool is ended with the driver. */
  readonly owned: boolean
  /** Whether a reset leaves a session as a new one: not where the caller has a hand in new ones. */
  readonly mayReset: boolean
  readonly prepare: Prepare
  open(): Pool
}

const DEFAULTS = {
  max: DEFAULT_MAX,
  connectionTimeoutMillis: DEFAULT_CONNECTION_TIMEOUT,
} satisfies PostgresOptions

/** @throws InvalidArgumentError when nothing can be reached with it. */
export function readTarget(
  target: PostgresTarget,
  options: PostgresOptions | undefined,
): PoolSource {
  if (options !== undefined) checkOptions(options)
  if (typeof target === 'string' || target instanceof URL)
    return ownPool({ ...urlOptions(String(target)), ...options })
  if (typeof target !== 'object' || target === null)
    throw postgresTargetInvalid(`got ${target === null ? 'null' : typeof target}`)
  if ('connect' in target) return callersPool(target, options)
  if (saysNothing(target))
    throw postgresTargetInvalid('it is an instance of a class, such as a dialect of Kysely')
  const { connectionString, ...config } = target
  checkOptions(config)
  return ownPool({
    ...(connectionString !== undefined && urlOptions(connectionString)),
    ...config,
    ...options,
  })
}

function ownPool(given: PostgresOptions): PoolSource {
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  checkOptions(set)
  const { prepare = DEFAULT_PREPARE, ...options }: PostgresOptions = { ...DEFAULTS, ...set }
  return {
    address: addressOf(options),
    connectionLimit: options.max!,
    owned: true,
    mayReset: options.onConnect === undefined,
    prepare,
    open: () => new pg.Pool({ ...options, Client: UtcClient as never }),
  }
}

function callersPool(pool: Pool, options: PostgresOptions | undefined): PoolSource {
  const { prepare = DEFAULT_PREPARE, ...others } = options ?? {}
  if (Object.keys(others).length > 0)
    throw postgresPoolUnusable('has its own options; give them where it is made')
  if (typeof pool.connect !== 'function' || typeof pool.options?.max !== 'number')
    throw postgresPoolUnusable('is no pool, but perhaps one client')
  if (pool.options.pipeline)
    throw postgresPoolUnusable('has pipeline set, which goes on after a statement that failed')
  return {
    address: addressOf(pool.options),
    connectionLimit: pool.options.max,
    owned: false,
    mayReset: false,
    prepare,
    open: () => pool,
  }
}

/** As pg finds it: what is not said is in the environment. */
function addressOf(options: Pick<PostgresOptions, 'host' | 'port'>): string {
  const host = options.host || process.env['PGHOST'] || 'localhost'
  const port = options.port || process.env['PGPORT'] || 5432
  return host.startsWith('/') ? `${host}/.s.PGSQL.${port}` : `${host}:${port}`
}
