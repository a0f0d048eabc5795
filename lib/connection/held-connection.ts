import { ConnectionLostError, holdEnded } from '../errors.js'
import { removeFrom } from '../support/remove-from.js'
import { settledWithin } from '../support/settled-within.js'
import type { CallOff } from './call-off.js'
import type { DataSource } from './data-source.js'
import type { MayflyConnection } from './driver.js'
import type { Hold } from './hold.js'
import type { Holder } from './holder.js'
import { translateError, withCallerStack } from './translate-error.js'

export type Work<R> = (connection: MayflyConnection) => Promise<R>

/** The lease that a session serves. */
export interface SessionUser extends Holder {
  /** Calls off waiting for a connection. */
  readonly signal: AbortSignal | undefined
  /** How long a statement, a begin or a commit may take (ms). */
  readonly commandTimeout: number | undefined
  /** How long a rollback, or a driver that takes its connection back, is waited for (ms). */
  readonly rollbackTimeout: number
}

/** One reason to keep the connection: a transaction, a stream, an explicit open, a statement in one of these. It ends once, for good. */
export class Pin {
  readonly #held: HeldConnection

  /** @internal */
  constructor(held: HeldConnection) {
    this.#held = held
  }

  /** A promise only where it was the last one, so that the connection goes back. */
  end(): void | Promise<void> {
    return this.#held.unpin(this)
  }
}

/** Which connections a session has: none, one for the time of a statement each, or one that is kept as long as a pin lasts (X1). */
export class HeldConnection {
  readonly #source: DataSource
  #user!: SessionUser
  #pinned: Hold | undefined
  #acquiring: Promise<Hold> | undefined
  /** A short list, nearly always of one or two. */
  readonly #pins: Pin[] = []
  /** Connections that one statement each has right now. */
  readonly #flights: Hold[] = []
  #destroyed = false

  constructor(source: DataSource) {
    this.#source = source
  }

  lend(user: SessionUser): void {
    this.#user = user
  }

  /** Whether it could serve another lease. One whose connection was closed under a statement never can. */
  get clean(): boolean {
    return !this.hasConnection && this.#acquiring === undefined && !this.#destroyed
  }

  /** Whether it has a connection, or keeps the next one. */
  get hasConnection(): boolean {
    return this.#pins.length > 0 || this.#pinned !== undefined || this.#flights.length > 0
  }

  get isPinned(): boolean {
    return this.#pins.length > 0
  }

  /** The connection that is kept, once it is there. */
  get pinned(): Hold | undefined {
    return this.#pinned
  }

  /** Runs one statement on a connection that is taken for it and given back. */
  async run<R>(
    sql: string | undefined,
    work: Work<R>,
    timeout: number | undefined,
    callOff: CallOff | undefined,
  ): Promise<R> {
    let hold: Hold | undefined
    try {
      hold = this.#take(await this.#acquire(callOff?.signal))
      this.#flights.push(hold)
      return await hold.carry(work, sql, timeout, callOff)
    } catch (error) {
      const failure = translateError(this.#source.driver, error, sql)
      if (hold) this.destroyIfLost(hold, failure)
      throw withCallerStack(failure)
    } finally {
      if (hold) {
        removeFrom(this.#flights, hold)
        void hold.release()
      }
    }
  }

  /** A reason to keep the connection; it is taken when it is needed. */
  keep(): Pin {
    const pin = new Pin(this)
    this.#pins.push(pin)
    return pin
  }

  /** Takes a connection, where none is kept, and keeps it. */
  async pin(signal?: AbortSignal): Promise<Pin> {
    const pin = this.keep()
    try {
      await this.pinnedHold(signal)
      return pin
    } catch (error) {
      removeFrom(this.#pins, pin)
      throw withCallerStack(error)
    }
  }

  /** One that was lost is replaced for those who still have a pin. */
  pinnedHold(signal?: AbortSignal): Promise<Hold> {
    if (this.#pinned) return Promise.resolve(this.#pinned)
    return (this.#acquiring ??= this.#acquirePinned(signal))
  }

  /** @internal For {@link Pin.end}. Synchronous up to the release, so that nothing slips in between. */
  unpin(pin: Pin): void | Promise<void> {
    if (removeFrom(this.#pins, pin) && this.#pins.length === 0) return this.#letGo()
  }

  /** A connection that broke is closed; so is one whose end was not noticed otherwise. */
  destroyIfLost(hold: Hold, error: unknown): void {
    if (error instanceof ConnectionLostError) void hold.destroy()
    if (hold.ended && hold === this.#pinned) this.#pinned = undefined
  }

  /** Closes the connection that is kept; pins stay, and get another one where they need one. */
  async destroyPinned(): Promise<void> {
    const hold = this.#pinned
    await hold?.destroy()
    if (hold === this.#pinned) this.#pinned = undefined
  }

  /** Ends all pins: whoever still has one has nothing any more. */
  async release(): Promise<void> {
    this.#pins.length = 0
    await this.#letGo()
  }

  /** For a statement that does not come back: its connection is closed under it. */
  async destroy(): Promise<void> {
    this.#destroyed = true
    const holds = [...this.#flights, ...(this.#pinned ? [this.#pinned] : [])]
    await Promise.all(holds.map(hold => hold.destroy()))
  }

  /** A driver that never takes its connection back holds nobody up. */
  async #letGo(): Promise<void> {
    const hold = this.#pinned
    this.#pinned = undefined
    if (hold) await settledWithin(hold.release(), this.#user.rollbackTimeout)
  }

  /** @param signal of the operation; that of the lease calls the wait off as well */
  #acquire(signal: AbortSignal | undefined): Promise<Hold> {
    const own = this.#user.signal
    const either = signal && own ? AbortSignal.any([signal, own]) : (signal ?? own)
    return this.#source.gate.acquire(this.#user, either)
  }

  /** A connection that comes after all was given up is not taken. */
  #take(hold: Hold): Hold {
    if (!this.#destroyed) return hold
    void hold.release()
    throw holdEnded(this.#user.contextLabel)
  }

  async #acquirePinned(signal: AbortSignal | undefined): Promise<Hold> {
    try {
      return (this.#pinned = this.#take(await this.#acquire(signal)))
    } finally {
      this.#acquiring = undefined
    }
  }
}
