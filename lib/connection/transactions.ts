import type { TransactionSettings } from 'kysely'
import { transactionBegins } from '../diagnostics/observe.js'
import {
  commitUncertain,
  ContextDisposedError,
  innerTransactionOpen,
  transactionAlreadyEnded,
  transactionEnded,
  transactionFailed,
  transactionImplicitlyEnded,
  transactionStatement,
  withSuppressed,
} from '../errors.js'
import type { CallOff } from './call-off.js'
import type { DataSource } from './data-source.js'
import type { MayflyConnection } from './driver.js'
import { FrameCommands } from './frame-commands.js'
import type { Hold } from './hold.js'
import type { HeldConnection, SessionUser, Work } from './held-connection.js'
import { OpenFrames, type SettleListener } from './open-frames.js'
import { assertStillOpen } from './still-open.js'
import { TransactionFrame, type TransactionStyle } from './transaction.js'
import { isTransactionStatement } from './transaction-statement.js'
import { translateError, withCallerStack } from './translate-error.js'

/** The transactions of a session, one inside the other, and the statements on the connection that they keep. */
export class Transactions {
  readonly #source: DataSource
  readonly #held: HeldConnection
  readonly #commands: FrameCommands
  #user!: SessionUser
  readonly #open = new OpenFrames()
  /** The one whose commit is on its way, so that nobody knows what became of it when the connection ends. */
  #committing: TransactionFrame | undefined
  /** What has made the server refuse everything but a rollback. */
  #failedBy: Error | undefined

  constructor(source: DataSource, held: HeldConnection) {
    this.#source = source
    this.#held = held
    this.#commands = new FrameCommands(source)
  }

  lend(user: SessionUser): void {
    this.#user = user
  }

  onSettle(listener: SettleListener): void {
    this.#open.onSettle(listener)
  }

  /** The innermost one that is open. */
  get innermost(): TransactionFrame | undefined {
    return this.#open.innermost
  }

