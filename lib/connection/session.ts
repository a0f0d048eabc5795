import type { CompiledQuery, QueryResult, TransactionSettings } from 'kysely'
import {
  ConnectionLostError,
  holdEnded,
  savepointsUnsupported,
  transactionEnded,
  transactionImplicitlyEnded,
} from '../errors.js'
import type { DataSource } from './data-source.js'
import type { MayflyConnection } from './driver.js'
import type { Hold } from './hold.js'
import type { Holder } from './holder.js'
import { removeFrom } from '../support/remove-from.js'
import { settledWithin } from '../support/settled-within.js'
import { TransactionFrame, type TransactionStyle } from './transaction.js'
import { translateError } from './translate-error.js'

type Work<R> = (connection: MayflyConnection) => Promise<R>

/** The lease that a session serves. */
export interface SessionUser extends Holder {
  /** Calls off waiting for a connection. */
  readonly signal: AbortSignal | undefined
  /** How long a statement, a begin or a commit may take (ms). */
  readonly commandTimeout: number | undefined
  /** How long a rollback, or a driver that takes its connection back, is waited for (ms). */
  readonly rollbackTimeout: number
}

/**
 * A context's hold on a connection: nothing, one operation, or pinned by a transaction, a stream or an explicit open (X1).
 * Who may call, and when, is the business of the lease and its guard.
 */
export class Session {
  readonly #source: DataSource
  #user!: SessionUser
  #hold: Hold | undefined
  #acquiring: Promise<Hold> | undefined
  #pins = 0
  /** Connections that one statement each has right now. */
  readonly #flights: Hold[] = []
  #destroyed = false
  #frame: TransactionFrame | undefined

  constructor(source: DataSource) {
    this.#source = source
  }

  /** Begins to serve a lease. */
  lend(user: SessionUser): void {
    this.#user = user
  }

  /** Whether it holds nothing, and can serve. One whose connection was closed under a statement never is again. */
  get clean(): boolean {
    return (
      this.idle && this.#acquiring === undefined && this.#frame === undefined && !this.#destroyed
    )
  }

  /** The innermost open transaction or savepoint. */
  get frame(): TransactionFrame | undefined {
    return this.#frame
  }

  get idle(): boolean {
    return this.#pins === 0 && this.#hold === undefined && this.#flights.length === 0
  }

