/** What travels between a connection and its worker thread. Types only, so that the worker can import them. */

/** A value that SQLite stores as it is. */
export type Bindable = null | number | bigint | string | Uint8Array

/** How a worker opens its database. */
export interface OpenSettings {
  /** An absolute path, or the URI of a shared in-memory database. */
  readonly location: string
  readonly readOnly: boolean
  /** Run in this order when the database is open. */
  readonly pragmas: readonly string[]
}

/** One request; a worker answers each with one {@link Answer}, in order. Its first answer tells whether it has opened. */
export type Request = Execute | ExecuteRuns | OpenCursor | Fetch | CloseCursor | Plain

interface Execute extends Statement {
  readonly kind: 'execute'
  /** Whether to tell what it changed. */
  readonly writes: boolean
}

interface ExecuteRuns {
  readonly kind: 'executeRuns'
  readonly sql: string
  /** The parameters of each run. */
  readonly runs: readonly (readonly Bindable[])[]
}

interface OpenCursor extends Statement {
  readonly kind: 'openCursor'
  readonly cursor: number
}

interface Fetch {
  readonly kind: 'fetch'
  readonly cursor: number
  /** Rows. */
  readonly size: number
}

interface CloseCursor {
  readonly kind: 'closeCursor'
  readonly cursor: number
}

interface Plain {
  readonly kind: 'reset' | 'reopen' | 'close'
}

interface Statement {
  readonly sql: string
  readonly parameters: readonly Bindable[]
}

/** What became of a request. A failure comes without the rest. */
export interface Answer {
  readonly table?: Table
  /** Rows that a writing statement inserted, updated or deleted. */
  readonly changes?: bigint
  /** The row id of the connection's last insert, which may have been an earlier statement's. */
  readonly lastRowId?: bigint
  /** The cursor has no more rows. */
  readonly done?: boolean
  /** `undefined` while a cursor is open where Node does not tell (before 22.16). */
  readonly inTransaction?: boolean | undefined
  readonly failure?: Failure
}

/** Rows, column by column: so fifty of five columns cost 17 us on their way between threads, as objects 58 us. */
export interface Table {
  readonly names: readonly string[]
  readonly columns: readonly (readonly unknown[])[]
}

/** An error without its class and stack, which do not survive the thread boundary. */
export interface Failure {
  readonly message: string
  readonly code?: string | undefined
  /** SQLite's extended result code. */
  readonly errcode?: number | undefined
  /** SQLite's own words for `errcode`. */
  readonly errstr?: string | undefined
}