  /** Runs one statement on the connection that is kept, in the transaction that is open there, if one is. */
  async run<R>(
    sql: string | undefined,
    work: Work<R>,
    timeout: number | undefined,
    callOff: CallOff | undefined,
  ): Promise<R> {
    const frame = this.innermost
    this.refuseTransactionStatement(sql)
    const pin = this.#held.keep()
    let hold: Hold | undefined
    try {
      const pinned = (hold = this.#held.pinned ?? (await this.#held.pinnedHold()))
      return await pinned.carry(() => this.#send(frame, pinned, sql, work), sql, timeout, callOff)
    } catch (error) {
      if (hold) this.#noticeLoss(hold, error)
      throw withCallerStack(this.#inTermsOf(frame, error))
    } finally {
      const wentBack = pin.end()
      if (wentBack) await wentBack
    }
  }

  /** A statement that would begin or end a transaction past Mayfly is not sent, and what was meant by it is not known (O12, T7). */
  refuseTransactionStatement(sql: string | undefined): void {
    const frame = this.innermost
    if (!frame || sql === undefined || !isTransactionStatement(sql)) return
    const refusal = transactionStatement(this.#user.contextLabel, sql)
    frame.spoil(refusal)
    throw refusal
  }

  /** Opens a transaction, or a savepoint where one is open. */
  async begin(
    leaseId: string,
    style: TransactionStyle,
    settings: TransactionSettings,
  ): Promise<TransactionFrame> {
    const frame = new TransactionFrame(leaseId, style, this.innermost)
    const pin = this.#held.keep()
    let hold: Hold | undefined
    try {
      hold = await this.#held.pinnedHold()
      await hold.command(
        connection => this.#sendBegin(frame, connection, settings),
        'begin',
        this.#user.commandTimeout,
      )
    } catch (error) {
      if (hold) this.noticeFailure(hold, error)
      if (!frame.parent && hold && !hold.ended && hold.connection.transactionState !== 'none')
        await this.#held.destroyPinned()
      await pin.end()
      throw withCallerStack(this.#inTermsOf(frame.parent, error))
    }
    this.#open.add(frame, pin)
    frame.message = transactionBegins(this.#user, frame)
    if (!frame.parent) this.#failedBy = undefined
    return frame
  }

  /**
   * Commits the innermost transaction, or releases the innermost savepoint. One that was spoilt (T7), that the server has given up, or whose
   * commit the server refuses is rolled back, and the reason thrown.
   * @throws TransactionStateError when it has ended, or one inside it is open; CommitUncertainError
   */
  async commit(frame: TransactionFrame): Promise<void> {
    const hold = this.#holdOf(frame, 'commit')
    if (hold.connection.transactionState === 'failed')
      frame.spoil(transactionFailed(this.#user.contextLabel, this.#failedBy))
    if (frame.spoiltBy) return this.#rollBackInstead(frame, frame.spoiltBy)
    if (this.innermost !== frame) throw innerTransactionOpen('commit')
    frame.close('is being committed')
    if (!frame.parent) this.#committing = frame
    try {
      const send = (connection: MayflyConnection) => this.#commands.commit(frame, connection)
      const { commandTimeout } = this.#user
      // A savepoint that is lost is gone with its transaction, like a statement.
      if (frame.parent) await hold.carry(send, 'commit', commandTimeout)
      else await hold.command(send, 'commit', commandTimeout)
    } catch (error) {
      throw withCallerStack(await this.#failCommit(frame, hold, error as Error))
    } finally {
      this.#committing = undefined
    }
    await this.#open.settle(frame, 'committed', 'was committed')
  }

  /**
   * Rolls a transaction or savepoint back, with all savepoints inside it. Where that fails the connection is destroyed, and
   * the whole transaction with it (X4).
   * @throws TransactionStateError when it has ended
   */
  async rollback(frame: TransactionFrame): Promise<void> {
    const hold = this.#holdOf(frame, 'rollback')
    frame.close('is being rolled back')
    try {
      await this.#carryRollback(frame, hold)
    } catch (error) {
      await this.#held.destroyPinned()
      await this.#open.settleAll(
        'rolledBack',
        'was rolled back with its connection',
        error as Error,
      )
      throw withCallerStack(error)
    }
    await this.#open.settle(frame, 'rolledBack', 'was rolled back')
  }

  /** From here on nothing is accepted for what is open. */
  close(how: string): void {
    this.#open.close(how)
  }

  /** The end of a lease: the whole transaction is rolled back. */
  async end(how: string): Promise<void> {
    const outermost = this.#open.outermost
    if (!outermost) return
    this.close(how)
    const hold = this.#held.pinned
    if (hold && !hold.ended) {
      try {
        await this.#carryRollback(outermost, hold)
      } catch {
        await this.#held.destroyPinned()
      }
    }
    await this.#open.settleAll(outermost === this.#committing ? 'unknown' : 'rolledBack', how)
  }

  /**
   * What a failure on the connection means: it may be lost, and the transaction with it, or the database may have answered by rolling the whole
   * transaction back, as after a deadlock.
   */
  noticeFailure(hold: Hold, error: unknown): void {
    this.#noticeLoss(hold, error)
    if (!hold.ended) this.#noticeState(hold.connection, error as Error)
  }

  /** What the server says of the transaction is looked at before anything else can be sent. */
  async #send<R>(
    frame: TransactionFrame | undefined,
    hold: Hold,
    sql: string | undefined,
    work: Work<R>,
  ): Promise<R> {
    if (frame) assertStillOpen(frame, this.#user, { kind: 'query', sql })
    const { connection } = hold
    let result: R
    try {
      result = await work(connection)
    } catch (error) {
      const failure = translateError(this.#source.driver, error, sql)
      if (!hold.ended) this.#noticeState(connection, failure)
      throw failure
    }
    if (!this.innermost || connection.transactionState !== 'none') return result
    const failure = transactionImplicitlyEnded(this.#user.contextLabel, sql)
    void this.#open.settleAll('unknown', 'was ended by a statement', failure)
    throw failure
  }

  /** Who waited for a connection while it was lost finds none; what he has to know is that his transaction has ended with it. */
  #inTermsOf(frame: TransactionFrame | undefined, error: unknown): unknown {
    return error instanceof ContextDisposedError && frame?.end !== undefined && frame.loss
      ? transactionEnded(this.#user.contextLabel, frame.end, frame.loss)
      : error
  }

  #noticeLoss(hold: Hold, error: unknown): void {
    const isPinned = hold === this.#held.pinned
    this.#held.destroyIfLost(hold, error)
    if (isPinned && hold.ended)
      void this.#open.settleAll('rolledBack', 'was lost with its connection', error as Error)
  }

  #noticeState({ transactionState }: MayflyConnection, failure: Error): void {
    if (!this.innermost) return
    if (transactionState === 'failed') this.#failedBy = failure
    if (transactionState === 'none')
      void this.#open.settleAll('rolledBack', 'was rolled back by the database', failure)
  }

  /** What may end a transaction is checked when it acts, whatever was true when it was called. */
  #holdOf(frame: TransactionFrame, verb: 'commit' | 'rollback'): Hold {
    if (!this.#open.has(frame))
      throw transactionAlreadyEnded(verb, frame.end ?? 'has ended', frame.loss)
    return this.#held.pinned!
  }

  async #rollBackInstead(frame: TransactionFrame, reason: Error): Promise<never> {
    try {
      await this.rollback(frame)
    } catch (error) {
      throw withSuppressed(reason, [error])
    }
    throw reason
  }

  /** A commit that the server has refused is rolled back. One whose answer was lost may have happened, and so may one after which nothing can be sent. */
  async #failCommit(frame: TransactionFrame, hold: Hold, error: Error): Promise<Error> {
    if (frame.parent) this.noticeFailure(hold, error)
    if (frame.outcome) return error
    this.#held.destroyIfLost(hold, error)
    try {
      await this.#carryRollback(frame, hold)
      await this.#open.settle(frame, 'rolledBack', 'was rolled back, because its commit failed')
      return error
    } catch {
      await this.#held.destroyPinned()
    }
    if (frame.parent) {
      await this.#open.settleAll('rolledBack', 'was rolled back with its connection', error)
      return error
    }
    const uncertain = commitUncertain(this.#user.contextLabel, error)
    await this.#open.settleAll('unknown', 'may have been committed', uncertain)
    return uncertain
  }

  #carryRollback(frame: TransactionFrame, hold: Hold): Promise<void> {
    return hold.command(
      connection => this.#commands.rollback(frame, connection),
      'rollback',
      this.#user.rollbackTimeout,
    )
  }

  async #sendBegin(
    frame: TransactionFrame,
    connection: MayflyConnection,
    settings: TransactionSettings,
  ): Promise<void> {
    const { parent } = frame
    if (parent) assertStillOpen(parent, this.#user, { kind: 'begin transaction' })
    await this.#commands.begin(frame, connection, settings)
  }
}
