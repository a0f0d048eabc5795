import { calledOff, commandTimedOut, connectionCut, holdEnded } from '../errors.js'
import type { CallOff } from './call-off.js'
import type { MayflyConnection, StatementPhase } from './driver.js'
import type { Holder } from './holder.js'
import type { Place } from './place.js'
import type { WayBack } from './way-back.js'

type Send<R> = (connection: MayflyConnection) => Promise<R>

/** One holder's right to one connection. It ends once, by `release` or `destroy`, and gives out nothing after that (X6). */
export class Hold {
  readonly #way: WayBack
  readonly #place: Place
  #connection: MayflyConnection | undefined
  #reject: ((error: Error) => void) | undefined
  #timer: NodeJS.Timeout | undefined
  #running: Promise<unknown> | undefined
  #callOff: CallOff | undefined
  #phase: StatementPhase = 'statement'
  /** What the driver is doing, also when its caller does not wait for it any longer. */
  #sent: Promise<unknown> | undefined

  constructor(way: WayBack, place: Place, connection: MayflyConnection) {
    this.#way = way
    this.#place = place
    this.#connection = connection
  }

  get holder(): Holder {
    return this.#place.holder
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
   * released when the connection is destroyed, and after `timeout` ms (C10) or when it is called off, which destroys it (X4).
   */
  carry<R>(
    send: Send<R>,
    sql: string | undefined,
    timeout: number | undefined,
    callOff?: CallOff,
  ): Promise<R> {
    return this.#inTurn(send, sql, timeout, 'statement', callOff)
  }

  /** The same for what begins or ends a transaction. */
  command(
    send: Send<void>,
    phase: Exclude<StatementPhase, 'statement'>,
    timeout: number | undefined,
  ): Promise<void> {
    return this.#inTurn(send, phase, timeout, phase, undefined)
  }

  #inTurn<R>(
    send: Send<R>,
    sql: string | undefined,
    timeout: number | undefined,
    phase: StatementPhase,
    callOff: CallOff | undefined,
  ): Promise<R> {
    const running = this.#running
    if (!running) return this.#carry(send, sql, timeout, phase, callOff)
    const carry = () => this.#inTurn(send, sql, timeout, phase, callOff)
    return running.then(carry, carry)
  }

  #carry<R>(
    send: Send<R>,
    sql: string | undefined,
    timeout: number | undefined,
    phase: StatementPhase,
    callOff: CallOff | undefined,
  ): Promise<R> {
    this.#phase = phase
    const carried = new Promise<R>((resolve, reject) => {
      callOff?.assertWanted(this.holder.contextLabel)
      // Kysely takes a driver that gives no promise, too.
      const statement = Promise.resolve(send(this.connection))
      this.#sent = statement
      this.#reject = reject
      if (timeout)
        this.#timer = setTimeout(() => this.#expire(commandTimedOut(timeout, sql, phase)), timeout)
      if (callOff) this.#listen(callOff, sql)
      statement.then(
        result => this.#answered(resolve, result),
        (error: Error) => this.#answered(reject, error),
      )
    })
    // It is not set where nothing could be sent; then there is nothing to wait for.
    if (this.#reject) this.#running = carried
    return carried
  }

  /** Gives the connection back, made clean where it must be. Resolves when its place in the gate is free. */
  release(): Promise<void> {
    return this.#end(connection => this.#way.giveBack(this.#place, connection))
  }

  /** Closes the connection for good. Resolves when its place in the gate is free, or when that takes too long. */
  destroy(): Promise<void> {
    this.#cut(connectionCut(this.holder.contextLabel, this.#phase))
    return this.#end(connection => this.#way.discard(this.#place, connection, this.#sent))
  }

  #listen(callOff: CallOff, sql: string | undefined): void {
    this.#callOff = callOff
    callOff.runsUntil(() => this.#expire(calledOff(this.holder.contextLabel, callOff.signal, sql)))
  }

  #answered<T>(settle: (outcome: T) => void, outcome: T): void {
    this.#sent = undefined
    this.#settle(settle, outcome)
  }

  #settle<T>(settle: (outcome: T) => void, outcome: T): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#callOff?.runsUntil(undefined)
    this.#callOff = undefined
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
