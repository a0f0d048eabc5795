import { AsyncLocalStorage } from 'node:async_hooks'
import {
  TRANSACTION_ACCESS_MODES,
  TRANSACTION_ISOLATION_LEVELS,
  type TransactionSettings,
} from 'kysely'
import { channels, over } from '../diagnostics/channels.js'
import type { TransactionMessage } from '../diagnostics/messages.js'
import { invalidTransactionSettings, type OperationFacts } from '../errors.js'

/** How the transaction was opened: `transaction(work)` can watch its work, `beginTransaction()` cannot (T5). */
export type TransactionStyle = 'work' | 'explicit'

/**
 * What became of a transaction. A savepoint that is `committed` was released: it shares the fate of the transaction around it from then on.
 * `unknown`: the answer to its commit was lost, or a statement ended it on the server.
 */
export type TransactionOutcome = 'committed' | 'rolledBack' | 'unknown'

/**
 * One transaction, or one savepoint inside it, from its begin to its end. It holds no context and no connection, so that
 * a forgotten timer that remembers it keeps nothing alive.
 */
export class TransactionFrame {
  /** The id of the lease that it is of. */
  readonly leaseId: string
  readonly style: TransactionStyle
  readonly parent: TransactionFrame | undefined
  readonly depth: number
  readonly startedAt = performance.now()
  /** What the channel was told of its begin. */
  message: TransactionMessage | undefined
  #end: string | undefined
  #loss: Error | undefined
  #outcome: TransactionOutcome | undefined
  #spoiltBy: Error | undefined

  constructor(leaseId: string, style: TransactionStyle, parent: TransactionFrame | undefined) {
    this.leaseId = leaseId
    this.style = style
    this.parent = parent
    this.depth = parent ? parent.depth + 1 : 0
  }

  get savepoint(): string {
    return `mayfly_${this.depth}`
  }

  /** What an error tells of it while it is open. */
  get facts(): OperationFacts {
    const age = performance.now() - this.startedAt
    return { kind: 'transaction', sql: undefined, age, line: undefined }
  }

  /** How it ends or has ended, in words; `undefined` while it is open. A savepoint ends with the transaction around it at the latest. */
  get end(): string | undefined {
    return this.#end ?? this.parent?.end
  }

  /** The error that ended the transaction from outside (a lost connection, a deadlock), where there was one. */
  get loss(): Error | undefined {
    return this.#loss ?? this.parent?.loss
  }

  /** `undefined` until the server has answered, or never will. */
  get outcome(): TransactionOutcome | undefined {
    return this.#outcome
  }

  /** Why it cannot be committed any more (T7). */
  get spoiltBy(): Error | undefined {
    return this.#spoiltBy
  }

  isWithin(outer: TransactionFrame): boolean {
    return this === outer || (this.parent?.isWithin(outer) ?? false)
  }

  /** It can only be rolled back from here on (T7). The first reason stays. */
  spoil(error: Error): void {
    this.#spoiltBy ??= error
  }

  /** From here on nothing is accepted for it (T1, T2). */
  close(how: string): void {
    this.#end ??= how
  }

  /** Its end, once for good. */
  settle(outcome: TransactionOutcome, how: string, loss?: Error): void {
    if (this.#outcome) return
    this.#outcome = outcome
    this.#end = how
    this.#loss = loss
    if (this.message)
      over(channels.transaction, this.message, { outcome, how, ...(loss && { error: loss }) })
  }
}

interface Flow {
  readonly frame: TransactionFrame
  readonly outer: Flow | undefined
}

const flows = new AsyncLocalStorage<Flow>()

/** Runs the work of a transaction so that everything it starts, across `await` and timers, knows where it belongs (T2). */
export function runInFlow<R>(frame: TransactionFrame, work: () => R): R {
  return flows.run({ frame, outer: flows.getStore() }, work)
}

/** The innermost transaction of this lease in whose work the caller runs, ended or not; `undefined` outside, or where the flow was lost. */
export function frameOfFlow(leaseId: string): TransactionFrame | undefined {
  for (let flow = flows.getStore(); flow; flow = flow.outer) {
    if (flow.frame.leaseId === leaseId) return flow.frame
  }
  return undefined
}

/** Isolation level and access mode become SQL text, so nothing else may pass. */
export function checkTransactionSettings(settings: TransactionSettings): void {
  check('isolationLevel', settings.isolationLevel, TRANSACTION_ISOLATION_LEVELS)
  check('accessMode', settings.accessMode, TRANSACTION_ACCESS_MODES)
}

function check(option: string, value: string | undefined, allowed: readonly string[]): void {
  if (value !== undefined && !allowed.includes(value))
    throw invalidTransactionSettings(option, allowed)
}
