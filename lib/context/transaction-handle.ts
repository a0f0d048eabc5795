import { inspect } from 'node:util'
import type { TransactionFrame } from '../connection/transaction.js'
import { innerTransactionOpen, transactionAlreadyEnded } from '../errors.js'
import type { LeaseHandle } from './lease-handle.js'

/**
 * A transaction that its holder ends: `await using tx = await db.beginTransaction()` rolls back unless `commit()` ran (T5). It is
 * the sharp tool: work that outlives it cannot be noticed, so prefer `transaction(work)`.
 */
export class DbTransaction implements AsyncDisposable {
  readonly #handle: LeaseHandle
  readonly #frame: TransactionFrame

  /** @internal */
  constructor(handle: LeaseHandle, frame: TransactionFrame) {
    this.#handle = handle
    this.#frame = frame
  }

  /**
   * @throws TransactionStateError when it has ended, or one inside it is open; ConcurrentOperationError during an operation;
   *   DatabaseError when the commit failed, and then it was rolled back
   */
  async commit(): Promise<void> {
    this.#assertOpen('commit')
    await this.#handle.lease.operations.end(this.#frame, 'commit')
  }

  /** @throws TransactionStateError when it has ended; ConcurrentOperationError during an operation; DatabaseError when it failed */
  async rollback(): Promise<void> {
    this.#assertOpen('rollback')
    await this.#handle.lease.operations.end(this.#frame, 'rollback')
  }

  /** Rolls back unless it has ended; waits for an operation that still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#frame.end !== undefined) return
    await this.#handle.lease.operations.endAfterRunning(this.#frame, 'rollback', () => 'rollback')
  }

  [inspect.custom](): string {
    return `DbTransaction of ${this.#handle.id} (${this.#frame.end ?? 'open'})`
  }

  #assertOpen(verb: 'commit' | 'rollback'): void {
    this.#handle.assertAlive()
    const { end, loss } = this.#frame
    if (end !== undefined) throw transactionAlreadyEnded(verb, end, loss)
    if (!this.#handle.lease.operations.isInnermost(this.#frame)) throw innerTransactionOpen(verb)
  }
}

/** A connection that a context keeps until this is disposed; see `openConnection`. */
export class OpenConnection implements AsyncDisposable {
  #handle: LeaseHandle | undefined

  /** @internal */
  constructor(handle: LeaseHandle) {
    this.#handle = handle
  }

  /** Gives the connection back, after an operation that still runs. A second call does nothing. */
  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    await handle?.lease.operations.closeConnection()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  [inspect.custom](): string {
    return this.#handle ? `OpenConnection of ${this.#handle.id}` : 'OpenConnection (closed)'
  }
}
