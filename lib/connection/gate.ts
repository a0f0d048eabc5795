import { channels, over } from '../diagnostics/channels.js'
import { warn } from '../diagnostics/logger.js'
import type { ConnectionMessage } from '../diagnostics/messages.js'
import { waitBegins } from '../diagnostics/observe.js'
import {
  aborted,
  connectionTimeout,
  dialectLeft,
  gateClosed,
  placeTakenBack,
  type ConnectionHolder,
} from '../errors.js'
import { Chain } from '../support/chain.js'
import { settledWithin } from '../support/settled-within.js'
import { Deadline } from './deadline.js'
import type { MayflyConnection, MayflyDriver } from './driver.js'
import { idleBeside, oldestHolder, reportOf, type GateCounts } from './gate-report.js'
import { Hold } from './hold.js'
import type { Holder } from './holder.js'
import { FairLine, type Line } from './line.js'
import { LET_GO_TIMEOUT, Place } from './place.js'
import { translateError } from './translate-error.js'
import { Waiter } from './waiter.js'
import { WayBack } from './way-back.js'

/** How long a driver may take to close (ms). */
const CLOSE_TIMEOUT = 10_000

/** How many connections of a dialect that does not say its own limit may be out (connections). */
export const DEFAULT_MAX_CONNECTIONS = 10
/** How long an operation waits for a connection (ms). */
export const DEFAULT_ACQUIRE_TIMEOUT = 10_000

/** The limits of one dialect's connections. */
export interface GateOptions {
  /**
   * How many connections may be out at the same time (connections). Default: what the dialect can hold, or {@link DEFAULT_MAX_CONNECTIONS}
   * where it does not say.
   */
  readonly maxConnections?: number
  /** How long an operation waits for a connection (ms). Default: {@link DEFAULT_ACQUIRE_TIMEOUT}. */
  readonly acquireTimeout?: number
}

/** The queue in front of one dialect's connections: limit, deadline, who holds what (X2). */
export class Gate {
  /** The most that may be out at the same time (connections). */
  readonly maxConnections: number
  readonly acquireTimeout: number
  readonly driver: MayflyDriver
  readonly #places = new Chain<Place>()
  readonly #line: Line = new FairLine(this.#places)
  readonly #deadline: Deadline
  readonly #wayBack: WayBack
  #closed = false
  #drained: (() => void) | undefined
  #initialising: Promise<void> | undefined
  #isInitialised = false

