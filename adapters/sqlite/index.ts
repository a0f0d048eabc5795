import type { MayflyDialect } from '../../lib/connection/driver.js'
import { SqliteDialect } from './dialect.js'
import { checkRuntime } from './runtime.js'
import type { SqliteOptions } from './options.js'
import { readTarget } from './target.js'

export type { SqliteOptions } from './options.js'
export { SqliteError } from './sqlite-error.js'

/**
 * A dialect for SQLite, on Node's own `node:sqlite`. Nothing has to be installed.
 *
 * ```ts
 * sqlite('shop.db')                              // relative to the working directory of this moment
 * sqlite('/data/shop.db', { maxConnections: 8 })
 * sqlite(':memory:')                             // one database for all connections of this dialect object
 * ```
 *
 * Each connection has a thread, so a statement never blocks the event loop, and connections to a file read in parallel, also
 * while one writes (WAL). Idle connections do not keep the process alive. An in-memory database lives until the dialect is
 * closed, holds at most 1 GiB, needs Node 22.15, and is locked as a whole: while a transaction has written to it, other
 * connections wait, readers too; while one reads (a stream), a commit waits.
 *
 * Values: a boolean is stored as 1 or 0, a Date as UTC text `YYYY-MM-DD HH:MM:SS.SSS`, a whole number as INTEGER. Integers
 * beyond 2^53 arrive as `bigint`, blobs as `Uint8Array`. A writing transaction begins with `begin immediate`; every
 * isolation level is accepted, since SQLite is always serializable. `insertId` is the row id of the last row that this
 * connection inserted: an upsert that only updated, or a table `without rowid`, does not change it.
 *
 * @throws InvalidArgumentError for a target or an option that cannot work, on a Node before 22.13, and in a bundle. Whether the file opens shows with the first connection.
 */
export function sqlite(target: string, options: SqliteOptions = {}): MayflyDialect {
  checkRuntime()
  return new SqliteDialect(readTarget(target, options))
}
