import type { PoolOptions } from 'mysql2'
import { PREPARES, type Prepare } from '../../lib/connection/prepare.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import { anything, checkEachOption, type OptionCheck } from '../../lib/support/check-options.js'
import { mysqlOptionInvalid } from './errors.js'

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

/**
 * @param where whose options they are, in messages
 * @throws InvalidArgumentError for what is no object, and for a name that is unknown
 */
export function checkPoolOptions(where: string, options: unknown): void {
  checkEachOption(InvalidArgumentError, where, options, CHECKS)
}

export function isPoolOption(name: string): boolean {
  return Object.hasOwn(CHECKS, name)
}
