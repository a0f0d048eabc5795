import { inspect } from 'node:util'
import type { Pin } from '../connection/held-connection.js'
import type { TransactionFrame } from '../connection/transaction.js'
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
   * @throws TransactionStateError when it has ended, or one inside it is open; ConcurrentOperationError during an operation; DatabaseError
   *   when the commit failed, and then it was rolled back; CommitUncertainError when its answer was lost. An operation that was refused inside
   *   the transaction makes it roll back and throw that refusal.
   */
  async commit(): Promise<void> {
    await this.#handle.ended(this.#handle.lease.operations.commit(this.#frame))
  }

  /**
   * Waits for an operation that still runs, and closes a stream; transactions inside it are rolled back as well. It works after an abort, too.
   * @throws TransactionStateError when it has ended; DatabaseError when it failed
   */
  async rollback(): Promise<void> {
    await this.#handle.ended(this.#handle.lease.operations.rollback(this.#frame))
  }

  /** Rolls back unless it has ended; waits for an operation that still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.ended(this.#handle.lease.operations.rollBackAfterRunning(this.#frame))
  }

  [inspect.custom](): string {
    return `DbTransaction of ${this.#handle.id} (${this.#frame.end ?? 'open'})`
  }
}

/** A connection that a context keeps until this is disposed; see `openConnection`. */
export class OpenConnection implements AsyncDisposable {
  readonly #pin: Pin
  #handle: LeaseHandle | undefined

  /** @internal */
  constructor(handle: LeaseHandle, pin: Pin) {
    this.#handle = handle
    this.#pin = pin
  }

  /** Gives the connection back, after an operation that still runs. A second call does nothing. */
  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    await handle?.lease.operations.closeConnection(this.#pin)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  [inspect.custom](): string {
    return this.#handle ? `OpenConnection of ${this.#handle.id}` : 'OpenConnection (closed)'
  }
}
