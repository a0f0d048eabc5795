import type { PoolConfig } from 'pg'
import { PREPARES, type Prepare } from '../../lib/connection/prepare.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import { anything, checkManyOptions, type OptionChecks } from '../../lib/support/check-options.js'
import { postgresOptionElsewhere, postgresOptionInvalid } from './errors.js'

/** How many connections a pool holds at most, where nothing else is said (connections). */
export const DEFAULT_MAX = 10
/** How long a new connection may take, where nothing else is said (ms). */
export const DEFAULT_CONNECTION_TIMEOUT = 10_000

/** Options of a `pg` pool that work here, and Mayfly's own. */
export interface PostgresOptions extends Pick<
  PoolConfig,
  | 'allowExitOnIdle'
  | 'application_name'
  | 'connectionString'
  | 'connectionTimeoutMillis'
  | 'database'
  | 'enableChannelBinding'
  | 'fallback_application_name'
  | 'host'
  | 'idle_in_transaction_session_timeout'
  | 'idleTimeoutMillis'
  | 'keepAlive'
  | 'keepAliveInitialDelayMillis'
  | 'lock_timeout'
  | 'max'
  | 'maxLifetimeSeconds'
  | 'maxUses'
  | 'min'
  | 'onConnect'
  | 'options'
  | 'password'
  | 'port'
  | 'ssl'
  | 'sslnegotiation'
  | 'statement_timeout'
  | 'stream'
  | 'types'
  | 'user'
> {
  /**
   * Which statements the server prepares under a name, for the next time: `'ours'`, those that Mayfly
   * made itself; `'always'`, all that have parameters; `'never'`, for a pooler that gives each
   * transaction another server connection (PgBouncer's transaction mode). Default: {@link DEFAULT_PREPARE}.
   */
  readonly prepare?: Prepare | undefined
}

const CHECKS: OptionChecks<PostgresOptions> = {
  allowExitOnIdle: anything,
  application_name: anything,
  connectionString: anything,
  connectionTimeoutMillis: aNumber('connectionTimeoutMillis', 0),
  database: anything,
  enableChannelBinding: anything,
  fallback_application_name: anything,
  host: anything,
  idle_in_transaction_session_timeout: anything,
  idleTimeoutMillis: aNumber('idleTimeoutMillis', 0),
  keepAlive: anything,
  keepAliveInitialDelayMillis: aNumber('keepAliveInitialDelayMillis', 0),
  lock_timeout: anything,
  max: aNumber('max', 1),
  maxLifetimeSeconds: aNumber('maxLifetimeSeconds', 0),
  maxUses: aNumber('maxUses', 1),
  min: aNumber('min', 0),
  onConnect: anything,
  options: anything,
  password: anything,
  port: aNumber('port', 1),
  prepare(value: unknown) {
    if (!PREPARES.includes(value))
      throw postgresOptionInvalid('prepare', "'ours', 'always' or 'never'")
  },
  ssl: anything,
  sslnegotiation: anything,
  statement_timeout: anything,
  stream: anything,
  types: anything,
  user: anything,
}

/** Names of pg, of other drivers and of hosts' URLs that have another one here, and what to write. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  channel_binding: 'Leave it out, or say enableChannelBinding=true.',
  client_encoding: 'Leave it out: it is always UTF8.',
  connectionLimit: 'The most connections of a pool are its max.',
  pgbouncer: "Leave it out, and say prepare: 'never'.",
  query_timeout: 'Use commandTimeout of a context, which ends the statement on the server, too.',
  schema: 'Say options: "-c search_path=NAME".',
  search_path: 'Say options: "-c search_path=NAME".',
  sslmode: 'It belongs into a URL; here it is ssl: true, which verifies, or ssl: { ca }.',
  'ssl-mode': 'PostgreSQL spells it sslmode=verify-full.',
  uri: 'A URL is the connectionString.',
  uselibpqcompat: 'Leave it out, and say sslmode=verify-full, or no-verify.',
  username: 'It is called user.',
}

const THOSE_OF_A_POOL =
  'It takes prepare and the options of a pg pool: https://node-postgres.com/apis/pool.'

/** @throws InvalidArgumentError for an option that is unknown, or cannot work */
export function checkOptions(options: unknown): void {
  checkManyOptions(
    InvalidArgumentError,
    'postgres()',
    options,
    CHECKS,
    ELSEWHERE,
    THOSE_OF_A_POOL,
    postgresOptionElsewhere,
  )
}

/** Whether it may be named in messages: as an option, or as the name of one. */
export const isOptionName = (name: string): boolean =>
  name === 'connect_timeout' || Object.hasOwn(CHECKS, name) || Object.hasOwn(ELSEWHERE, name)

/** The kind of value that an option of a URL has: everything there is text. */
export const isNumberOption = (name: string): boolean => NUMBERS.has(name)

const NUMBERS = new Set([
  'connectionTimeoutMillis',
  'idle_in_transaction_session_timeout',
  'idleTimeoutMillis',
  'keepAliveInitialDelayMillis',
  'lock_timeout',
  'max',
  'maxLifetimeSeconds',
  'maxUses',
  'min',
  'statement_timeout',
])

function aNumber(name: string, least: number): (value: unknown) => void {
  return value => {
    if (value === null) return
    if (typeof value !== 'number' || !(value >= least))
      throw postgresOptionInvalid(name, `a number, ${least} or more`)
  }
}
