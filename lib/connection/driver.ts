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

/** A Kysely connection that may also know whether a transaction is open on it. */
export interface MayflyConnection extends DatabaseConnection {
  /**
   * Whether the server had a transaction open on this connection when it last answered; `undefined` where that is not known.
   * Lets a session notice a transaction that the server ended by itself (a deadlock, DDL) and one that was left open.
   */
  readonly inTransaction?: boolean | undefined
}

/**
 * Kysely's `Driver` plus what lifetimes need. Everything beyond Kysely's part is optional, so any Kysely dialect works;
 * where a part is missing, a doubtful connection is retired instead of repaired.
 */
export interface MayflyDriver extends Driver {
  /** Makes a connection as good as new (no open transaction), or rejects. */
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
