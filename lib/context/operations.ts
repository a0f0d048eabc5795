import type { CompiledQuery, QueryResult, TransactionSettings } from 'kysely'
import { checkParameters } from '../query/check-parameters.js'
import type { Session } from '../connection/session.js'
import {
  checkTransactionSettings,
  frameOfFlow,
  type TransactionFrame,
  type TransactionStyle,
} from '../connection/transaction.js'
import { observeOperation } from '../diagnostics/observe-operation.js'
import {
  aborted,
  contextDisposed,
  nestedTransactionOpen,
  transactionEnded,
  transactionOfAnotherFlow,
} from '../errors.js'
import type { RunOptions } from '../query/query-runner.js'
import type { Lease } from './lease.js'
import { Operation, type OperationGuard, type OperationKind } from './operation-guard.js'
import { ResultStream } from './result-stream.js'

/** What a lease can do with its core: every way to the database, each behind the guard. */
export class Operations {
  readonly #lease: Lease
  readonly #guard: OperationGuard
  #core: Session | undefined
  #openStream: ResultStream | undefined
  /** The line that has a connection kept between operations. */
  #pinnedAt: string | undefined

  constructor(lease: Lease, guard: OperationGuard, session: Session) {
    this.#lease = lease
    this.#guard = guard
    this.#core = session
  }

  /** The session of the core; a lease that has handed its core back has none, whoever uses the core by then. */
  get #session(): Session {
    if (!this.#core) throw contextDisposed(this.#lease.id, this.#lease.endReason ?? 'ended')
    return this.#core
  }

  /** From here on nothing reaches the core through this lease. */
  handBack(): void {
    this.#core = undefined
  }

