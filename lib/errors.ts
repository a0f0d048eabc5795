/** Every error class, code and message text of Mayfly. Messages never contain a value that a user sent to the database. */

/** The stable part of an error: compare `error.code`, never the text. */
export type MayflyErrorCode =
  | 'MAYFLY_ABORTED'
  | 'MAYFLY_CAPTIVE_DEPENDENCY'
  | 'MAYFLY_CONCURRENT_OPERATION'
  | 'MAYFLY_CONNECTION_LOST'
  | 'MAYFLY_CONNECTION_TIMEOUT'
  | 'MAYFLY_CONTEXT_DISPOSED'
  | 'MAYFLY_DATABASE'
  | 'MAYFLY_INVALID_ARGUMENT'
  | 'MAYFLY_REGISTRATION'
  | 'MAYFLY_SCOPE_ENDED'
  | 'MAYFLY_TRANSACTION_ENDED'
  | 'MAYFLY_TRANSACTION_STATE'

/** The base of all errors that Mayfly throws itself. */
export abstract class MayflyError extends Error {
  abstract readonly code: MayflyErrorCode
  override get name(): string {
    return this.constructor.name
  }
}

/** C2, C4: a context was asked for a second operation while one was running. */
export class ConcurrentOperationError extends MayflyError {
  readonly code = 'MAYFLY_CONCURRENT_OPERATION'
}

/** C5: a context, or a set or query taken from it, was used after its lease had ended. */
export class ContextDisposedError extends MayflyError {
  readonly code = 'MAYFLY_CONTEXT_DISPOSED'
}

/** S3: something new was asked of a scope that has ended. */
export class ScopeEndedError extends MayflyError {
  readonly code = 'MAYFLY_SCOPE_ENDED'
}

/** S6: something that lives longer asked for something that lives only as long as a scope. */
export class CaptiveDependencyError extends MayflyError {
  readonly code = 'MAYFLY_CAPTIVE_DEPENDENCY'
}

/** A registration that cannot work, refused when it is made. */
export class RegistrationError extends MayflyError {
  readonly code = 'MAYFLY_REGISTRATION'
}

/** An argument that no database should see: `NaN`, `undefined`, a negative limit, a missing key. Nothing was sent. */
export class InvalidArgumentError extends MayflyError {
  readonly code = 'MAYFLY_INVALID_ARGUMENT'
}

/** X2: no connection became free within `acquireTimeout`. */
export class ConnectionTimeoutError extends MayflyError {
  readonly code = 'MAYFLY_CONNECTION_TIMEOUT'
}

/** T2: work that was started inside a transaction ran on after its end; it was not sent. */
export class TransactionEndedError extends MayflyError {
  readonly code = 'MAYFLY_TRANSACTION_ENDED'
}

/** A transaction was used in a way that its state does not allow. */
export class TransactionStateError extends MayflyError {
  readonly code = 'MAYFLY_TRANSACTION_STATE'
}

/** The work was called off by an `AbortSignal`; `cause` is the signal's reason. */
export class AbortedError extends MayflyError {
  readonly code = 'MAYFLY_ABORTED'
}

/** What kind of failure a database reported, the same names for every dialect. */
export type DatabaseErrorKind =
  | 'unique'
  | 'foreignKey'
  | 'notNull'
  | 'check'
  | 'deadlock'
  | 'lockTimeout'
  | 'serialization'
  | 'connectionLost'
  | 'connectionRefused'
  | 'accessDenied'
  | 'unknownDatabase'
  | 'unknownTable'
  | 'unknownColumn'
  | 'cancelled'
  | 'timeout'
  | 'readOnly'
  | 'tooManyConnections'
  | 'syntax'
  | 'value'
  | 'other'

/** A failure that the database or its driver reported; `cause` is the driver's own error. */
export class DatabaseError extends MayflyError {
  readonly code: 'MAYFLY_DATABASE' | 'MAYFLY_CONNECTION_LOST' = 'MAYFLY_DATABASE'
  readonly kind: DatabaseErrorKind
  /** The statement with placeholders, where there was one. */
  readonly sql: string | undefined

  constructor(message: string, kind: DatabaseErrorKind, sql: string | undefined, cause: unknown) {
    super(message, { cause })
    this.kind = kind
    this.sql = sql
  }
}

/** T6: the connection broke; what ran on it did not finish, and a transaction on it is gone. */
export class ConnectionLostError extends DatabaseError {
  override readonly code = 'MAYFLY_CONNECTION_LOST'
}
