import type { TransactionFrame } from '../connection/transaction.js'
import { innerTransactionOpen, transactionAlreadyEnded } from '../errors.js'
import type { Lease } from './lease.js'

/**
 * A transaction that its holder ends: `await using tx = await db.beginTransaction()` rolls back unless `commit()` ran (T5). It is
 * the sharp tool: work that outlives it cannot be noticed, so prefer `transaction(work)`.
 */
export class DbTransaction implements AsyncDisposable {
  readonly #lease: Lease
  readonly #frame: TransactionFrame

  /** @internal */
  constructor(lease: Lease, frame: TransactionFrame) {
    this.#lease = lease
    this.#frame = frame
  }

  /**
   * @throws TransactionStateError when it has ended, or one inside it is open; ConcurrentOperationError during an operation;
   *   DatabaseError when the commit failed, and then it was rolled back
   */
  async commit(): Promise<void> {
    this.#assertOpen('commit')
    await this.#lease.end(this.#frame, 'commit')
  }

  /** @throws TransactionStateError when it has ended; ConcurrentOperationError during an operation; DatabaseError when it failed */
  async rollback(): Promise<void> {
    this.#assertOpen('rollback')
    await this.#lease.end(this.#frame, 'rollback')
  }

  /** Rolls back unless it has ended; waits for an operation that still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#frame.end === undefined)
      await this.#lease.endAfterRunning(this.#frame, () => 'rollback')
  }

  #assertOpen(verb: 'commit' | 'rollback'): void {
    this.#lease.assertAlive()
    const { end, loss } = this.#frame
    if (end !== undefined) throw transactionAlreadyEnded(verb, end, loss)
    if (!this.#lease.isInnermost(this.#frame)) throw innerTransactionOpen(verb)
  }
}

/** A connection that a context keeps until this is disposed; see `openConnection`. */
export class OpenConnection implements AsyncDisposable {
  #lease: Lease | undefined

  /** @internal */
  constructor(lease: Lease) {
    this.#lease = lease
  }

  /** Gives the connection back, after an operation that still runs. A second call does nothing. */
  async close(): Promise<void> {
    const lease = this.#lease
    this.#lease = undefined
    await lease?.closeConnection()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