  /** What the context is doing, for people. */
  get activity(): string {
    if (!this.#core) return 'ended'
    const { current } = this.#guard
    if (current) return current.sql === undefined ? current.kind : `${current.kind}: ${current.sql}`
    if (this.#session.frame) return 'idle in a transaction'
    return this.#session.idle ? 'idle' : 'idle, with its connection kept open'
  }

  get idlesInTransaction(): boolean {
    return this.#core?.frame !== undefined && !this.#guard.current
  }

  /** The line of user code that asked for the connection; `undefined` in production. */
  get line(): string | undefined {
    const { current } = this.#guard
    return current ? current.line : this.#pinnedAt
  }

  /** Sends one statement, as one operation. */
  query<R>(query: CompiledQuery, options?: RunOptions): Promise<QueryResult<R>> {
    return this.#operate('query', query.sql, () => {
      checkParameters(query)
      return this.#session.run(
        query.sql,
        connection => connection.executeQuery<R>(query),
        this.#timeout(options),
      )
    })
  }

  /** The results of a statement as they arrive. The operation begins when the first one is asked for and lasts to the end (C4). */
  stream<R>(query: CompiledQuery, chunkSize: number, options?: RunOptions): ResultStream<R> {
    return new ResultStream(stream => this.#stream(stream, query, chunkSize, options))
  }

  /** Closes the stream that is open, if one is; its reader gets `reason`. */
  closeStream(reason: Error): void {
    void this.#openStream?.close(reason)
  }

  /** Begins a transaction, or a savepoint where the caller is inside one (T3). */
  async begin(
    style: TransactionStyle,
    settings: TransactionSettings = {},
  ): Promise<TransactionFrame> {
    checkTransactionSettings(settings)
    return this.#operate('begin transaction', undefined, operation => {
      const session = this.#session
      if (session.idle) this.#pinnedAt = operation.line
      const open = this.#workFrame()
      if (open && !frameOfFlow(this.#lease.id)) {
        throw transactionOfAnotherFlow(this.#lease.id, open.facts, operation)
      }
      return session.begin(this.#lease.id, style, settings)
    })
  }

  /** An explicit commit or rollback, an operation like any other: during another one it is refused (C2). */
  async end(frame: TransactionFrame, verb: 'commit' | 'rollback'): Promise<void> {
    return this.#operate(verb, undefined, () => this.#session[verb](frame))
  }

  /**
   * The end of a transaction that waits for what still runs in it, and lets nothing slip in between (T1).
   * `intent` is what it is going to be, as far as is known now; `decide` gets the failures of what was waited for, once nothing runs any more.
   */
  async endAfterRunning(
    frame: TransactionFrame,
    intent: 'commit' | 'rollback',
    decide: (failures: unknown[]) => 'commit' | 'rollback',
  ): Promise<void> {
    const lease = this.#lease
    frame.close('has ended')
    if (this.#guard.current?.kind === 'stream') {
      this.closeStream(transactionEnded(lease.id, 'has ended', undefined))
    }
    const operation = new Operation(intent, undefined)
    const failures = await this.#guard.enterAfterRunning(operation)
    await this.#observed(operation, async () => {
      const verb = decide(failures)
      if (!this.#session.isOpen(frame))
        throw frame.loss ?? contextDisposed(lease.id, lease.endReason ?? 'ended')
      const hasEnded = lease.endReason !== undefined
      await this.#session[hasEnded ? 'rollback' : verb](frame)
      if (hasEnded && verb === 'commit') lease.assertAlive()
    })
  }

  /** Whether this frame is the innermost one, so that nothing inside it was left open. */
  isInnermost(frame: TransactionFrame): boolean {
    return this.#session.frame === frame
  }

  /** Pins a connection until `closeConnection`. */
  async openConnection(): Promise<void> {
    return this.#operate('open connection', undefined, operation => {
      if (this.#session.idle) this.#pinnedAt = operation.line
      return this.#session.pin()
    })
  }

  /** Waits for what runs, then takes the pin back. */
  async closeConnection(): Promise<void> {
    if (this.#lease.endReason !== undefined) return
    const operation = new Operation('close connection', undefined)
    await this.#guard.enterAfterRunning(operation)
    await this.#observed(operation, () => this.#session.unpin())
  }

  async *#stream<R>(
    stream: ResultStream<R>,
    query: CompiledQuery,
    chunkSize: number,
    options: RunOptions | undefined,
  ): AsyncGenerator<QueryResult<R>, void> {
    const operation = new Operation('stream', query.sql)
    const turn = this.#enter(operation)
    if (turn) await turn
    this.#openStream = stream
    const observation = observeOperation(this.#lease, operation)
    let rows = 0
    try {
      checkParameters(query)
      for await (const result of this.#session.stream<R>(
        query,
        chunkSize,
        this.#timeout(options),
      )) {
        rows += result.rows.length
        yield result
      }
    } catch (error) {
      operation.fail(error)
      observation?.failed(error)
      throw error
    } finally {
      observation?.succeeded({ rows: { length: rows } })
      this.#openStream = undefined
      this.#guard.leave(operation)
    }
  }

  /** Every query of an application comes this way, so it makes no promise of its own where nothing is in the way. */
  #operate<R>(
    kind: OperationKind,
    sql: string | undefined,
    work: (operation: Operation) => Promise<R>,
  ): Promise<R> {
    const operation = new Operation(kind, sql)
    try {
      const turn = this.#enter(operation)
      return turn
        ? turn.then(() => this.#observed(operation, work))
        : this.#observed(operation, work)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Runs an operation that has entered the guard, tells whoever wants to know, and leaves. */
  async #observed<R>(operation: Operation, work: (operation: Operation) => Promise<R>): Promise<R> {
    const observation = observeOperation(this.#lease, operation)
    try {
      const result = await work(operation)
      observation?.succeeded(result)
      return result
    } catch (error) {
      operation.fail(error)
      observation?.failed(error)
      throw error
    } finally {
      this.#guard.leave(operation)
    }
  }

  /** A promise only where the operation has to wait in line. */
  #enter(operation: Operation): void | Promise<void> {
    this.#checkMayStart(operation)
    const turn = this.#guard.enter(operation)
    return turn && this.#recheckAfter(turn, operation)
  }

  async #recheckAfter(turn: Promise<void>, operation: Operation): Promise<void> {
    await turn
    try {
      this.#checkMayStart(operation)
    } catch (error) {
      this.#guard.leave(operation)
      throw error
    }
  }

  #checkMayStart(operation: Operation): void {
    const { id, signal } = this.#lease
    this.#lease.assertAlive()
    if (signal?.aborted) throw aborted(id, signal)
    const frame = frameOfFlow(id)
    if (!frame) return
    if (frame.end !== undefined) throw transactionEnded(id, frame.end, frame.loss)
    const innermost = this.#workFrame()
    if (frame !== innermost) throw nestedTransactionOpen(id, (innermost ?? frame).facts, operation)
  }

  /** The innermost open transaction whose work can be watched. */
  #workFrame(): TransactionFrame | undefined {
    let { frame } = this.#session
    while (frame?.style === 'explicit') frame = frame.parent
    return frame
  }

  #timeout(options: RunOptions | undefined): number | undefined {
    return options?.timeout ?? this.#lease.commandTimeout
  }
}
