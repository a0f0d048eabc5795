import type { Chain, Link } from '../support/chain.js'
import type { Hold } from './hold.js'
import type { Holder } from './holder.js'

/** A request for a connection that was not answered yet: in line, or while a connection is being opened for it. */
export class Waiter implements Link<Waiter> {
  chain: Chain<Waiter> | undefined
  previous: Waiter | undefined
  next: Waiter | undefined
  readonly holder: Holder
  readonly signal: AbortSignal | undefined
  /** When it has waited for long enough, in the time of `performance.now()`. */
  readonly deadline: number
  readonly #resolve: (hold: Hold) => void
  readonly #reject: (error: Error) => void
  #stopListening: (() => void) | undefined
  #left = false

  constructor(
    holder: Holder,
    signal: AbortSignal | undefined,
    deadline: number,
    resolve: (hold: Hold) => void,
    reject: (error: Error) => void,
  ) {
    this.holder = holder
    this.signal = signal
    this.deadline = deadline
    this.#resolve = resolve
    this.#reject = reject
  }

  /** Whether it went without a connection. One that still arrives for it is not wanted any more. */
  get left(): boolean {
    return this.#left
  }

  /** Listens to its signal until it is answered. */
  onAbort(listener: () => void): void {
    const { signal } = this
    signal?.addEventListener('abort', listener, { once: true })
    this.#stopListening = () => signal?.removeEventListener('abort', listener)
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
