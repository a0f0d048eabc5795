/** How many connections a dialect for SQLite opens at most (connections). */
export const DEFAULT_MAX_CONNECTIONS = 4
/** How long a statement waits for another connection's lock (ms). */
export const DEFAULT_BUSY_TIMEOUT = 5000

export interface SqliteOptions {
  /** How many connections, each with a thread of its own, may be open at the same time (connections). Default: {@link DEFAULT_MAX_CONNECTIONS}. */
  readonly maxConnections?: number
  /** How long a statement waits for another connection's lock (ms, 1 or more). Default: {@link DEFAULT_BUSY_TIMEOUT}. */
  readonly busyTimeout?: number
  /**
   * Set on every connection when it opens, like `{ synchronous: 'normal', cache_size: -64000 }`. They win over Mayfly's
   * `journal_mode = wal` (files) and `foreign_keys = on`.
   */
  readonly pragmas?: Readonly<Record<string, string | number>>
  /** Opens an existing file without the right to write to it. */
  readonly readOnly?: boolean
}
