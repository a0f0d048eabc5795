import type { MayflyConnection, MayflyDriver } from './driver.js'
import {
  aborted,
  commandTimedOut,
  connectionCut,
  connectionTimeout,
  gateClosed,
  holdEnded,
  type GateReport,
} from '../errors.js'
import { Chain, type Link } from '../support/chain.js'
import { begun, channels, over, type ConnectionMessage } from '../diagnostics/channels.js'
import { settledWithin } from '../support/settled-within.js'
import { translateError } from './translate-error.js'

/** The limits of one dialect's connections. */
export interface GateOptions {
  /** How many connections may be out at the same time (connections). Default: what the dialect can hold. */
  readonly maxConnections?: number
  /** How long an operation waits for a connection (ms). Default 10,000. */
  readonly acquireTimeout?: number
}

/** What a gate is doing right now. */
export interface GateCounts {
  /** Connections. */
  readonly limit: number
  readonly inUse: number
  /** Requests in the queue. */
  readonly waiting: number
  /** Who has had a connection for the longest time; ages in ms. */
  readonly oldestHolder: GateReport['holders'][number] | undefined
}

/** Who takes a connection, in words: a gate knows labels, never contexts. */
export interface Holder {
  readonly contextLabel: string
  readonly scopeLabel: string | undefined
  /** Whose share of the connections it uses (X3): the same object for all holders of one scope. Only compared, never looked into. */
  readonly scope: object
  /** Whether it keeps its connection for a transaction that does nothing right now. */
  readonly idlesInTransaction: boolean
  /** What the holder is doing with its connection right now, for people. */
  activity(): string
  /** The line of user code that asked for the connection; `undefined` in production. */
  line(): string | undefined
}

type Send<R> = (connection: MayflyConnection) => Promise<R>

/** One holder's right to one connection. It ends once, by `release` or `destroy`, and gives out nothing after that (X6). */
export class Hold implements Link<Hold> {
  chain: Chain<Hold> | undefined
  previous: Hold | undefined
  next: Hold | undefined
  readonly holder: Holder
  readonly since = performance.now()
  readonly #gate: Gate
  #connection: MayflyConnection | undefined
  #reject: ((error: Error) => void) | undefined
  #timer: NodeJS.Timeout | undefined
  #running: Promise<unknown> | undefined

  constructor(gate: Gate, connection: MayflyConnection, holder: Holder) {
    this.#gate = gate
    this.#connection = connection
    this.holder = holder
  }

  get connection(): MayflyConnection {
    if (!this.#connection) throw holdEnded(this.holder.contextLabel)
    return this.#connection
  }

  get ended(): boolean {
    return this.#connection === undefined
  }

  /**
   * Sends a statement, after the one that runs, and waits for it, but no longer than the hold lasts: whatever the driver does, the caller is
   * released when the connection is destroyed, and after `timeout` ms (C10), which destroys it (X4).
   */
  carry<R>(send: Send<R>, sql: string | undefined, timeout: number | undefined): Promise<R> {
    const running = this.#running
    if (!running) return this.#carry(send, sql, timeout)
    const carry = () => this.carry(send, sql, timeout)
    return running.then(carry, carry)
  }

  #carry<R>(send: Send<R>, sql: string | undefined, timeout: number | undefined): Promise<R> {
    const carried = new Promise<R>((resolve, reject) => {
      // Kysely takes a driver that gives no promise, too.
      const statement = Promise.resolve(send(this.connection))
      this.#reject = reject
      if (timeout)
        this.#timer = setTimeout(() => this.#expire(commandTimedOut(timeout, sql)), timeout)
      statement.then(
        result => this.#settle(resolve, result),
        (error: Error) => this.#settle(reject, error),
      )
    })
    // It is not set where nothing could be sent; then there is nothing to wait for.
    if (this.#reject) this.#running = carried
    return carried
  }

  /** Gives the connection back, made clean where it must be. Resolves when its place in the gate is free. */
  release(): Promise<void> {
    return this.#end(connection => this.#gate.giveBack(this, connection))
  }

  /** Closes the connection for good. Resolves when its place in the gate is free, or is known to stay taken. */
  destroy(): Promise<void> {
    this.#cut(connectionCut(this.holder.contextLabel))
    return this.#end(connection => this.#gate.discard(this, connection))
  }

  #settle<T>(settle: (outcome: T) => void, outcome: T): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = undefined
    this.#reject = undefined
    this.#running = undefined
    settle(outcome)
  }

