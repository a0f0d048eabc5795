import type { MayflyErrorCode } from '../errors.js'

/** What every message of Mayfly's channels has. The same object comes with the beginning, the failure and the end. */
export interface Message {
  /** Tells this one from all others of its channel; other messages refer to it by `scopeId`, `contextId` and so on. */
  readonly id: number
  /** `undefined` for a context that was made by hand. */
  readonly containerId: number | undefined
  /** `undefined` for what belongs to no scope: a context that was made by hand, or by a factory of the container itself. */
  readonly scopeId: number | undefined
  /** What the scope is called: `scope GET /orders`. */
  readonly scope: string | undefined
  /** In ms of `performance.now()`. */
  readonly startedAt: number
  /** In ms; set at the end. */
  duration?: number
  /** Why it failed; set then. */
  error?: unknown
}

/** What a message of a context, and of all that happens on it, has as well. */
export interface OfContext extends Message {
  readonly contextId: number
  /** What the context is called: its class and its id. */
  readonly context: string
}

/** A request of `scopePerRequest`, the work of `runInScope`, or a scope that was made by hand. */
export type ScopeKind = 'request' | 'job' | 'scope'

/** `mayfly:scope`: the life of a scope, from its opening to the end of its disposal. Its `id` is the `scopeId` of all that is in it. */
export interface ScopeMessage extends Message {
  readonly kind: ScopeKind
  /** The scope that it was opened in; `undefined` where that is the container. */
  readonly parentId: number | undefined
  /** The line of user code that opened it; `undefined` in production. */
  readonly line: string | undefined
  /** Whether nobody disposed it, so that it was collected; set at the end. */
  dropped?: boolean
  /** What its disposers threw; set at the end. */
  errors?: readonly unknown[]
}

/** `mayfly:context`: the life of a context, from its making to its end. Its `id` is the `contextId` of all that happens on it. */
export interface ContextMessage extends OfContext {
  /** The line of user code that made or resolved it; `undefined` in production. */
  readonly line: string | undefined
  /** Why it ended: `ended with scope GET /orders`; set at the end. */
  reason?: string
  /** Whether its maker forgot to dispose it; set at the end. */
  leaked?: boolean
}

/** `mayfly:operation`: one operation of a context, from its start until its promise settles. SQL has placeholders, never values. */
export interface OperationMessage extends OfContext {
  /** `query`, `stream`, `begin transaction`, `commit`, ... */
  readonly kind: string
  readonly sql: string | undefined
  /** The innermost transaction that was open when it started. */
  readonly transactionId: number | undefined
  /** The line of user code that started it; `undefined` in production. */
  readonly line: string | undefined
  /** Rows that were read or changed; set at the end. */
  rows?: number | undefined
}

/** `mayfly:connection`: the wait for a connection. */
export interface ConnectionMessage extends OfContext {
  /** The operation that needs it; `undefined` where several run (`concurrency: 'unchecked'`). */
  readonly operationId: number | undefined
  /** Connections that were out, and requests that waited for one, when the wait began. */
  readonly inUse: number
  readonly waiting: number
}

/**
 * How a connection left its holder: it went back clean (`released`) or was made clean first (`reset`), was closed (`destroyed`), was set
 * aside because it was doubtful and its dialect cannot close it (`retired`), or its driver did not answer (`unanswered`).
 */
export type HoldOutcome = 'released' | 'reset' | 'destroyed' | 'retired' | 'unanswered'

/** `mayfly:hold`: from the moment when a context got a connection to the moment when the connection is back, or closed. */
export interface HoldMessage extends OfContext {
  /** The operation that got it; `undefined` where several run (`concurrency: 'unchecked'`). */
  readonly operationId: number | undefined
  /** Set at the end. */
  outcome?: HoldOutcome
}

/** `mayfly:transaction`: a transaction, or a savepoint in one, from the answer to its begin to its end, whoever ended it. */
export interface TransactionMessage extends OfContext {
  /** The transaction that it is a savepoint of. */
  readonly parentId: number | undefined
  /** Whether `transaction(work)` or `beginTransaction()` opened it. */
  readonly style: 'work' | 'explicit'
  /**
   * Set at the end. A savepoint that is `committed` shares the fate of the transaction around it. `unknown`: the answer to its commit was lost,
   * or a statement ended it on the server.
   */
  outcome?: 'committed' | 'rolledBack' | 'unknown'
  /** How it ended, in words; set at the end. */
  how?: string
}

/** `mayfly:refused`: what Mayfly refused to do. It begins, fails and ends at once; `error` is always set. */
export interface RefusedMessage extends Message {
  readonly contextId: number | undefined
  readonly context: string | undefined
  readonly code: MayflyErrorCode
  readonly error: Error
  /** What was wanted: the kind of an operation, or what was asked of a scope (`"shop"`, `createScope()`). */
  readonly wanted: string
  /** The statement that was not sent, with placeholders. */
  readonly sql: string | undefined
  /** The line of user code that wanted it; `undefined` in production. */
  readonly line: string | undefined
  /** What ran, and was in the way: the kind of an operation, or `transaction`. */
  readonly running: string | undefined
  /** The operation that ran. */
  readonly operationId: number | undefined
  /** The transaction that was in the way, or had ended. */
  readonly transactionId: number | undefined
}

/** What each channel publishes. */
export interface Messages {
  readonly 'mayfly:scope': ScopeMessage
  readonly 'mayfly:context': ContextMessage
  readonly 'mayfly:operation': OperationMessage
  readonly 'mayfly:connection': ConnectionMessage
  readonly 'mayfly:hold': HoldMessage
  readonly 'mayfly:transaction': TransactionMessage
  readonly 'mayfly:refused': RefusedMessage
}
