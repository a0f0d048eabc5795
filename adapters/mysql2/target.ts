import mysql2, { type Pool, type PoolOptions } from 'mysql2'
import type { Pool as PromisePool } from 'mysql2/promise'
import { mysqlPoolUnusable, mysqlTargetInvalid } from './errors.js'
import { DEFAULT_PREPARE, type Prepare } from '../../lib/connection/prepare.js'
import { saysNothing } from '../../lib/support/says-nothing.js'
import {
  checkPoolOptions,
  DEFAULT_CONNECTION_LIMIT,
  DEFAULT_MAX_PREPARED_STATEMENTS,
  isPoolOption,
  type MysqlOptions,
} from './pool-options.js'
import { checkSettings, zoneOf, type PoolConfig } from './pool-settings.js'
import { checkedSsl, isTlsName, sslOf } from './tls.js'

/** A URL, the options of a mysql2 pool, or a pool that exists already. */
export type MysqlTarget = string | URL | MysqlOptions | Pool | PromisePool

/** Where a driver gets its pool from. */
export interface PoolSource {
  /** `host:port` or a socket's path, for messages. */
  readonly address: string
  /** How many connections the pool holds at most (connections). */
  readonly connectionLimit: number
  /** The zone of the dates that are sent and read, as the server writes it: `+00:00`. */
  readonly zone: string
  /** Whether the pool is ended with the driver. */
  readonly owned: boolean
  /** mysql2's option: each connection is reset when it is released, whatever was done with it. */
  readonly resetOnRelease: boolean
  /** Which statements are prepared. */
  readonly prepare: Prepare
  open(): Pool
}

/** What mysql2 made of a pool's options; it has no types for it. */
interface ConnectionConfig extends PoolConfig {
  readonly host: string
  readonly port: number
  readonly socketPath?: string
}

/** mysql2 exports the class, but not its type. */
const { Pool: PoolClass } = mysql2 as unknown as { Pool: new () => Pool }

const DEFAULTS = {
  timezone: 'Z',
  connectionLimit: DEFAULT_CONNECTION_LIMIT,
  supportBigNumbers: true,
  jsonStrings: true,
  maxPreparedStatements: DEFAULT_MAX_PREPARED_STATEMENTS,
} satisfies PoolOptions

/** @throws InvalidArgumentError when nothing can be reached with it, and for options that no pool has. */
export function readTarget(target: MysqlTarget, options: MysqlOptions | undefined): PoolSource {
  if (options !== undefined) checkPoolOptions('mysql()', options)
  if (typeof target === 'string' || target instanceof URL) {
    return ownPool({ uri: String(target), ...given(options) })
  }
  if (typeof target !== 'object' || target === null) {
    throw mysqlTargetInvalid(`got ${target === null ? 'null' : typeof target}`)
  }
  const pool = 'pool' in target ? (target.pool as unknown) : target
  if (pool instanceof PoolClass) return callersPool(pool, options)
  refuseStrangers(target)
  checkPoolOptions('mysql()', target)
  return ownPool({ ...given(target), ...given(options) })
}

/** @throws InvalidArgumentError for what mysql2 or its like made that is no pool */
function refuseStrangers(target: object): asserts target is PoolOptions {
  if ('of' in target || '_cluster' in target || 'poolNamespace' in target)
    throw mysqlPoolUnusable(
      'is a cluster, where one statement may go to another server than the next; give mysql() a pool for each server',
    )
  if (saysNothing(target))
    throw mysqlTargetInvalid('it is an instance of a class, such as a dialect of Kysely')
  if ('query' in target || 'getConnection' in target)
    throw mysqlPoolUnusable('is not a pool, or was made by another copy of mysql2 than Mayfly uses')
}

/** What is `undefined` was not given. */
function given(options: MysqlOptions | undefined): MysqlOptions {
  return Object.fromEntries(
    Object.entries(options ?? {}).filter(([, value]) => value !== undefined),
  )
}