  /** Runs one statement, on the pinned connection or on one that is taken for it and given back. */
  async run<R>(sql: string | undefined, work: Work<R>, timeout?: number): Promise<R> {
    if (this.#pins > 0) return this.#runPinned(sql, work, timeout)
    const hold = this.#take(await this.#acquire())
    this.#flights.push(hold)
    try {
      return await hold.carry(work, sql, timeout)
    } catch (error) {
      throw this.#noticeLoss(hold, translateError(this.#source.driver, error, sql))
    } finally {
      removeFrom(this.#flights, hold)
      void hold.release()
    }
  }

  /** Keeps one connection for this context until `unpin`. Pins are counted. */
  async pin(): Promise<void> {
    this.#pins++
    try {
      await this.#pinnedHold()
    } catch (error) {
      this.#pins--
      throw error
    }
  }

  /** Takes pins back; the last one gives the connection back. Synchronous up to the release, so that nothing slips in between. */
  async unpin(pins = 1): Promise<void> {
    this.#pins = Math.max(0, this.#pins - pins)
    if (this.#pins > 0) return
    const hold = this.#hold
    this.#hold = undefined
    if (hold) await this.#letGo(hold)
  }

  /** The results of a statement as they arrive; the connection is pinned from the first one to the last. */
  async *stream<R>(
    query: CompiledQuery<R>,
    chunkSize: number,
    timeout?: number,
  ): AsyncGenerator<QueryResult<R>, void> {
    await this.pin()
    const hold = this.#hold!
    try {
      const results = hold.connection.streamQuery<R>(query, chunkSize)
      try {
        for (;;) {
          const { done, value } = await hold.carry(() => results.next(), query.sql, timeout)
          if (done) return
          yield value
        }
      } finally {
        if (!hold.ended) await results.return?.()
      }
    } catch (error) {
      const failure = this.#noticeLoss(hold, translateError(this.#source.driver, error, query.sql))
      this.#noticeRollback(hold, failure)
      throw failure
    } finally {
      await this.unpin()
    }
  }

  /** Opens a transaction, or a savepoint where one is open. */
  async begin(
    owner: string,
    style: TransactionStyle,
    settings: TransactionSettings,
  ): Promise<TransactionFrame> {
    const frame = new TransactionFrame(owner, style, this.#frame)
    await this.pin()
    const hold = this.#hold!
    try {
      await hold.carry(
        connection => this.#sendBegin(frame, connection, settings),
        'begin',
        this.#user.commandTimeout,
      )
    } catch (error) {
      const failure = this.#noticeLoss(hold, translateError(this.#source.driver, error, 'begin'))
      this.#noticeRollback(hold, failure)
      if (!frame.parent && !hold.ended && hold.connection.transactionState !== 'none')
        await this.#destroy(hold)
      await this.unpin()
      throw failure
    }
    this.#frame = frame
    return frame
  }

  isOpen(frame: TransactionFrame): boolean {
    for (let open = this.#frame; open; open = open.parent) if (open === frame) return true
    return false
  }

  /** Commits the innermost transaction, or releases the innermost savepoint. A failed commit has been rolled back. */
  async commit(frame: TransactionFrame): Promise<void> {
    const hold = this.#hold!
    try {
      await hold.carry(
        connection =>
          frame.parent
            ? this.#savepoint('releaseSavepoint', frame, connection)
            : this.#source.driver.commitTransaction(connection),
        'commit',
        this.#user.commandTimeout,
      )
    } catch (error) {
      const failure = this.#noticeLoss(hold, translateError(this.#source.driver, error, 'commit'))
      if (this.#frame === frame) await this.rollback(frame).catch(() => {})
      throw failure
    }
    await this.#leave(frame, 'was committed')
  }

  /**
   * Rolls a transaction or savepoint back, with all savepoints inside it. Where that fails the connection is destroyed, and
   * the whole transaction with it (X4).
   */
  async rollback(frame: TransactionFrame): Promise<void> {
    const hold = this.#hold!
    try {
      await hold.carry(
        connection => this.#sendRollback(frame, connection),
        'rollback',
        this.#user.rollbackTimeout,
      )
    } catch (error) {
      const failure = translateError(this.#source.driver, error, 'rollback')
      await this.#destroy(hold)
      await this.#lose('was rolled back with its connection', failure)
      throw failure
    }
    await this.#leave(frame, 'was rolled back')
  }

  /** Ends everything that is open: the whole transaction is rolled back, the connection given back. */
  async reset(reason: string): Promise<void> {
    const hold = this.#hold
    for (let frame = this.#frame; frame; frame = frame.parent) frame.close(reason)
    const wasInTransaction = this.#frame !== undefined
    this.#frame = undefined
    this.#hold = undefined
    this.#pins = 0
    if (!hold || hold.ended) return
    if (wasInTransaction) {
      try {
        await hold.carry(
          connection => this.#source.driver.rollbackTransaction(connection),
          'rollback',
          this.#user.rollbackTimeout,
        )
      } catch {
        return hold.destroy()
      }
    }
    await this.#letGo(hold)
  }

  /** For a statement that does not come back: its connection is closed under it. */
  async destroy(reason: string): Promise<void> {
    this.#destroyed = true
    for (let frame = this.#frame; frame; frame = frame.parent) frame.close(reason)
    const holds = [...this.#flights, ...(this.#hold ? [this.#hold] : [])]
    await Promise.all(holds.map(hold => hold.destroy()))
  }

  async #runPinned<R>(
    sql: string | undefined,
    work: Work<R>,
    timeout: number | undefined,
  ): Promise<R> {
    const frame = this.#frame
    this.#pins++
    try {
      const hold = await this.#pinnedHold()
      return await hold.carry(() => this.#runInFrame(frame, hold, sql, work), sql, timeout)
    } catch (error) {
      throw this.#noticeLoss(this.#hold, translateError(this.#source.driver, error, sql))
    } finally {
      if (--this.#pins === 0) await this.unpin(0)
    }
  }

  /** What the server says of the transaction is looked at before anything else can be sent. */
  async #runInFrame<R>(
    frame: TransactionFrame | undefined,
    hold: Hold,
    sql: string | undefined,
    work: Work<R>,
  ): Promise<R> {
    // While the statement waited for the connection its transaction may have ended; it must not run outside of it (T2).
    if (frame?.end !== undefined)
      throw transactionEnded(this.#user.contextLabel, frame.end, frame.loss)
    const { connection } = hold
    let result: R
    try {
      result = await work(connection)
    } catch (error) {
      const failure = translateError(this.#source.driver, error, sql)
      this.#noticeRollback(hold, failure)
      throw failure
    }
    if (!this.#frame || connection.transactionState !== 'none') return result
    const failure = transactionImplicitlyEnded(this.#user.contextLabel, sql)
    void this.#lose('was ended by a statement', failure)
    throw failure
  }

  /** A database may answer an error by rolling the whole transaction back, as after a deadlock. */
  #noticeRollback(hold: Hold, failure: Error): void {
    if (this.#frame && !hold.ended && hold.connection.transactionState === 'none') {
      void this.#lose('was rolled back by the database', failure)
    }
  }

  #acquire(): Promise<Hold> {
    return this.#source.gate.acquire(this.#user, this.#user.signal)
  }

  /** A connection that comes after all was given up is not taken. */
  #take(hold: Hold): Hold {
    if (!this.#destroyed) return hold
    void hold.release()
    throw holdEnded(this.#user.contextLabel)
  }

  #pinnedHold(): Promise<Hold> {
    if (this.#hold) return Promise.resolve(this.#hold)
    return (this.#acquiring ??= this.#acquirePinned())
  }

  async #acquirePinned(): Promise<Hold> {
    try {
      return (this.#hold = this.#take(await this.#acquire()))
    } finally {
      this.#acquiring = undefined
    }
  }

  async #savepoint(
    verb: 'savepoint' | 'releaseSavepoint' | 'rollbackToSavepoint',
    frame: TransactionFrame,
    connection: MayflyConnection,
  ): Promise<void> {
    const { driver, compiler } = this.#source
    if (!driver[verb]) throw savepointsUnsupported()
    await driver[verb](connection, frame.savepoint, compiler.compileQuery.bind(compiler))
  }

  async #sendBegin(
    frame: TransactionFrame,
    connection: MayflyConnection,
    settings: TransactionSettings,
  ): Promise<void> {
    const { parent } = frame
    if (!parent) return this.#source.driver.beginTransaction(connection, settings)
    // While the savepoint waited for the connection the database may have ended the transaction around it.
    if (parent.end !== undefined)
      throw transactionEnded(this.#user.contextLabel, parent.end, parent.loss)
    await this.#savepoint('savepoint', frame, connection)
  }

  async #sendRollback(frame: TransactionFrame, connection: MayflyConnection): Promise<void> {
    if (!frame.parent) return this.#source.driver.rollbackTransaction(connection)
    await this.#savepoint('rollbackToSavepoint', frame, connection)
    await this.#savepoint('releaseSavepoint', frame, connection)
  }

  /** A driver that never takes its connection back holds nobody up. */
  async #letGo(hold: Hold): Promise<void> {
    await settledWithin(hold.release(), this.#user.rollbackTimeout)
  }

  #noticeLoss(hold: Hold | undefined, failure: Error): Error {
    if (failure instanceof ConnectionLostError) void hold?.destroy()
    if (hold?.ended && hold === this.#hold) void this.#lose('was lost with its connection', failure)
    return failure
  }

  async #destroy(hold: Hold): Promise<void> {
    await hold.destroy()
    if (hold === this.#hold) this.#hold = undefined
  }

  /** The transaction is gone on the server: every open frame ends, and with its last pin the connection goes back. */
  async #lose(reason: string, loss: Error): Promise<void> {
    let frames = 0
    for (let frame = this.#frame; frame; frame = frame.parent) {
      frame.close(reason, loss)
      frames++
    }
    this.#frame = undefined
    if (this.#hold?.ended) this.#hold = undefined
    await this.unpin(frames)
  }

  /** Ends a frame and those that were still open inside it. */
  async #leave(frame: TransactionFrame, reason: string): Promise<void> {
    let frames = 1
    for (let inner = this.#frame; inner && inner !== frame; inner = inner.parent) {
      inner.close(reason)
      frames++
    }
    frame.close(reason)
    this.#frame = frame.parent
    await this.unpin(frames)
  }
}
