import type {
  AbortableOperationOptions,
  CompiledQuery,
  DatabaseConnection,
  Dialect,
  Driver,
  QueryResult,
} from 'kysely'
import type { DatabaseErrorKind } from '../errors.js'
import type { DialectValues } from './dialect-values.js'

/**
 * What a driver says about an error of its own.
 * `detail` is shown to people and must not contain a value that was sent to or read from the database.
 */
export interface DatabaseFailure {
  readonly kind: DatabaseErrorKind
  /** What happened and what to do, where the words of the kind would mislead; a sentence without its end. */
  readonly advice?: string
  readonly detail?: string
  /** Identifiers that the failure is about, where the driver gives them apart. */
  readonly table?: string
  readonly column?: string
  readonly constraint?: string
}

/** `failed`: the server keeps the transaction open, but does nothing in it any more but roll it back, as PostgreSQL does after an error. */
export type TransactionState = 'none' | 'open' | 'failed'

/**
 * What the `executeQuery` and `streamQuery` of a Mayfly driver's connections get: a statement, and who made it. That decides how it travels, never
 * how often it ran: what is prepared answers like the same text only where no user's expression is in it.
 */
export interface MayflyQuery<R = unknown> extends CompiledQuery<R> {
  /**
   * Mayfly made it, of names of tables and columns, known operators and parameters. A driver may rely on this:
   * - Nothing in the text was written by a user: no expression, no literal, no comment. Each placeholder is a parameter, and there are as many.
   * - Each parameter is one scalar: a string, a finite number, a bigint, a boolean, a Date, bytes, what the dialect's `values.decimal` makes, or null
   *   where a row is written. A parameter
   *   is compared with a column, stored in one, or a number of rows; never part of an expression, and never what is selected, grouped or ordered by.
   * - Only parameters differ between executions, so the text is worth preparing. Lists and rows come in few sizes, see `padded`; but names may
   *   come from a request, so what is kept of texts must be bounded all the same.
   * - The JavaScript type of a parameter may differ from one execution of a text to the next.
   *
   * Everything else, all that comes through `kysely` above all, has no mark: it may hold anything, and answers as Kysely's own dialect has it.
   */
  readonly ours?: true
  /**
   * What a set's columns will read: `ours`, or built on by a user. Its values must be those that the driver gives by default, whatever a pool that the
   * driver was handed has been set to.
   */
  readonly ofSet?: true
  /** What the columns of its set must be, for a database that would not say so by itself; it is one object for all statements of a set. */
  readonly stores?: StoredColumns
}

/**
 * What a declared column asks of the one that it is kept in, so that its values compare and sort as what they are: text; true and false; numbers; decimal numbers,
 * which travel as text and must become numbers there; whole numbers of 64 bits; documents of JSON; points in time.
 */
export type StoredAs = 'text' | 'boolean' | 'number' | 'decimal' | 'whole' | 'document' | 'time'

export interface StoredColumns {
  /** As a statement names it: its schema may stand before it. */
  readonly table: string
  readonly columns: readonly (readonly [name: string, as: StoredAs, type: string])[]
}

/** A Kysely connection that may also know what its session carries. */
export interface MayflyConnection extends DatabaseConnection {
  /**
   * Runs a statement several times, one after the other, with other parameters each time, up to the first that fails: for a driver to which each message
   * is dear, and a statement is not. @returns the rows of all runs in their order, and how many rows they affected together
   */
  executeRuns?<R>(
    query: MayflyQuery<R>,
    runs: readonly (readonly unknown[])[],
  ): Promise<QueryResult<R>>
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

/** For whom a connection is asked for. */
export interface ConnectionRequest extends AbortableOperationOptions {
  /** The unit of work: one object for all connections of one scope. To be compared, or to be a key of a `WeakMap`; there is nothing in it. */
  readonly scope: object
  /** Aborts when nobody wants the connection any more. It says nothing once the connection was handed out. */
  readonly signal?: AbortSignal | undefined
}

/** What was sent when an error came: the begin of a transaction, a statement, the commit of the whole transaction, or a rollback. */
export type StatementPhase = 'begin' | 'statement' | 'commit' | 'rollback'

/**
 * What an error proves about the statement that it answers. `nothing`: it was not stored, and may be sent again. `rolledBack`: it was not
 * stored, and the transaction around it is gone. `unknown`: it may be stored. `permanent`: sent again, it would fail again.
 */
export type Proof = 'nothing' | 'rolledBack' | 'unknown' | 'permanent'

/**
 * Kysely's `Driver` plus what lifetimes need. Everything beyond Kysely's part is optional, so any Kysely dialect works; where
 * `destroyConnection` is missing, a doubtful connection is kept away from everybody until nothing can happen on it any more.
 */
export interface MayflyDriver extends Driver {
  /** Mayfly says for whom, which a driver with several servers can go by; Kysely itself gives the signal at most. */
  acquireConnection(request?: ConnectionRequest): Promise<MayflyConnection>
  /**
   * How many connections it can serve now, where that changes (connections; 0 while it has no server). At most so many are out, and no more
   * than `maxConnections`; what is out already stays. Read before each connection, so it must be cheap.
   */
  readonly capacity?: number | undefined
  /** Called once; the driver calls `changed` whenever `capacity` has grown. */
  watchCapacity?(changed: () => void): void
  /** The state of its servers, a line for each, without secrets: the end of what a `ConnectionTimeoutError` says. */
  describe?(): string
  /** What an error of this driver proves, by what was sent when it came. Nothing asks for it yet: it is the place of retries. */
  proofOf?(error: unknown, phase: StatementPhase): Proof
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
  /** How its driver gives and takes the values of declared columns; by default as Kysely's own dialects do. */
  readonly values?: DialectValues
}