  constructor(driver: MayflyDriver, maxConnections: number, acquireTimeout: number) {
    this.driver = driver
    this.maxConnections = maxConnections
    this.acquireTimeout = acquireTimeout
    this.#deadline = new Deadline(acquireTimeout, () => this.#lookAround())
    this.#wayBack = new WayBack(driver, {
      free: place => this.#free(place),
      retired: () => this.#noticeDrained(),
    })
    driver.watchCapacity?.(() => this.#admit())
  }

  /** How many may be out now: no more than the driver can serve (connections). */
  get limit(): number {
    const { capacity = Infinity } = this.driver
    return capacity < this.maxConnections ? capacity : this.maxConnections
  }

  /** Connections that are out, being opened, being given back, or retired. */
  get inUse(): number {
    return this.#places.size
  }

  get counts(): GateCounts {
    const { limit, inUse, waiting } = this
    return { limit, inUse, waiting, oldestHolder: oldestHolder(this.#places) }
  }

  /** Contexts of the same scope whose open transaction does nothing right now. */
  idleBeside(holder: Holder): ConnectionHolder[] {
    return idleBeside(this.#places, holder)
  }

  /** Requests that wait in the queue. */
  get waiting(): number {
    return this.#line.size
  }

  /**
   * Takes a connection.
   * @throws ConnectionTimeoutError after `acquireTimeout` ms, with everybody who holds a connection.
   * @throws AbortedError when `signal` aborts first. Whoever leaves gives a connection that still arrives back.
   * @throws DatabaseError when the database cannot be reached.
   */
  acquire(holder: Holder, signal?: AbortSignal): Promise<Hold> {
    const message = waitBegins(holder, this)
    const acquired = this.#acquire(holder, signal)
    return message ? traced(message, acquired) : acquired
  }

  #acquire(holder: Holder, signal: AbortSignal | undefined): Promise<Hold> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(gateClosed(holder.contextLabel))
      if (signal?.aborted) return reject(aborted(holder.contextLabel, signal))
      const deadline = performance.now() + this.acquireTimeout
      const waiter = new Waiter(holder, signal, deadline, resolve, reject)
      if (signal) waiter.onAbort(() => this.#turnAway(waiter, aborted(holder.contextLabel, signal)))
      this.#line.add(waiter)
      this.#deadline.enter()
      this.#admit()
      // The first in line looks; those behind it profit, and the timer looks again.
      if (waiter.chain && this.#line.size === 1) this.#takeBackPlaces()
    })
  }

  /**
   * Refuses new requests and those that wait, waits (at most `acquireTimeout` ms) for connections that are out to come back, and closes the
   * driver (10 s at most). What is left by then is reported.
   * @throws whatever the driver says while it closes
   */
  async close(): Promise<void> {
    this.#closed = true
    for (const waiter of this.#line) this.#refuse(waiter)
    await this.#drain()
    for (const { waiter } of this.#places) if (waiter) this.#refuse(waiter)
    this.#deadline.stop()
    // A driver that was never initialised has nothing to destroy, and Kysely's own ones fail when asked to.
    const closed = this.#initialising?.then(
      () => this.driver.destroy(),
      () => {},
    )
    const isClosed = !closed || (await settledWithin(closed, CLOSE_TIMEOUT))
    if (!isClosed || this.#places.size > 0) this.#reportLeft(isClosed)
    if (isClosed) await closed
  }

  #admit(): void {
    while (this.#places.size < this.limit) {
      const waiter = this.#line.next()
      if (!waiter) return
      const place = new Place(waiter)
      this.#places.add(place)
      void this.#open(place, waiter)
    }
  }

  async #open(place: Place, waiter: Waiter): Promise<void> {
    let connection: MayflyConnection
    try {
      if (!this.#isInitialised) await this.#initialise()
      connection = await this.driver.acquireConnection({
        scope: waiter.holder.scope,
        signal: waiter.signal,
      })
    } catch (error) {
      this.#free(place)
      this.#turnAway(waiter, translateError(this.driver, error, undefined))
      return
    }
    place.arrived()
    const hold = new Hold(this.#wayBack, place, connection)
    if (waiter.left) return hold.release()
    this.#deadline.leave()
    place.handOut()
    waiter.get(hold)
  }

  #turnAway(waiter: Waiter, error: Error): void {
    if (waiter.left) return
    this.#line.delete(waiter)
    this.#deadline.leave()
    waiter.leave(error)
  }

  #refuse(waiter: Waiter): void {
    this.#turnAway(waiter, gateClosed(waiter.holder.contextLabel))
  }

  /** @returns the time until it has to look again (ms) */
  #lookAround(): number {
    const now = performance.now()
    let next = Infinity
    for (const waiter of this.#unanswered()) {
      const left = waiter.deadline - now
      // Timers count whole milliseconds.
      if (left >= 1) next = Math.min(next, left)
      else this.#timeOut(waiter)
    }
    if (this.#line.size > 0) this.#takeBackPlaces()
    return next
  }

  #timeOut(waiter: Waiter): void {
    this.#line.delete(waiter)
    const report = reportOf(this, waiter.holder, this.#line, this.#places)
    this.#turnAway(waiter, connectionTimeout(report))
  }

  *#unanswered(): Iterable<Waiter> {
    for (const { waiter } of this.#places) if (waiter && !waiter.left) yield waiter
    yield* this.#line
  }

  /** No driver that does not answer costs a place for good (X4). Whether one does is looked at while somebody waits. */
  #takeBackPlaces(): void {
    const now = performance.now()
    let next = Infinity
    for (let place = this.#places.first, after; place; place = after) {
      after = place.next
      const left = place.dueAt - now
      if (left < 1) this.#takeBack(place)
      else if (left < next) next = left
    }
    if (next < this.acquireTimeout) this.#deadline.lookWithin(next)
  }

  #takeBack(place: Place): void {
    const { logger, contextLabel } = place.holder
    warn(logger, placeTakenBack(contextLabel, LET_GO_TIMEOUT), 'MAYFLY_CONNECTION_STUCK')
    place.end('unanswered')
    this.#free(place)
  }

  #reportLeft(isClosed: boolean): void {
    const left = Array.from(this.#places, ({ holder }) => holder)
    const labels = left.map(({ contextLabel }) => contextLabel)
    warn(
      left[0]?.logger,
      dialectLeft(isClosed ? undefined : CLOSE_TIMEOUT, labels),
      'MAYFLY_DIALECT_LEFT',
    )
  }

  /** A failed initialisation is tried again by the next request. */
  async #initialise(): Promise<void> {
    try {
      await (this.#initialising ??= Promise.resolve(this.driver.init()))
      this.#isInitialised = true
    } catch (error) {
      this.#initialising = undefined
      throw error
    }
  }

  async #drain(): Promise<void> {
    if (this.#isDrained()) return
    const drained = new Promise<void>(resolve => {
      this.#drained = resolve
    })
    await settledWithin(drained, this.acquireTimeout)
  }

  #isDrained(): boolean {
    for (const { isRetired } of this.#places) if (!isRetired) return false
    return true
  }

  #free(place: Place): void {
    this.#places.delete(place)
    this.#noticeDrained()
    this.#admit()
  }

  #noticeDrained(): void {
    if (this.#drained && this.#isDrained()) this.#drained()
  }
}

async function traced(message: ConnectionMessage, acquired: Promise<Hold>): Promise<Hold> {
  try {
    const hold = await acquired
    over(channels.connection, message, {})
    return hold
  } catch (error) {
    over(channels.connection, message, { error })
    throw error
  }
}
