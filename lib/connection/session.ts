import type { CompiledQuery, QueryResult, TransactionSettings } from 'kysely'
import type { CallOff } from './call-off.js'
import type { DataSource } from './data-source.js'
import type { Hold } from './hold.js'
import { HeldConnection, type Pin, type SessionUser, type Work } from './held-connection.js'
import type { SettleListener } from './open-frames.js'
import type { TransactionFrame, TransactionStyle } from './transaction.js'
import { Transactions } from './transactions.js'
import { translateError, withCallerStack } from './translate-error.js'

/**
 * A context's hold on a connection: nothing, one operation, or pinned by a transaction, a stream or an explicit open (X1).
 * Who may call, and when, is the business of the lease and its guard.
 */
export class Session {
  readonly #source: DataSource
  readonly #held: HeldConnection
  #user!: SessionUser
  /** Made when a connection is kept for the first time, because most contexts keep none (bench row 'open scope'). */
  #kept: Transactions | undefined

  constructor(source: DataSource) {
    this.#source = source
    this.#held = new HeldConnection(source)
  }

  /** Begins to serve a lease. */
  lend(user: SessionUser): void {
    this.#user = user
    this.#held.lend(user)
    this.#kept?.lend(user)
  }

  /** Hears how every transaction and savepoint has ended. */
  onSettle(listener: SettleListener): void {
    this.#transactions.onSettle(listener)
  }

  /** Whether it holds nothing, and can serve. One whose connection was closed under a statement never is again. */
  get clean(): boolean {
    return this.#held.clean && !this.frame
  }

  get hasConnection(): boolean {
    return this.#held.hasConnection
  }

  /** The innermost open transaction or savepoint. */
  get frame(): TransactionFrame | undefined {
    return this.#kept?.innermost
  }

  /** Runs one statement, on the pinned connection or on one that is taken for it and given back. */
  run<R>(sql: string | undefined, work: Work<R>, timeout?: number, callOff?: CallOff): Promise<R> {
    return this.#held.isPinned
      ? this.#transactions.run(sql, work, timeout, callOff)
      : this.#held.run(sql, work, timeout, callOff)
  }

  /** Keeps one connection for this context until the pin ends. */
  pin(signal?: AbortSignal): Promise<Pin> {
    return this.#held.pin(signal)
  }

  /** The results of a statement as they arrive; the connection is pinned from the first one to the last. */
  async *stream<R>(
    query: CompiledQuery<R>,
    chunkSize: number,
    timeout?: number,
    callOff?: CallOff,
  ): AsyncGenerator<QueryResult<R>, void> {
    this.#kept?.refuseTransactionStatement(query.sql)
    const pin = this.#held.keep()
    let hold: Hold | undefined
    try {
      hold = await this.#held.pinnedHold(callOff?.signal)
      const results = hold.connection.streamQuery<R>(query, chunkSize)
      try {
        for (;;) {
          const { done, value } = await hold.carry(
            () => results.next(),
            query.sql,
            timeout,
            callOff,
          )
          if (done) return
          yield value
        }
      } finally {
        if (!hold.ended) await results.return?.()
      }
    } catch (error) {
      const failure = translateError(this.#source.driver, error, query.sql)
      if (hold) this.#transactions.noticeFailure(hold, failure)
      throw withCallerStack(failure)
    } finally {
      await pin.end()
    }
  }

  /** Opens a transaction, or a savepoint where one is open. */
  begin(
    leaseId: string,
    style: TransactionStyle,
    settings: TransactionSettings,
  ): Promise<TransactionFrame> {
    return this.#transactions.begin(leaseId, style, settings)
  }

  /** Commits the innermost transaction, or releases the innermost savepoint; see {@link Transactions.commit}. */
  commit(frame: TransactionFrame): Promise<void> {
    return this.#transactions.commit(frame)
  }

  /** Rolls a transaction or savepoint back, with all savepoints inside it; see {@link Transactions.rollback}. */
  rollback(frame: TransactionFrame): Promise<void> {
    return this.#transactions.rollback(frame)
  }

  /** Ends everything that is open: the whole transaction is rolled back, the connection given back. */
  async reset(reason: string): Promise<void> {
    await this.#kept?.end(reason)
    await this.#held.release()
  }

  /** For a statement that does not come back: its connection is closed under it. */
  async destroy(reason: string): Promise<void> {
    this.#kept?.close(reason)
    await this.#held.destroy()
  }

  get #transactions(): Transactions {
    if (!this.#kept) {
      this.#kept = new Transactions(this.#source, this.#held)
      this.#kept.lend(this.#user)
    }
    return this.#kept
  }
}
