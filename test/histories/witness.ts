import { getEventListeners } from 'node:events'
import { ConnectionTimeoutError } from 'mayfly'
import { isKnown, Ledger, WorkFailed, type TransactionRecord } from './ledger.js'
import type { Used } from './place.js'

/** What was seen while a program ran: what the callers were told, and what is wrong with it. */
export class Witness {
  readonly ledger = new Ledger()
  readonly wrong: string[] = []
  /** Signals that nobody may listen to in the end. */
  readonly signals = new Set<AbortSignal>()
  readonly #strays: Promise<unknown>[] = []
  readonly #errors = new Set<unknown>()

  /** What the steps threw, but for the errors of work that fails. */
  get refusals(): unknown[] {
    return [...this.#errors].filter(error => !(error instanceof WorkFailed))
  }

  /** A step failed. */
  failed(error: unknown): void {
    this.#errors.add(error)
    if (error instanceof ConnectionTimeoutError && waitedInVain(error))
      this.wrong.push(`somebody waited while a connection was free: ${error.message}`)
    if (!isKnown(error)) this.wrong.push(`a step failed with ${String(error)}`)
  }

  /** The end of a transaction failed, and nobody throws it. */
  refused(error: unknown): void {
    this.#errors.add(error)
  }

  /** Nobody waits for it, but the end of the program. */
  stray(work: Promise<unknown>): void {
    this.#strays.push(work.catch(() => {}))
  }

  async whenStraysHaveEnded(): Promise<void> {
    // What a stray starts may be a stray again.
    for (const stray of this.#strays) await stray
  }

  /** A transaction is about to begin. */
  begun(used: Used, style: TransactionRecord['style']): TransactionRecord {
    used.begun++
    used.open++
    return this.ledger.transaction(style)
  }

  /** What is wrong, given the rows that are in the database. */
  check(rows: ReadonlySet<unknown>): string[] {
    const wrong = [...this.wrong]
    for (const signal of this.signals) {
      const left = getEventListeners(signal, 'abort').length
      if (left > 0) wrong.push(`${left} listeners are left on a signal`)
    }
    return [...wrong, ...this.ledger.check(rows)]
  }
}

/** Connections that are opening may be for the one that waits, so they tell nothing. */
function waitedInVain({ message }: ConnectionTimeoutError): boolean {
  const [, inUse, limit] = /: (\d+) of (\d+) in use/.exec(message)!
  return inUse !== limit && !message.includes('still opening')
}