  #expire(error: Error): void {
    this.#cut(error)
    void this.destroy()
  }

  /** The caller does not wait any longer for the statement that runs. */
  #cut(error: Error): void {
    if (this.#reject) this.#settle(this.#reject, error)
  }

  #end(how: (connection: MayflyConnection) => Promise<void>): Promise<void> {
    const connection = this.#connection
    if (!connection) return Promise.resolve()
    this.#connection = undefined
    return how(connection)
  }
}

/** A request for a connection that was not answered yet: in the queue, or while a connection is being opened for it. */
class Waiter implements Link<Waiter> {
  chain: Chain<Waiter> | undefined
  previous: Waiter | undefined
  next: Waiter | undefined
  readonly holder: Holder
  /** When it has waited for long enough, in the time of `performance.now()`. */
  readonly deadline: number
  readonly #resolve: (hold: Hold) => void
  readonly #reject: (error: Error) => void
  #stopListening: (() => void) | undefined
  #left = false

  constructor(
    holder: Holder,
    deadline: number,
    resolve: (hold: Hold) => void,
    reject: (error: Error) => void,
  ) {
    this.holder = holder
    this.deadline = deadline
    this.#resolve = resolve
    this.#reject = reject
  }

  /** Whether it went without a connection. One that still arrives for it is not wanted any more. */
  get left(): boolean {
    return this.#left
  }

  listenTo(signal: AbortSignal, onAbort: () => void): void {
    signal.addEventListener('abort', onAbort, { once: true })
    this.#stopListening = () => signal.removeEventListener('abort', onAbort)
  }

  get(hold: Hold): void {
    this.#stopListening?.()
    this.#resolve(hold)
  }

  leave(error: Error): void {
    this.#left = true
    this.#stopListening?.()
    this.#reject(error)
  }
}

/** The queue in front of one dialect's connections: limit, deadline, who holds what (X2), and whose turn it is (X3). */
export class Gate {
  readonly limit: number
  readonly acquireTimeout: number
  readonly #driver: MayflyDriver
  readonly #holds = new Chain<Hold>()
  /** Those whose turn has not come, in the order of their arrival. */
  readonly #queue = new Chain<Waiter>()
  /** Those for whom a connection is being opened. */
  readonly #opening = new Chain<Waiter>()
  /** One for all who wait, because a timer for each costs every request. It may be left over when nobody does; then it keeps nothing alive. */
  #timer: NodeJS.Timeout | undefined
  /** What has made the timer: tests may put another clock in its place while a timer is left over. */
  #clock: typeof setTimeout | undefined
  #taken = 0
  #retired = 0
  #closed = false
  #drained: (() => void) | undefined
  #initialising: Promise<void> | undefined
  #isInitialised = false

  constructor(driver: MayflyDriver, limit: number, acquireTimeout: number) {
    this.#driver = driver
    this.limit = limit
    this.acquireTimeout = acquireTimeout
  }

  /** Connections that are out, being opened, being given back, or retired. */
  get inUse(): number {
    return this.#taken
  }

