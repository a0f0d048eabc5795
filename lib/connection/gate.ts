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
import { begun, channels, over, type ConnectionMessage } from '../diagnostics/channels.js'
import { settledWithin } from './settled-within.js'
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
export class Hold {
  readonly holder: Holder
  readonly since = performance.now()
  readonly #gate: Gate
  #connection: MayflyConnection | undefined
  #cut: ((error: Error) => void) | undefined
  #running: Promise<void> | undefined

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
    return running
      ? running.then(() => this.carry(send, sql, timeout))
      : this.#carry(send, sql, timeout)
  }

  #carry<R>(send: Send<R>, sql: string | undefined, timeout: number | undefined): Promise<R> {
    const carried = new Promise<R>((resolve, reject) => {
      const statement = send(this.connection)
      this.#cut = reject
      if (timeout === undefined) {
        statement.then(resolve, reject)
        return
      }
      const timer = setTimeout(() => this.#cutShort(commandTimedOut(timeout, sql)), timeout)
      statement.then(resolve, reject).finally(() => clearTimeout(timer))
    })
    this.#running = carried.then(this.#settled, this.#settled)
    return carried
  }

  /** Gives the connection back, made clean where it must be. Resolves when its place in the gate is free. */
  release(): Promise<void> {
    return this.#end(connection => this.#gate.giveBack(this, connection))
  }

  /** Closes the connection for good. Resolves when its place in the gate is free, or is known to stay taken. */
  destroy(): Promise<void> {
    this.#cut?.(connectionCut(this.holder.contextLabel))
    return this.#end(connection => this.#gate.discard(this, connection))
  }

  readonly #settled = (): void => {
    this.#cut = undefined
    this.#running = undefined
  }

  #cutShort(error: Error): void {
    this.#cut?.(error)
    void this.destroy()
  }

  #end(how: (connection: MayflyConnection) => Promise<void>): Promise<void> {
    const connection = this.#connection
    if (!connection) return Promise.resolve()
    this.#connection = undefined
    return how(connection)
  }
}

/** A request for a connection that was not answered yet: in the queue, or while a connection is being opened for it. */
interface Waiter {
  readonly holder: Holder
  left: boolean
  settle(outcome: Hold | Error): void
}

/** The queue in front of one dialect's connections: limit, deadline, who holds what (X2), and whose turn it is (X3). */
export class Gate {
  readonly limit: number
  readonly acquireTimeout: number
  readonly #driver: MayflyDriver
  readonly #holds = new Set<Hold>()
  readonly #queue = new Set<Waiter>()
  /** Connections that a scope has, or that are being opened for it. */
  readonly #shares = new Map<object, number>()
  #taken = 0
  #retired = 0
  #closed = false
  #drained: (() => void) | undefined
  #initialised: Promise<void> | undefined

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
    const [oldest] = this.#holds
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
      const leave = (error: Error) => {
        waiter.left = true
        this.#queue.delete(waiter)
        waiter.settle(error)
      }
      const onAbort = () => leave(aborted(holder.contextLabel, signal!))
      const timer = setTimeout(() => {
        this.#queue.delete(waiter)
        leave(connectionTimeout(this.#report(holder)))
      }, this.acquireTimeout)
      const waiter: Waiter = {
        holder,
        left: false,
        settle(outcome) {
          clearTimeout(timer)
          signal?.removeEventListener('abort', onAbort)
          if (outcome instanceof Hold) resolve(outcome)
          else reject(outcome)
        },
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#queue.add(waiter)
      this.#admit()
    })
  }

  /**
   * Closes the driver: refuses new requests and those that wait, and waits (at most `acquireTimeout` ms) for
   * connections that are out to come back.
   */
  async close(): Promise<void> {
    this.#closed = true
    for (const waiter of this.#queue) {
      waiter.left = true
      waiter.settle(gateClosed(waiter.holder.contextLabel))
    }
    this.#queue.clear()
    await this.#drain()
    // A driver that was never initialised has nothing to destroy, and Kysely's own ones fail when asked to.
    if (this.#initialised) await this.#driver.destroy()
  }

  /** @internal For {@link Hold.release}. */
  async giveBack(hold: Hold, connection: MayflyConnection): Promise<void> {
    try {
      if (connection.inTransaction) {
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
      this.#freeShare(hold.holder)
      this.#retired++
      this.#noticeDrained()
      return
    }
    // Whatever a driver says while it closes a connection, the connection is not used again.
    await this.#driver.destroyConnection(connection).catch(() => {})
    this.#free(hold)
  }

  #admit(): void {
    while (this.#taken < this.limit && this.#queue.size > 0) {
      const waiter = this.#nextInLine()
      this.#queue.delete(waiter)
      this.#taken++
      this.#shares.set(waiter.holder.scope, this.#shareOf(waiter.holder) + 1)
      void this.#open(waiter)
    }
  }

  /** First come, first served among the scopes that have least: one request's `parallel` cannot starve the others (X3). */
  #nextInLine(): Waiter {
    let next: Waiter | undefined
    let least = Infinity
    for (const waiter of this.#queue) {
      const share = this.#shareOf(waiter.holder)
      if (share >= least) continue
      next = waiter
      least = share
      if (share === 0) break
    }
    return next!
  }

  #shareOf({ scope }: Holder): number {
    return this.#shares.get(scope) ?? 0
  }

  #freeShare({ scope }: Holder): void {
    const share = this.#shares.get(scope)! - 1
    if (share > 0) this.#shares.set(scope, share)
    else this.#shares.delete(scope)
  }

  async #open(waiter: Waiter): Promise<void> {
    let connection: MayflyConnection
    try {
      await (this.#initialised ??= this.#initialise())
      connection = await this.#driver.acquireConnection()
    } catch (error) {
      this.#freeShare(waiter.holder)
      this.#freeSlot()
      if (!waiter.left) waiter.settle(translateError(this.#driver, error, undefined))
      return
    }
    const hold = new Hold(this, connection, waiter.holder)
    this.#holds.add(hold)
    if (waiter.left) await hold.release()
    else waiter.settle(hold)
  }

  /** A failed initialisation is tried again by the next request. */
  async #initialise(): Promise<void> {
    try {
      await this.#driver.init()
    } catch (error) {
      this.#initialised = undefined
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
    this.#freeShare(hold.holder)
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
