import { channels, over } from '../diagnostics/channels.js'
import type { HoldMessage, HoldOutcome } from '../diagnostics/messages.js'
import { holdBegins } from '../diagnostics/observe.js'
import type { Chain, Link } from '../support/chain.js'
import type { Holder } from './holder.js'
import type { Waiter } from './waiter.js'

/** How long a place waits for a driver that does not answer, once nobody else does (ms). */
export const LET_GO_TIMEOUT = 30_000

/** One of the places of a gate, from the moment when a connection is asked for until nothing of that connection is out any more. */
export class Place implements Link<Place> {
  chain: Chain<Place> | undefined
  previous: Place | undefined
  next: Place | undefined
  readonly holder: Holder
  #waiter: Waiter | undefined
  /** When the connection was there, in the time of `performance.now()`. */
  #since: number | undefined
  /** When its holder let go of it. */
  #leftAt: number | undefined
  #isRetired = false
  #message: HoldMessage | undefined

  constructor(waiter: Waiter) {
    this.holder = waiter.holder
    this.#waiter = waiter
  }

  /** For whom its connection is being opened. */
  get waiter(): Waiter | undefined {
    return this.#waiter
  }

  /** Since when a holder has the connection; `undefined` before that, and when it is retired. */
  get heldSince(): number | undefined {
    return this.#isRetired ? undefined : this.#since
  }

  /** Whether its connection is given to nobody any more, though it could not be closed. */
  get isRetired(): boolean {
    return this.#isRetired
  }

  /** When it is taken back, whatever its driver does, in the time of `performance.now()`. */
  get dueAt(): number {
    const left = this.#leftAt ?? this.#waiter?.deadline
    return left === undefined ? Infinity : left + LET_GO_TIMEOUT
  }

  arrived(): void {
    this.#waiter = undefined
    this.#since = performance.now()
  }

  /** Its holder gets the connection. */
  handOut(): void {
    this.#message = holdBegins(this.holder)
  }

  /** The connection is back, or will never be. The first outcome counts. */
  end(outcome: HoldOutcome): void {
    const message = this.#message
    this.#message = undefined
    if (message) over(channels.hold, message, { outcome })
  }

  /** Its holder is done with it. */
  leave(): void {
    this.#leftAt ??= performance.now()
  }

  retire(): void {
    this.#isRetired = true
  }
}
