import { aborted } from '../errors.js'

/**
 * How whoever asked for a statement calls it off. Until it is sent its signal does it; from then on a decision of his own, which closes the connection
 * under it, because a connection whose statement nobody waits for is good for nothing else.
 */
export class CallOff {
  readonly signal: AbortSignal
  #close: (() => void) | undefined

  constructor(signal: AbortSignal) {
    this.signal = signal
  }

  /** @throws AbortedError */
  assertWanted(context: string): void {
    if (this.signal.aborted) throw aborted(context, this.signal)
  }

  /** @param close closes the connection; `undefined` when the statement was answered */
  runsUntil(close: (() => void) | undefined): void {
    this.#close = close
  }

  /** Closes the connection of the statement, if it runs. */
  cut(): void {
    this.#close?.()
  }
}
