import type { DatabaseConnection, Dialect, Driver } from 'kysely'
import type { DatabaseErrorKind } from '../errors.js'

/**
 * What a driver says about an error of its own.
 * `detail` is shown to people and must not contain a value that was sent to or read from the database.
 */
export interface DatabaseFailure {
  readonly kind: DatabaseErrorKind
  readonly detail?: string
}

/** `failed`: the server keeps the transaction open, but does nothing in it any more but roll it back, as PostgreSQL does after an error. */
export type TransactionState = 'none' | 'open' | 'failed'

/** A Kysely connection that may also know what its session carries. */
export interface MayflyConnection extends DatabaseConnection {
  /**
   * The transaction that the server had on this connection when it last answered; `undefined` where that is not known.
   * Lets a session notice a transaction that the server ended by itself (a deadlock, DDL) and one that was left open.
   */
  readonly transactionState?: TransactionState | undefined
  /**
   * Whether a statement has changed, or may have changed, what the next user of the session would see: variables, the schema, the time
   * zone, temporary tables, locks, pragmas, attached files (X4). Then it is reset before anybody else gets it.
   */
  readonly hasChangedSession?: boolean | undefined
}

/**
 * Kysely's `Driver` plus what lifetimes need. Everything beyond Kysely's part is optional, so any Kysely dialect works;
 * where a part is missing, a doubtful connection is retired instead of repaired.
 */
export interface MayflyDriver extends Driver {
  /**
   * Makes a connection as good as new, or rejects: no open transaction, and nothing of what its session was told but what the driver itself
   * set for a new connection.
   */
  resetConnection?(connection: DatabaseConnection): Promise<void>
  /** Closes a connection for good, also while a statement runs on it (which then rejects). Takes the place of `releaseConnection`. */
  destroyConnection?(connection: DatabaseConnection): Promise<void>
  /** Sorts an error of this driver into a kind; `undefined` where the error is not the driver's. */
  classifyError?(error: unknown): DatabaseFailure | undefined
}

/** Kysely's `Dialect` whose driver may be a {@link MayflyDriver}. */
export interface MayflyDialect extends Dialect {
  createDriver(): MayflyDriver
  /** How many connections the dialect can hold at the same time; the default limit of its gate. */
  readonly maxConnections?: number
}
