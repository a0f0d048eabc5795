import type { CompiledQuery, QueryResult, TransactionSettings } from 'kysely'
import { checkParameters } from '../query/check-parameters.js'
import type { Pin } from '../connection/held-connection.js'
import type { Session } from '../connection/session.js'
import {
  checkTransactionSettings,
  frameOfFlow,
  type TransactionFrame,
  type TransactionStyle,
} from '../connection/transaction.js'
import {
  contextDisposed,
  nestedTransactionLeftOpen,
  suppressing,
  transactionAlreadyEnded,
  transactionEnded,
  transactionOfAnotherFlow,
} from '../errors.js'
import { shownSql } from '../shown-sql.js'
import type { RunOptions } from '../query/query-runner.js'
import { settledWithin } from '../support/settled-within.js'
import { Entrance } from './entrance.js'
import { OperationGuard } from './operation-guard.js'
import type { Operation } from './operation.js'
import type { ResultStream } from './result-stream.js'
import type { WorkingLease } from './working-lease.js'

/** What a lease can do with its core: every way to the database, each behind the guard. */
export class Operations {
  readonly #lease: WorkingLease
  readonly #guard: OperationGuard
  readonly #entrance: Entrance
  /** The line that has a connection kept between operations. */
  #pinnedAt: string | undefined

  /** @param session of the core, as long as the lease has it */
  constructor(lease: WorkingLease, session: Session | undefined) {
    this.#lease = lease
    this.#guard = new OperationGuard(lease.id, lease.options.concurrency ?? 'refuse')
    this.#entrance = new Entrance(lease, this.#guard, session)
  }

