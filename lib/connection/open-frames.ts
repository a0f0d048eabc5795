import type { Pin } from './held-connection.js'
import type { TransactionFrame, TransactionOutcome } from './transaction.js'

/**
 * Hears of the end of every transaction and savepoint, those inside before those around them, when the server has answered (or never will) and
 * before the connection goes back.
 */
export type SettleListener = (frame: TransactionFrame, outcome: TransactionOutcome) => void

interface OpenFrame {
  readonly frame: TransactionFrame
  readonly pin: Pin
}

/** The transactions of a session that are open, one inside the other, each with its pin. */
export class OpenFrames {
  /** From the outermost to the innermost. */
  readonly #open: OpenFrame[] = []
  readonly #listeners: SettleListener[] = []

  onSettle(listener: SettleListener): void {
    this.#listeners.push(listener)
  }

  get outermost(): TransactionFrame | undefined {
    return this.#open[0]?.frame
  }

  get innermost(): TransactionFrame | undefined {
    return this.#open.at(-1)?.frame
  }

  has(frame: TransactionFrame): boolean {
    return this.#open.some(open => open.frame === frame)
  }

  add(frame: TransactionFrame, pin: Pin): void {
    this.#open.push({ frame, pin })
  }

  /** From here on nothing is accepted for what is open. */
  close(how: string): void {
    for (const { frame } of this.#open) frame.close(how)
  }

  /** The same for all that are open: the server has nothing of the transaction any more. */
  async settleAll(outcome: TransactionOutcome, how: string, loss?: Error): Promise<void> {
    if (this.outermost) await this.settle(this.outermost, outcome, how, loss)
  }

  /** The one way in which transactions end: this one, and before it those that are open inside it. Synchronous, but for the connection's way back. */
  async settle(
    frame: TransactionFrame,
    outcome: TransactionOutcome,
    how: string,
    loss?: Error,
  ): Promise<void> {
    const index = this.#open.findIndex(open => open.frame === frame)
    if (index < 0) return
    const settled = this.#open.splice(index).toReversed()
    for (const open of settled) {
      open.frame.settle(outcome, how, loss)
      for (const listener of this.#listeners) listener(open.frame, outcome)
    }
    for (const { pin } of settled) await pin.end()
  }
}