/** The options that a URL stands for; its query holds options of the pool, as in mysql2. */
function urlOptions(text: string): MysqlOptions {
  if (!URL.canParse(text)) throw mysqlTargetInvalid('it is no URL')
  const url = new URL(text)
  if (url.protocol !== 'mysql:' && url.protocol !== 'mariadb:') {
    throw mysqlTargetInvalid(`it starts with ${url.protocol}//, not mysql:// or mariadb://`)
  }
  if (!url.hostname) throw mysqlTargetInvalid('it has no host')
  if (url.pathname.length < 2) throw mysqlTargetInvalid('it has no database')
  const host = decoded(url.hostname).replace(/^\[(.*)\]$/, '$1')
  return {
    ...queryOptions(url, host),
    host,
    ...(url.port && { port: Number(url.port) }),
    ...(url.username && { user: decoded(url.username) }),
    ...(url.password && { password: decoded(url.password) }),
    database: decoded(url.pathname.slice(1)),
  }
}

function queryOptions({ search, searchParams }: URL, host: string): MysqlOptions {
  // A ? in a password that was not written as %3F makes a query of the rest, which no message may show.
  if (search.includes('@') && ![...searchParams.keys()].every(isKnown)) {
    throw mysqlTargetInvalid('what comes after its ? is no list of options of a mysql2 pool')
  }
  const all = [...searchParams]
  const query: MysqlOptions = Object.fromEntries(
    all.filter(([name]) => !isTlsName(name)).map(([name, value]) => [name, parsed(value)]),
  )
  checkPoolOptions('The URL of mysql()', query)
  const tls = all.filter(([name]) => isTlsName(name))
  return { ...query, ...(tls.length > 0 && { ssl: sslOf(tls, host) }) }
}

function isKnown(name: string): boolean {
  return isPoolOption(name) || isTlsName(name)
}

function parsed(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw mysqlTargetInvalid('it has a % that is not followed by two hexadecimal digits')
  }
}

function ownPool({ uri, ...config }: MysqlOptions): PoolSource {
  const all: MysqlOptions = {
    ...DEFAULTS,
    ...(uri !== undefined && urlOptions(uri)),
    ...config,
  }
  const { prepare = DEFAULT_PREPARE, ssl: told, ...others } = all
  const ssl = checkedSsl(told, others.host ?? 'localhost')
  const options: PoolOptions = { ...others, ...(ssl !== undefined && { ssl }) }
  const settings = settingsOf(options)
  checkSettings(settings, problem => mysqlTargetInvalid(`it ${problem}`))
  return {
    address: addressOf({ host: 'localhost', port: 3306, ...options }),
    connectionLimit: options.connectionLimit || Infinity,
    zone: zoneOf(settings)!,
    owned: true,
    resetOnRelease: options.resetOnRelease === true,
    prepare,
    // The driver does it, because it knows what has to be set again then.
    open: () => mysql2.createPool({ ...options, resetOnRelease: false }),
  }
}

function callersPool(pool: Pool, options: MysqlOptions | undefined): PoolSource {
  const { prepare = DEFAULT_PREPARE, ...others } = options ?? {}
  if (Object.keys(others).length > 0)
    throw mysqlPoolUnusable('has its own options; give them where it is made')
  const { connectionLimit, connectionConfig, resetOnRelease } = pool.config as PoolOptions & {
    connectionConfig: ConnectionConfig
  }
  checkSettings(connectionConfig, mysqlPoolUnusable)
  return {
    address: addressOf(connectionConfig),
    connectionLimit: connectionLimit || Infinity,
    zone: zoneOf(connectionConfig)!,
    owned: false,
    resetOnRelease: resetOnRelease === true,
    prepare,
    open: () => pool,
  }
}

/** Options as mysql2 would keep them for its connections. */
function settingsOf({ charset, flags, ...options }: PoolOptions): PoolConfig {
  const names = String(flags ?? '')
    .toUpperCase()
    .split(/[\s,]+/)
  return {
    ...options,
    ...(charset && { charsetNumber: CHARSETS[charset.toUpperCase()] }),
    ...(names.includes('-FOUND_ROWS') && { clientFlags: 0 }),
  }
}

const CHARSETS = mysql2.Charsets as unknown as Readonly<Record<string, number | undefined>>

function addressOf({
  host,
  port,
  socketPath,
}: {
  host?: string
  port?: number
  socketPath?: string
}): string {
  return socketPath ?? `${host}:${port}`
}