  get #session(): Session {
    return this.#entrance.session
  }

  /** From here on nothing reaches the core through this lease. */
  handBack(): void {
    this.#entrance.close()
  }

  get isRunning(): boolean {
    return this.#guard.current !== undefined
  }

  /** The operation that runs, if it is the only one. */
  get sole(): Operation | undefined {
    return this.#guard.sole
  }

  /**
   * The end of the lease has begun: what waits is refused, a stream is closed, what runs is waited for.
   * @returns whether it has come to its end in time
   */
  async windUp(gone: Error): Promise<boolean> {
    this.#guard.refuseWaiting(() => gone)
    this.#entrance.closeStream(gone)
    return !this.isRunning || settledWithin(this.#guard.whenIdle(), this.#lease.rollbackTimeout)
  }

  /** What the context is doing, for people. */
  get activity(): string {
    if (!this.#entrance.isOpen) return 'ended'
    const { current } = this.#guard
    if (current)
      return current.sql === undefined ? current.kind : `${current.kind}: ${shownSql(current.sql)}`
    if (this.#session.frame) return 'idle in a transaction'
    return this.#session.hasConnection ? 'idle, with its connection kept open' : 'idle'
  }

  /** The innermost transaction that is open. */
  get transaction(): object | undefined {
    return this.#entrance.isOpen ? this.#session.frame : undefined
  }

  get idlesInTransaction(): boolean {
    return this.#entrance.isOpen && this.#session.frame !== undefined && !this.#guard.current
  }

  /** The line of user code that asked for the connection; `undefined` in production. */
  get line(): string | undefined {
    const { current } = this.#guard
    return current ? current.line : this.#pinnedAt
  }

  /** Sends one statement, as one operation. */
  query<R>(query: CompiledQuery, options?: RunOptions): Promise<QueryResult<R>> {
    return this.#entrance.operate('query', query.sql, () => {
      checkParameters(query)
      return this.#session.run(
        query.sql,
        connection => connection.executeQuery<R>(query),
        this.#timeout(options),
        options?.callOff,
      )
    })
  }

  /** All statements of a save, as one operation. */
  save<R>(write: (session: Session) => Promise<R>): Promise<R> {
    return this.#entrance.operate('save', undefined, () => write(this.#session))
  }

  /**
   * Before what is done for a save that is to come: it is refused now if it would be refused then.
   * @param before a save that was announced, and has not begun
   */
  announceSave(before: Operation | undefined): Operation {
    return this.#entrance.announce('save', before)
  }

  /** The results of a statement as they arrive. The operation begins when the first one is asked for and lasts to the end (C4). */
  stream<R>(query: CompiledQuery, chunkSize: number, options?: RunOptions): ResultStream<R> {
    return this.#entrance.stream(query.sql, () => {
      checkParameters(query)
      return this.#session.stream<R>(query, chunkSize, this.#timeout(options), options?.callOff)
    })
  }

  /** Begins a transaction, or a savepoint where the caller is inside one (T3). */
  async begin(
    style: TransactionStyle,
    settings: TransactionSettings = {},
  ): Promise<TransactionFrame> {
    checkTransactionSettings(settings)
    const frame = await this.#entrance.operate('begin transaction', undefined, operation => {
      const session = this.#session
      if (!session.hasConnection) this.#pinnedAt = operation.line
      const open = this.#entrance.workFrame
      if (open && !frameOfFlow(this.#lease.id)) {
        const refusal = transactionOfAnotherFlow(this.#lease.id, open.facts, operation)
        this.#entrance.tellRefusal(operation, refusal)
        throw refusal
      }
      return session.begin(this.#lease.id, style, settings)
    })
    // A context that ended meanwhile rolls it back.
    this.#lease.assertAlive()
    return frame
  }

  /** An explicit commit, an operation like any other: during another one it is refused (C2). Whether it may end the transaction is seen when its turn has come. */
  async commit(frame: TransactionFrame): Promise<void> {
    this.#lease.assertAlive()
    if (frame.end !== undefined) throw transactionAlreadyEnded('commit', frame.end, frame.loss)
    return this.#entrance.operate('commit', undefined, () => this.#session.commit(frame))
  }

  /** An explicit rollback. It waits for what runs, because it must always be possible. */
  async rollback(frame: TransactionFrame): Promise<void> {
    this.#lease.assertAlive()
    if (frame.end !== undefined) throw transactionAlreadyEnded('rollback', frame.end, frame.loss)
    return this.#endAfterRunning(frame, 'rollback', () => this.#session.rollback(frame))
  }

  /** Rolls back unless it has ended, after what runs: one that is being committed ends so. The end of a lease does it by itself. */
  async rollBackAfterRunning(frame: TransactionFrame): Promise<void> {
    if (frame.outcome || this.#lease.endReason !== undefined) return
    return this.#endAfterRunning(frame, 'rollback', async () => {
      if (!frame.outcome) await this.#session.rollback(frame)
    })
  }

  /**
   * Commits what the work of a transaction has done, unless something in it failed unseen, was refused (T7), or is still open: then it is rolled back, and
   * the reason thrown.
   */
  async commitAfterRunning(frame: TransactionFrame): Promise<void> {
    const lease = this.#lease
    if (frame.end === undefined) {
      await this.#endAfterRunning(frame, 'commit', async failures => {
        if (failures.length > 0) frame.spoil(suppressing(failures))
        if (lease.endReason !== undefined) frame.spoil(contextDisposed(lease.id, lease.endReason))
        if (this.#session.frame !== frame) frame.spoil(nestedTransactionLeftOpen(lease.id))
        if (!frame.outcome) await this.#session.commit(frame)
      })
    }
    if (frame.outcome === 'committed') return
    lease.assertAlive()
    throw frame.loss ?? transactionAlreadyEnded('commit', frame.end!, undefined)
  }

  /** Pins a connection until `closeConnection`. */
  async openConnection(signal?: AbortSignal): Promise<Pin> {
    const pin = await this.#entrance.operate('open connection', undefined, operation => {
      if (!this.#session.hasConnection) this.#pinnedAt = operation.line
      return this.#session.pin(signal)
    })
    this.#lease.assertAlive()
    return pin
  }

  /** Waits for what runs, then takes the pin back. */
  async closeConnection(pin: Pin): Promise<void> {
    if (this.#lease.endReason !== undefined) return
    await this.#entrance.operateAfterRunning('close connection', async () => pin.end())
  }

  /**
   * The end of a transaction that waits for what still runs in it, and lets nothing slip in between (T1). A stream is closed, and what waits in line
   * is refused: with a commit that is a refusal like any other (T7).
   * @param act gets the failures of what was waited for
   */
  async #endAfterRunning(
    frame: TransactionFrame,
    verb: 'commit' | 'rollback',
    act: (failures: unknown[]) => Promise<void>,
  ): Promise<void> {
    frame.close('has ended')
    const hasEnded = () => transactionEnded(this.#lease.id, 'has ended', undefined)
    if (this.#guard.current?.kind === 'stream') this.#entrance.closeStream(hasEnded())
    const refusal = this.#entrance.refuseWaiting(frame, hasEnded)
    if (refusal) frame.spoil(refusal)
    await this.#entrance.operateAfterRunning(verb, act)
  }

  #timeout(options: RunOptions | undefined): number | undefined {
    return options?.timeout ?? this.#lease.commandTimeout
  }
}
