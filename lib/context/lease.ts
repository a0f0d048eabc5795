import type { CompiledQuery, QueryResult, TransactionSettings } from 'kysely'
import { checkParameters } from '../connection/check-parameters.js'
import type { DataSource } from '../connection/data-source.js'
import type { Holder } from '../connection/gate.js'
import {
  checkTransactionSettings,
  frameOfFlow,
  type TransactionFrame,
  type TransactionStyle,
} from '../connection/transaction.js'
import {
  aborted,
  contextDisposed,
  nestedTransactionOpen,
  transactionEnded,
  transactionOfAnotherFlow,
} from '../errors.js'
import type { QueryRunner } from '../query/query-runner.js'
import { ContextCore } from './core.js'
import {
  Operation,
  OperationGuard,
  type Concurrency,
  type OperationKind,
} from './operation-guard.js'
import { ResultStream } from './result-stream.js'

/** Who ends a lease: the scope that the context was resolved from, or whoever made it (C6). */
export type LeaseOwner = 'scope' | 'caller'

export interface LeaseTerms {
  readonly source: DataSource
  /** The name of the context's class. */
  readonly label: string
  readonly owner: LeaseOwner
  readonly scopeLabel?: string | undefined
  readonly concurrency?: Concurrency | undefined
  /** Calls off what has not started yet. */
  readonly signal?: AbortSignal | undefined
  /** How long the end of the lease waits for a running statement (ms). */
  readonly disposeTimeout?: number | undefined
  readonly onEnd?: ((lease: Lease) => void | Promise<void>) | undefined
}

const DEFAULT_DISPOSE_TIMEOUT = 10_000
let leases = 0

/**
 * One holder's right to use a core. It ends once, for good: a holder who kept a context, a set or a query past the end gets
 * `ContextDisposedError` for ever, whoever uses the core by then (C5, P1). The idea is EF Core's `DbContextLease`.
 */
export class Lease implements QueryRunner {
  readonly id: string
  readonly owner: LeaseOwner
  readonly source: DataSource
  readonly #terms: LeaseTerms
  readonly #guard: OperationGuard
  readonly #core: ContextCore
  #openStream: ResultStream | undefined
  /** What keeps a connection between operations. */
  #pinnedBy: Operation | undefined
  #endReason: string | undefined
  #ending: Promise<void> | undefined

  constructor(terms: LeaseTerms) {
    this.id = `${terms.label}#${++leases}`
    this.owner = terms.owner
    this.source = terms.source
    this.#terms = terms
    this.#guard = new OperationGuard(this.id, terms.concurrency ?? 'refuse')
    this.#core = new ContextCore(terms.source, new LeaseHolder(this), terms.signal)
  }

  get scopeLabel(): string | undefined {
    return this.#terms.scopeLabel
  }

  /** Why the lease has ended; `undefined` while it is good. */
  get endReason(): string | undefined {
    return this.#endReason
  }

  /** What the context is doing, for people. */
  get activity(): string {
    const { current } = this.#guard
    if (current) return current.sql === undefined ? current.kind : `${current.kind}: ${current.sql}`
    if (this.#core.session.frame) return 'idle in a transaction'
    return this.#core.session.idle ? 'idle' : 'idle, with its connection kept open'
  }

  /** The line of user code that asked for the connection; `undefined` in production. */
  get line(): string | undefined {
    return (this.#guard.current ?? this.#pinnedBy)?.callSite?.line
  }

  /** @throws ContextDisposedError */
  assertAlive(): void {
    if (this.#endReason !== undefined) throw contextDisposed(this.id, this.#endReason)
  }

  /** Sends one statement, as one operation. */
  async query<R>(query: CompiledQuery<R>): Promise<QueryResult<R>> {
    return this.#operate('query', query.sql, () => {
      checkParameters(query)
      return this.#core.session.run(query.sql, connection => connection.executeQuery<R>(query))
    })
  }

  /** The results of a statement as they arrive. The operation begins when the first one is asked for and lasts to the end (C4). */
  stream<R>(query: CompiledQuery<R>, chunkSize: number): ResultStream<R> {
    return new ResultStream(stream => this.#stream(stream, query, chunkSize))
  }

  /** Begins a transaction, or a savepoint where the caller is inside one (T3). */
  async begin(
    style: TransactionStyle,
    settings: TransactionSettings = {},
  ): Promise<TransactionFrame> {
    checkTransactionSettings(settings)
    return this.#operate('begin transaction', undefined, operation => {
      const { session } = this.#core
      if (session.idle) this.#pinnedBy = operation
      if (session.frame && this.#workFrame() && !frameOfFlow(this.id)) {
        throw transactionOfAnotherFlow(this.id)
      }
      return session.begin(this.id, style, settings)
    })
  }

  /** An explicit commit or rollback, an operation like any other: during another one it is refused (C2). */
  async end(frame: TransactionFrame, verb: 'commit' | 'rollback'): Promise<void> {
    return this.#operate(verb, undefined, () => this.#core.session[verb](frame))
  }

