import type { PoolOptions } from 'mysql2'
import { PREPARES, type Prepare } from '../../lib/connection/prepare.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import { anything, checkManyOptions, type OptionCheck } from '../../lib/support/check-options.js'
import { mysqlOptionElsewhere, mysqlOptionInvalid } from './errors.js'

/** How many connections a pool holds at most, where nothing else is said (connections). */
export const DEFAULT_CONNECTION_LIMIT = 10
/** How many statements a connection keeps prepared on its server, where nothing else is said. */
export const DEFAULT_MAX_PREPARED_STATEMENTS = 256

/** Options of a mysql2 pool, and what only Mayfly knows. */
export interface MysqlOptions extends PoolOptions {
  /**
   * Which statements the server prepares: `'ours'`, those that Mayfly makes of names, known operators and values; `'always'`, those of users as
   * well, whose values may then have other types than as text; `'never'`, none but those whose values cannot be written into their text.
   * Default: {@link DEFAULT_PREPARE}.
   */
  readonly prepare?: Prepare | undefined
}

/** All options of a mysql2 pool. mysql2 has its list for itself, and only prints a line for a name that it does not know. */
export const POOL_OPTIONS = [
  'authPlugins',
  'authSwitchHandler',
  'bigNumberStrings',
  'charset',
  'charsetNumber',
  'compress',
  'connectAttributes',
  'connectTimeout',
  'connectionLimit',
  'database',
  'dateStrings',
  'debug',
  'decimalNumbers',
  'disableEval',
  'enableCleartextPlugin',
  'enableKeepAlive',
  'flags',
  'gracefulEnd',
  'host',
  'idleTimeout',
  'infileStreamFactory',
  'insecureAuth',
  'isServer',
  'jsonStrings',
  'keepAliveInitialDelay',
  'localAddress',
  'maxIdle',
  'maxPreparedStatements',
  'multipleStatements',
  'namedPlaceholders',
  'nestTables',
  'password',
  'password1',
  'password2',
  'password3',
  'passwordSha1',
  'pool',
  'port',
  'Promise',
  'queryFormat',
  'queueLimit',
  'resetOnRelease',
  'rowsAsArray',
  'socketPath',
  'ssl',
  'stream',
  'stringifyObjects',
  'supportBigNumbers',
  'timezone',
  'trace',
  'typeCast',
  'uri',
  'user',
  'waitForConnections',
] as const

const CHECKS: Readonly<Record<string, OptionCheck>> = {
  ...Object.fromEntries(POOL_OPTIONS.map(name => [name, anything])),
  connectionLimit(value) {
    if (!Number.isInteger(value) || value < 0)
      throw mysqlOptionInvalid('connectionLimit', 'a whole number, 0 (no limit) or more')
  },
  prepare(value) {
    if (!PREPARES.includes(value))
      throw mysqlOptionInvalid('prepare', "'ours', 'always' or 'never'")
  },
}

/** Names of other drivers, and of mysql, that have another one here, and what to write. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  acquireTimeout:
    'How long a context waits for a connection is gate.acquireTimeout (ms) of its registration.',
  acquireTimeoutMillis:
    'How long a context waits for a connection is gate.acquireTimeout (ms) of its registration.',
  connectionString: 'A URL is the uri.',
  connectionTimeoutMillis: 'How long a new connection may take is its connectTimeout (ms).',
  db: 'It is called database.',
  idleTimeoutMillis: 'It is called idleTimeout (ms).',
  max: 'The most connections of a pool are its connectionLimit.',
  min: 'Leave it out: connections open when they are needed, and maxIdle of them stay.',
  poolSize: 'The most connections of a pool are its connectionLimit.',
  query_timeout: 'Use commandTimeout of a context, which ends the statement on the server, too.',
  'ssl-mode': 'It belongs into a URL; here it is ssl: true, which verifies, or ssl: { ca }.',
  sslmode: 'It belongs into a URL; here it is ssl: true, which verifies, or ssl: { ca }.',
  timeout: 'Use commandTimeout of a context, which ends the statement on the server, too.',
  url: 'A URL is the uri.',
  username: 'It is called user.',
}

const THOSE_OF_A_POOL =
  'It takes prepare and the options of a mysql2 pool: https://sidorares.github.io/node-mysql2/docs.'

/**
 * @param where whose options they are, in messages
 * @throws InvalidArgumentError for what is no object, and for a name that is unknown
 */
export function checkPoolOptions(where: string, options: unknown): void {
  checkManyOptions(
    InvalidArgumentError,
    where,
    options,
    CHECKS,
    ELSEWHERE,
    THOSE_OF_A_POOL,
    (name, advice) => mysqlOptionElsewhere(where, name, advice),
  )
}

export function isPoolOption(name: string): boolean {
  return Object.hasOwn(CHECKS, name)
}
