import type { QueryResult } from 'kysely'
import type { Session } from '../connection/session.js'
import { frameOfFlow, type TransactionFrame } from '../connection/transaction.js'
import { channels, isHeard } from '../diagnostics/channels.js'
import { tellRefusal } from '../diagnostics/observe.js'
import { observeOperation, type OperationObservation } from '../diagnostics/observe-operation.js'
import {
  aborted,
  AbortedError,
  concurrentOperation,
  ConcurrentOperationError,
  contextDisposed,
  MayflyError,
  nestedTransactionOpen,
  transactionEnded,
  TransactionEndedError,
} from '../errors.js'
import { suspectOwnScope } from './own-scope.js'
import type { OperationGuard } from './operation-guard.js'
import { isEnd, Operation, type OperationKind } from './operation.js'
import { ResultStream } from './result-stream.js'
import type { WorkingLease } from './working-lease.js'

/** The way in for every operation of a lease: who may start, and when, and what a refusal means for the transaction around it. */
export class Entrance {
  readonly #lease: WorkingLease
  readonly #guard: OperationGuard
  #session: Session | undefined
  #openStream: ResultStream | undefined

  constructor(lease: WorkingLease, guard: OperationGuard, session: Session | undefined) {
    this.#lease = lease
    this.#guard = guard
    this.#session = session
  }

  /** The session of the core. @throws ContextDisposedError once the core was handed back, whoever uses it by then */
  get session(): Session {
    if (!this.#session) throw contextDisposed(this.#lease.id, this.#lease.endReason ?? 'ended')
    return this.#session
  }

  /** Whether the lease still has its core. */
  get isOpen(): boolean {
    return this.#session !== undefined
  }

  /** From here on nothing reaches the core through this lease. */
  close(): void {
    this.#session = undefined
  }

  /** The innermost open transaction whose work can be watched. */
  get workFrame(): TransactionFrame | undefined {
    let { frame } = this.session
    while (frame?.style === 'explicit') frame = frame.parent
    return frame
  }

  /** One operation. Every query of an application comes this way, so it makes no promise of its own where nothing is in the way. */
  operate<R>(
    kind: OperationKind,
    sql: string | undefined,
    work: (operation: Operation) => Promise<R>,
  ): Promise<R> {
    const operation = new Operation(kind, sql)
    try {
      const turn = this.#enter(operation)
      return turn ? this.#observedAfter(turn, operation, work) : this.#observed(operation, work)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * For what comes before an operation and is to be left alone where that would be refused.
   * @param before one of the kind for which it would have to wait, and does not
   * @returns what the next one of the kind would have to wait for
   */
  announce(kind: OperationKind, before: Operation | undefined): Operation {
    const operation = new Operation(kind, undefined)
    try {
      this.#checkMayStart(operation)
      const { current } = this.#guard
      const running = current && this.#guard.refuses(operation) ? current : before
      if (running) throw concurrentOperation(this.#lease.id, running, operation)
    } catch (error) {
      this.#noteRefusal(operation, error as Error)
      throw error
    }
    return operation
  }

  /** One operation that waits for what runs, and goes before what waits in line; it gets the failures of what was waited for. Nothing forbids it. */
  async operateAfterRunning<R>(
    kind: OperationKind,
    work: (failures: unknown[]) => Promise<R>,
  ): Promise<R> {
    const operation = new Operation(kind, undefined)
    const failures = await this.#guard.enterAfterRunning(operation)
    return await this.#observed(operation, () => work(failures))
  }

  /** Results as they arrive, as one operation from the first that is asked for to the last (C4). */
  stream<R>(sql: string, results: () => AsyncIterable<QueryResult<R>>): ResultStream<R> {
    return new ResultStream(stream => this.#results(stream, sql, results))
  }

  /** Closes the stream that is open, if one is; its reader gets `reason`. */
  closeStream(reason: Error): void {
    void this.#openStream?.close(reason)
  }

  /** Refuses what waits in line and was started inside a transaction. @returns the error that it got, where there was something */
  refuseWaiting(frame: TransactionFrame, refusal: () => Error): Error | undefined {
    return this.#guard.refuseWaiting(
      refusal,
      operation => !isEnd(operation) && (operation.frame?.isWithin(frame) ?? false),
    )
  }

  /** Starts an operation; a promise only where it has to wait in line. Whoever enters leaves. */
  #enter(operation: Operation): void | Promise<void> {
    try {
      this.#checkMayStart(operation)
      const turn = this.#guard.enter(operation)
      if (!turn) return
      operation.frame = this.#frameOfCaller()
      return this.#recheckAfter(turn, operation)
    } catch (error) {
      this.#noteRefusal(operation, error as Error)
      throw error
    }
  }

  async #observedAfter<R>(
    turn: Promise<void>,
    operation: Operation,
    work: (operation: Operation) => Promise<R>,
  ): Promise<R> {
    await turn
    return await this.#observed(operation, work)
  }

  /** Runs an operation that has entered the guard, tells whoever wants to know, and leaves. */
  async #observed<R>(operation: Operation, work: (operation: Operation) => Promise<R>): Promise<R> {
    const observation = observeOperation(this.#lease, operation)
    try {
      const result = await work(operation)
      observation?.succeeded(result)
      return result
    } catch (error) {
      this.#noteFailure(operation, observation, error)
      throw error
    } finally {
      this.#guard.leave(operation)
    }
  }

  /** The same for a stream; a reader that leaves early has had what it wanted. */
  async *#results<R>(
    stream: ResultStream<R>,
    sql: string,
    results: () => AsyncIterable<QueryResult<R>>,
  ): AsyncGenerator<QueryResult<R>, void> {
    const operation = new Operation('stream', sql)
    const turn = this.#enter(operation)
    if (turn) await turn
    this.#openStream = stream
    const observation = observeOperation(this.#lease, operation)
    let rows = 0
    try {
      for await (const result of results()) {
        rows += result.rows.length
        yield result
      }
    } catch (error) {
      this.#noteFailure(operation, observation, error)
      throw error
    } finally {
      observation?.succeeded({ rows: { length: rows } })
      this.#openStream = undefined
      this.#guard.leave(operation)
    }
  }

  #noteFailure(
    operation: Operation,
    observation: OperationObservation | undefined,
    error: unknown,
  ): void {
    suspectOwnScope(this.#lease, error)
    operation.fail(error)
    observation?.failed(error)
  }

  async #recheckAfter(turn: Promise<void>, operation: Operation): Promise<void> {
    try {
      await turn
    } catch (error) {
      this.tellRefusal(operation, error as Error)
      throw error
    }
    try {
      this.#checkMayStart(operation)
    } catch (error) {
      this.#noteRefusal(operation, error as Error)
      this.#guard.leave(operation)
      throw error
    }
  }

  #checkMayStart(operation: Operation): void {
    const { id, signal, endReason } = this.#lease
    if (endReason !== undefined) throw contextDisposed(id, endReason)
    if (signal?.aborted) throw aborted(id, signal)
    const frame = frameOfFlow(id)
    if (!frame) return
    if (frame.end !== undefined) throw transactionEnded(id, frame.end, frame.loss)
    const innermost = this.workFrame
    if (frame !== innermost) throw nestedTransactionOpen(id, (innermost ?? frame).facts, operation)
  }