  /**
   * The end of a transaction that waits for what still runs in it, and lets nothing slip in between (T1).
   * `decide` gets the failures of what was waited for, once nothing runs any more.
   */
  async endAfterRunning(
    frame: TransactionFrame,
    decide: (failures: unknown[]) => 'commit' | 'rollback',
  ): Promise<void> {
    const { session } = this.#core
    frame.close('has ended')
    if (this.#guard.current?.kind === 'stream') {
      void this.#openStream?.close(transactionEnded(this.id, 'has ended', undefined))
    }
    const operation = new Operation('commit', undefined)
    const failures = await this.#guard.enterAfterRunning(operation)
    try {
      const verb = decide(failures)
      if (!session.isOpen(frame))
        throw frame.loss ?? contextDisposed(this.id, this.#endReason ?? 'ended')
      await session[this.#endReason === undefined ? verb : 'rollback'](frame)
      if (verb === 'commit') this.assertAlive()
    } finally {
      this.#guard.leave(operation)
    }
  }

  /** Whether this frame is the innermost one, so that nothing inside it was left open. */
  isInnermost(frame: TransactionFrame): boolean {
    return this.#core.session.frame === frame
  }

  /** Pins a connection until `closeConnection`. */
  async openConnection(): Promise<void> {
    return this.#operate('open connection', undefined, operation => {
      if (this.#core.session.idle) this.#pinnedBy = operation
      return this.#core.session.pin()
    })
  }

  /** Waits for what runs, then takes the pin back. */
  async closeConnection(): Promise<void> {
    if (this.#endReason !== undefined) return
    const operation = new Operation('close connection', undefined)
    await this.#guard.enterAfterRunning(operation)
    try {
      await this.#core.session.unpin()
    } finally {
      this.#guard.leave(operation)
    }
  }

  /**
   * Ends the lease (C7): nothing new starts, a running statement is waited for (up to `disposeTimeout`, then its connection
   * is destroyed), a stream is closed, a transaction rolled back. A second call returns the same promise.
   */
  dispose(reason: string): Promise<void> {
    if (this.#ending) return this.#ending
    this.#endReason = reason
    this.#ending =
      this.#guard.current || !this.#core.clean ? this.#finish(reason) : this.#handBack()
    return this.#ending
  }

  async #finish(reason: string): Promise<void> {
    const gone = contextDisposed(this.id, reason)
    this.#guard.refuseWaiting(gone)
    void this.#openStream?.close(gone)
    if (!(await this.#idleInTime())) await this.#core.session.destroy(reason)
    await this.#core.reset(`ended because its context was ${reason}`)
    await this.#handBack()
  }

  async #handBack(): Promise<void> {
    await this.#terms.onEnd?.(this)
  }

  async #idleInTime(): Promise<boolean> {
    if (!this.#guard.current) return true
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const timer = setTimeout(resolve, this.#terms.disposeTimeout ?? DEFAULT_DISPOSE_TIMEOUT, false)
    void this.#guard.whenIdle().then(() => resolve(true))
    const inTime = await promise
    clearTimeout(timer)
    return inTime
  }

  async *#stream<R>(
    stream: ResultStream<R>,
    query: CompiledQuery<R>,
    chunkSize: number,
  ): AsyncGenerator<QueryResult<R>, void> {
    const operation = new Operation('stream', query.sql)
    const turn = this.#enter(operation)
    if (turn) await turn
    this.#openStream = stream
    try {
      checkParameters(query)
      yield* this.#core.session.stream(query, chunkSize)
    } catch (error) {
      operation.fail(error)
      throw error
    } finally {
      this.#openStream = undefined
      this.#guard.leave(operation)
    }
  }

  async #operate<R>(
    kind: OperationKind,
    sql: string | undefined,
    work: (operation: Operation) => Promise<R>,
  ): Promise<R> {
    const operation = new Operation(kind, sql)
    const turn = this.#enter(operation)
    if (turn) await turn
    try {
      return await work(operation)
    } catch (error) {
      operation.fail(error)
      throw error
    } finally {
      this.#guard.leave(operation)
    }
  }

  /** A promise only where the operation has to wait in line. */
  #enter(operation: Operation): void | Promise<void> {
    this.#checkMayStart()
    const turn = this.#guard.enter(operation)
    return turn && this.#recheckAfter(turn, operation)
  }

  async #recheckAfter(turn: Promise<void>, operation: Operation): Promise<void> {
    await turn
    try {
      this.#checkMayStart()
    } catch (error) {
      this.#guard.leave(operation)
      throw error
    }
  }

  #checkMayStart(): void {
    this.assertAlive()
    const { signal } = this.#terms
    if (signal?.aborted) throw aborted(this.id, signal)
    const frame = frameOfFlow(this.id)
    if (!frame) return
    if (frame.end !== undefined) throw transactionEnded(this.id, frame.end, frame.loss)
    if (frame !== this.#workFrame()) throw nestedTransactionOpen(this.id)
  }

  /** The innermost open transaction whose work can be watched. */
  #workFrame(): TransactionFrame | undefined {
    let { frame } = this.#core.session
    while (frame?.style === 'explicit') frame = frame.parent
    return frame
  }
}

/** What the gate may know of whoever holds a connection. */
class LeaseHolder implements Holder {
  readonly #lease: Lease

  constructor(lease: Lease) {
    this.#lease = lease
  }

  get contextLabel(): string {
    return this.#lease.id
  }

  get scopeLabel(): string | undefined {
    return this.#lease.scopeLabel
  }

  activity(): string {
    return this.#lease.activity
  }

  line(): string | undefined {
    return this.#lease.line
  }
}