  get counts(): GateCounts {
    const oldest = this.#holds.first
    const oldestHolder = oldest && describe(oldest)
    return { limit: this.limit, inUse: this.#taken, waiting: this.#queue.size, oldestHolder }
  }

  /** Requests that wait in the queue. */
  get waiting(): number {
    return this.#queue.size
  }

  /**
   * Takes a connection.
   * @throws ConnectionTimeoutError after `acquireTimeout` ms, with everybody who holds a connection.
   * @throws AbortedError when `signal` aborts first. Whoever leaves gives a connection that still arrives back.
   * @throws DatabaseError when the database cannot be reached.
   */
  acquire(holder: Holder, signal?: AbortSignal): Promise<Hold> {
    const message = begun(channels.connection, () => ({
      context: holder.contextLabel,
      scope: holder.scopeLabel,
      inUse: this.#taken,
      waiting: this.#queue.size,
    }))
    const acquired = this.#acquire(holder, signal)
    return message ? traced(message, acquired) : acquired
  }

  #acquire(holder: Holder, signal: AbortSignal | undefined): Promise<Hold> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(gateClosed(holder.contextLabel))
      if (signal?.aborted) return reject(aborted(holder.contextLabel, signal))
      const deadline = performance.now() + this.acquireTimeout
      const waiter = new Waiter(holder, deadline, resolve, reject)
      if (signal) {
        waiter.listenTo(signal, () => {
          this.#forget(waiter)
          waiter.leave(aborted(holder.contextLabel, signal))
        })
      }
      this.#queue.add(waiter)
      if (this.#queue.size + this.#opening.size === 1) this.#keepTime()
      this.#admit()
    })
  }

  /**
   * Closes the driver: refuses new requests and those that wait, and waits (at most `acquireTimeout` ms) for
   * connections that are out to come back.
   */
  async close(): Promise<void> {
    this.#closed = true
    this.#turnAway(this.#queue)
    await this.#drain()
    this.#turnAway(this.#opening)
    clearTimeout(this.#timer)
    // A driver that was never initialised has nothing to destroy, and Kysely's own ones fail when asked to.
    if (this.#initialising) await this.#driver.destroy()
  }

  /** @internal For {@link Hold.release}. */
  async giveBack(hold: Hold, connection: MayflyConnection): Promise<void> {
    try {
      if (isDirty(connection)) {
        if (!this.#driver.resetConnection) return await this.discard(hold, connection)
        await this.#driver.resetConnection(connection)
      }
      await this.#driver.releaseConnection(connection)
    } catch {
      return this.discard(hold, connection)
    }
    this.#free(hold)
  }

  /** @internal For {@link Hold.destroy}: a driver that cannot destroy never sees the connection again (X4). */
  async discard(hold: Hold, connection: MayflyConnection): Promise<void> {
    if (!this.#driver.destroyConnection) {
      this.#holds.delete(hold)
      this.#retired++
      this.#noticeDrained()
      return
    }
    try {
      await this.#driver.destroyConnection(connection)
    } catch {
      // Whatever a driver says while it closes a connection, the connection is not used again.
    }
    this.#free(hold)
  }

  #admit(): void {
    while (this.#taken < this.limit && this.#queue.size > 0) {
      const waiter = this.#nextInLine()
      this.#queue.delete(waiter)
      this.#opening.add(waiter)
      this.#taken++
      void this.#open(waiter)
    }
  }

  /** First come, first served among the scopes that have least: one request's `parallel` cannot starve the others (X3). */
  #nextInLine(): Waiter {
    let next = this.#queue.first!
    if (this.#queue.size === 1 || !this.#hasShare(next.holder.scope)) return next
    const shares = this.#shares()
    let least = Infinity
    for (let waiter: Waiter | undefined = next; waiter && least > 0; waiter = waiter.next) {
      const share = shares.get(waiter.holder.scope) ?? 0
      if (share >= least) continue
      next = waiter
      least = share
    }
    return next
  }

  #hasShare(scope: object): boolean {
    for (let hold = this.#holds.first; hold; hold = hold.next)
      if (hold.holder.scope === scope) return true
    for (let waiter = this.#opening.first; waiter; waiter = waiter.next)
      if (waiter.holder.scope === scope) return true
    return false
  }

  /** Connections that scopes have, or that are being opened for them. */
  #shares(): Map<object, number> {
    const shares = new Map<object, number>()
    const count = ({ scope }: Holder) => shares.set(scope, (shares.get(scope) ?? 0) + 1)
    for (let hold = this.#holds.first; hold; hold = hold.next) count(hold.holder)
    for (let waiter = this.#opening.first; waiter; waiter = waiter.next) count(waiter.holder)
    return shares
  }

  async #open(waiter: Waiter): Promise<void> {
    let connection: MayflyConnection
    try {
      if (!this.#isInitialised) await this.#initialise()
      connection = await this.#driver.acquireConnection()
    } catch (error) {
      this.#forget(waiter)
      this.#freeSlot()
      if (!waiter.left) waiter.leave(translateError(this.#driver, error, undefined))
      return
    }
    this.#forget(waiter)
    const hold = new Hold(this, connection, waiter.holder)
    this.#holds.add(hold)
    if (waiter.left) await hold.release()
    else waiter.get(hold)
  }

  /** Whoever is forgotten is answered in the same breath. */
  #forget(waiter: Waiter): void {
    waiter.chain?.delete(waiter)
    if (this.#queue.size + this.#opening.size === 0) this.#timer?.unref()
  }

  #turnAway(waiters: Iterable<Waiter>): void {
    for (const waiter of waiters) {
      this.#forget(waiter)
      waiter.leave(gateClosed(waiter.holder.contextLabel))
    }
  }

  #keepTime(): void {
    if (this.#timer && this.#clock === setTimeout) this.#timer.ref()
    else this.#setTimer(this.acquireTimeout)
  }

  #setTimer(time: number): void {
    this.#clock = setTimeout
    this.#timer = setTimeout(this.#onDeadline, time)
  }

  readonly #onDeadline = (): void => {
    this.#timer = undefined
    const now = performance.now()
    let next = Infinity
    for (const waiter of [...this.#opening, ...this.#queue]) {
      const left = waiter.deadline - now
      // Timers count whole milliseconds.
      if (left >= 1) {
        next = Math.min(next, left)
        continue
      }
      this.#forget(waiter)
      waiter.leave(connectionTimeout(this.#report(waiter.holder)))
    }
    if (next < Infinity) this.#setTimer(next)
  }

  /** A failed initialisation is tried again by the next request. */
  async #initialise(): Promise<void> {
    try {
      await (this.#initialising ??= Promise.resolve(this.#driver.init()))
      this.#isInitialised = true
    } catch (error) {
      this.#initialising = undefined
      throw error
    }
  }

  async #drain(): Promise<void> {
    if (this.#taken === this.#retired) return
    const drained = new Promise<void>(resolve => {
      this.#drained = resolve
    })
    await settledWithin(drained, this.acquireTimeout)
  }

  #free(hold: Hold): void {
    this.#holds.delete(hold)
    this.#freeSlot()
  }

  #freeSlot(): void {
    this.#taken--
    this.#noticeDrained()
    this.#admit()
  }

  #noticeDrained(): void {
    if (this.#taken === this.#retired) this.#drained?.()
  }

  #report(holder: Holder): GateReport {
    const waitingScopes = new Set([
      holder.scope,
      ...Array.from(this.#queue, waiter => waiter.holder.scope),
    ])
    const holds = [...this.#holds]
    return {
      waiter: holder.contextLabel,
      timeout: this.acquireTimeout,
      limit: this.limit,
      inUse: this.#taken,
      waiting: this.#queue.size,
      retired: this.#retired,
      opening: this.#taken - this.#holds.size - this.#retired,
      isSelfDeadlock:
        holds.length === this.limit &&
        holds.every(held => held.holder.idlesInTransaction && waitingScopes.has(held.holder.scope)),
      holders: holds.map(describe),
    }
  }
}

/** Whether the next user of the connection would meet what this one has left on it (X4). */
function isDirty({ transactionState = 'none', hasChangedSession }: MayflyConnection): boolean {
  return transactionState !== 'none' || hasChangedSession === true
}

function describe({ holder, since }: Hold): GateReport['holders'][number] {
  return {
    context: holder.contextLabel,
    scope: holder.scopeLabel,
    activity: holder.activity(),
    age: performance.now() - since,
    line: holder.line(),
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
