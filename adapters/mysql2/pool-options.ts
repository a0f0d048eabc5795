import { InvalidArgumentError } from '../../lib/errors.js'
import { anything, checkEachOption } from '../../lib/support/check-options.js'

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

const CHECKS = Object.fromEntries(POOL_OPTIONS.map(name => [name, anything]))

/**
 * @param where whose options they are, in messages
 * @throws InvalidArgumentError for what is no object, and for a name that mysql2 does not know
 */
export function checkPoolOptions(where: string, options: unknown): void {
  checkEachOption(InvalidArgumentError, where, options, CHECKS)
}

export function isPoolOption(name: string): boolean {
  return Object.hasOwn(CHECKS, name)
}
