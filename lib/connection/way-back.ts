import { CompiledQuery } from 'kysely'
import { settledWithin } from '../support/settled-within.js'
import type { MayflyConnection, MayflyDriver } from './driver.js'
import type { Place } from './place.js'

/** How long a reset may take (ms); then the connection is closed. */
const RESET_TIMEOUT = 5_000

/** How long whoever has a connection closed waits for the driver (ms). The place waits for longer. */
const CLOSE_PATIENCE = 5_000

/** What a driver says to a rollback where nothing was open: SQLite, SQL Server. */
const NOTHING_OPEN = /no transaction is active|no corresponding BEGIN TRANSACTION/i

/** Hears what becomes of places. */
export interface PlaceListener {
  /** Nothing of its connection is out any more. */
  free(place: Place): void
  /** Its connection is given to nobody, though it could not be closed. */
  retired(place: Place): void
}

/** How connections leave their holders: given back clean, or closed (X4). */
export class WayBack {
  readonly #driver: MayflyDriver
  readonly #listener: PlaceListener

  constructor(driver: MayflyDriver, listener: PlaceListener) {
    this.#driver = driver
    this.#listener = listener
  }

  /** Gives a connection back, made clean where it must be; closes it where it cannot be. Resolves when its place is free. */
  async giveBack(place: Place, connection: MayflyConnection): Promise<void> {
    place.leave()
    const wasDirty = isDirty(connection)
    if (wasDirty && !(await this.#makeClean(connection)))
      return this.discard(place, connection, undefined)
    try {
      await this.#driver.releaseConnection(connection)
    } catch {
      // Perhaps the driver has it nevertheless, so it is closed, or left alone.
      if (this.#driver.destroyConnection) return this.discard(place, connection, undefined)
      return this.#retire(place)
    }
    place.end(wasDirty ? 'reset' : 'released')
    this.#listener.free(place)
  }

  /**
   * Closes a connection for good. Resolves when its place is free, or when whoever waits for that has waited for long enough.
   * @param running the statement that runs on it
   */
  async discard(
    place: Place,
    connection: MayflyConnection,
    running: Promise<unknown> | undefined,
  ): Promise<void> {
    place.leave()
    if (this.#driver.destroyConnection) {
      await settledWithin(this.#close(place, connection), CLOSE_PATIENCE)
    } else {
      this.#retire(place)
      void this.#sendHome(place, connection, running)
    }
  }

  async #close(place: Place, connection: MayflyConnection): Promise<void> {
    try {
      await this.#driver.destroyConnection!(connection)
    } catch {
      // Whatever a driver says while it closes a connection, the connection is not used again.
    }
    place.end('destroyed')
    this.#listener.free(place)
  }

  #retire(place: Place): void {
    place.retire()
    place.end('retired')
    this.#listener.retired(place)
  }

  /**
   * A driver that cannot close a connection (Kysely's own ones) gets it back once nothing can happen on it any more: its statement has
   * ended, and a rollback was answered. Or it is dead; then the driver's pool drops it.
   */
  async #sendHome(
    place: Place,
    connection: MayflyConnection,
    running: Promise<unknown> | undefined,
  ): Promise<void> {
    try {
      await running?.catch(() => {})
      if (!(await this.#isHarmless(connection))) return
      await this.#driver.releaseConnection(connection)
    } catch {
      return
    }
    this.#listener.free(place)
  }

  async #makeClean(connection: MayflyConnection): Promise<boolean> {
    const driver = this.#driver
    if (!driver.resetConnection) return false
    try {
      const reset = Promise.resolve(driver.resetConnection(connection))
      // Where it cannot be closed there is nothing else to wait for.
      if (driver.destroyConnection && !(await settledWithin(reset, RESET_TIMEOUT))) return false
      await reset
      return !isDirty(connection)
    } catch {
      return false
    }
  }

  async #isHarmless(connection: MayflyConnection): Promise<boolean> {
    try {
      await this.#driver.rollbackTransaction(connection)
      return !isDirty(connection)
    } catch (error) {
      if (error instanceof Error && NOTHING_OPEN.test(error.message)) return !isDirty(connection)
      return this.#isDead(connection)
    }
  }

  /** A server that refuses is not dead: it answers that a transaction has failed, which is open still. */
  async #isDead(connection: MayflyConnection): Promise<boolean> {
    try {
      await connection.executeQuery(CompiledQuery.raw('select 1'))
      return false
    } catch (error) {
      if (this.#driver.classifyError?.(error)?.kind === 'connectionLost') return true
      const { code } = (error ?? {}) as { readonly code?: unknown }
      return connection.transactionState !== 'failed' && code !== IN_FAILED_TRANSACTION
    }
  }
}

/** What PostgreSQL says to everything but a rollback in a transaction that has failed. */
const IN_FAILED_TRANSACTION = '25P02'

/** Whether the next user of the connection would meet what this one has left on it. */
function isDirty({ transactionState = 'none', hasChangedSession }: MayflyConnection): boolean {
  return transactionState !== 'none' || hasChangedSession === true
}