  /** What was refused inside a transaction is missing in it, so that it can only be rolled back (T7), whether anybody looks at the refusal or not. */
  #noteRefusal(operation: Operation, refusal: Error): void {
    if (this.#session && !isEnd(operation)) this.#frameOfCaller()?.spoil(refusal)
    this.tellRefusal(operation, refusal)
  }

  /** Has the channel told of an operation that was not sent, but for one that was called off. */
  tellRefusal(operation: Operation, error: Error): void {
    if (!isHeard(channels.refused)) return
    if (!(error instanceof MayflyError) || error instanceof AbortedError) return
    const { id, transaction } = this.#lease
    const ran = error instanceof ConcurrentOperationError && error.running.kind !== 'transaction'
    tellRefusal({
      error,
      origin: this.#lease.origin(),
      wanted: operation,
      operation: ran ? this.#guard.current : undefined,
      transaction: error instanceof TransactionEndedError ? frameOfFlow(id) : transaction,
    })
  }

  /**
   * The innermost open transaction that the caller is in, as far as that is known: the one whose work he runs in, or an explicit one inside it. Outside
   * of any work an explicit one that is open counts as his, and that of work does not.
   */
  #frameOfCaller(): TransactionFrame | undefined {
    const flow = frameOfFlow(this.#lease.id)
    let innermost = this.session.frame
    let frame = innermost
    for (; frame && frame !== flow; frame = frame.parent)
      if (frame.style === 'work') innermost = frame.parent
    return frame === flow ? innermost : undefined
  }
}
