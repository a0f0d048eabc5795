import type { Chain, Link } from '../support/chain.js'
import type { Holder } from './holder.js'
import type { Waiter } from './waiter.js'

/** One of the places of a gate, from the moment when a connection is asked for until nothing of that connection is out any more. */
export class Place implements Link<Place> {
  chain: Chain<Place> | undefined
  previous: Place | undefined
  next: Place | undefined
  readonly holder: Holder
  /** For whom its connection is being opened. */
  #waiter: Waiter | undefined
  /** When the connection was there, in the time of `performance.now()`. */
  #since: number | undefined
  #isRetired = false

  constructor(waiter: Waiter) {
    this.holder = waiter.holder
    this.#waiter = waiter
  }

  get waiter(): Waiter | undefined {
    return this.#waiter
  }

  /** Since when a holder has the connection; `undefined` before that, and when it is retired. */
  get heldSince(): number | undefined {
    return this.#isRetired ? undefined : this.#since
  }

  /** Whether its connection is never used again, though it could not be closed. */
  get isRetired(): boolean {
    return this.#isRetired
  }

  arrived(): void {
    this.#waiter = undefined
    this.#since = performance.now()
  }

  retire(): void {
    this.#isRetired = true
  }
}
