import type { MayflyDialect } from '../../lib/connection/driver.js'
import { MysqlDialect } from './dialect.js'
import type { MysqlOptions } from './pool-options.js'
import { readTarget, type MysqlTarget } from './target.js'

export type { Prepare } from '../../lib/connection/prepare.js'
export type { MysqlOptions } from './pool-options.js'
export type { MysqlTarget } from './target.js'

/**
 * A dialect for MySQL and MariaDB, on the `mysql2` package (3.24 or newer).
 *
 * ```ts
 * mysql('mysql://user:password@127.0.0.1:3306/shop') // ?connectionLimit=20 and others
 * mysql({ host: 'db', database: 'shop', ssl: { ca } }) // any option of a mysql2 pool
 * mysql(createPool({ ... })) // a pool of yours, which stays yours
 * ```
 *
 * A pool that Mayfly makes opens with the first connection, is ended with the dialect, and differs
 * from mysql2's defaults where these lose data: dates are UTC on both sides (`timezone: 'Z'` and
 * `set time_zone = '+00:00'`, unless `timezone` is given), integers beyond 2^53 arrive as exact
 * strings, JSON arrives as text on every server, and a connection keeps at most
 * {@link DEFAULT_MAX_PREPARED_STATEMENTS} prepared statements. What the options say wins; with another `timezone`, an offset, sessions are told it. With `resetOnRelease` each connection is reset when it is
 * released; these settings stay. Without it, only one whose session a statement has changed is.
 *
 * A pool of yours is never ended, and its connections are used as you set them up; they are only
 * asked to report changes of their session, and closed after one. `kysely` gives what the pool is
 * set to give, sets what they give over a pool of Mayfly's. What cannot be right is refused: a
 * `timezone` that has summer time (`'local'`, mysql2's default, where the process is not in UTC), and,
 * at the first use, sessions in another zone than the pool's dates; a `charset` other than utf8mb4;
 * `rowsAsArray`, `nestTables`, `queryFormat`, and the flag `-FOUND_ROWS`. It must have been made by the
 * same copy of mysql2.
 *
 * Who made a statement decides how it travels, never how often it ran. Those that Mayfly makes of
 * names, known operators and values are prepared on the server; what holds an expression of yours,
 * and all that comes through `kysely`, is sent as text, as Kysely's own dialect sends it. `prepare`
 * says it in another way. A server that prepares no more gets text. A stream that is left early takes
 * its connection with it, or, inside a transaction, reads the rest and throws it away.
 *
 * @param options Options that win over those in a URL or config; with a pool of yours `prepare` alone.
 * @throws InvalidArgumentError when nothing can be reached with the target, for an option that
 * nobody knows, and for one that cannot be right; it never shows a password.
 */
export function mysql(target: MysqlTarget, options?: MysqlOptions): MayflyDialect {
  return new MysqlDialect(readTarget(target, options))
}
