import type { DbTransaction } from 'mayfly'
import { EndOfExplicit } from './explicit-end.js'
import { outcomeOf, WorkFailed, type TransactionRecord } from './ledger.js'
import type { Place } from './place.js'
import type { ExplicitEnd, Step } from './program.js'
import type { Witness } from './witness.js'

/** Runs the transactions of a program, and writes down what became of them. */
export class Transactions {
  readonly #witness: Witness
  readonly #steps: (steps: readonly Step[], place: Place) => Promise<void>

  /** @param steps runs steps inside a transaction */
  constructor(witness: Witness, steps: (steps: readonly Step[], place: Place) => Promise<void>) {
    this.#witness = witness
    this.#steps = steps
  }

  async work(step: Step & { do: 'transaction' }, place: Place): Promise<void> {
    const record = this.#witness.begun(place.used, 'work')
    try {
      await place.used.db.transaction(async () => {
        try {
          await this.#steps(step.steps, { ...place, transactions: [...place.transactions, record] })
        } finally {
          record.returned = true
        }
        if (step.fails) throw new WorkFailed()
      })
      record.outcome = 'committed'
    } catch (error) {
      record.outcome = outcomeOf(error)
      throw error
    } finally {
      place.used.open--
    }
  }

  async explicit(step: Step & { do: 'explicit' }, place: Place): Promise<void> {
    const record = this.#witness.begun(place.used, 'explicit')
    try {
      const transaction = await place.used.db.beginTransaction()
      await this.#steps(step.steps, { ...place, transactions: [...place.transactions, record] })
      record.returned = record.ending = true
      if (step.end === 'forget') {
        const around = place.transactions.at(-1)
        if (around && !around.returned) around.keepsOneOpen = true
        return
      }
      const ended = this.#endExplicit(step.end, transaction, record).finally(() => {
        if (record.outcome !== 'uncertain') place.used.open--
      })
      if (step.end !== 'not awaited') return await ended
      this.#witness.stray(ended)
    } catch (error) {
      record.returned = record.ending = true
      // One that was forgotten stays open until its context ends, and whoever runs beside it is part of it.
      if (record.outcome === 'open') record.outcome = 'uncertain'
      throw error
    }
  }

  async #endExplicit(
    end: Exclude<ExplicitEnd, 'forget'>,
    transaction: DbTransaction,
    record: TransactionRecord,
  ): Promise<void> {
    const ending = new EndOfExplicit(transaction)
    try {
      await ending.end(end, record)
    } finally {
      this.#witness.wrong.push(...ending.wrong)
      for (const error of ending.errors) this.#witness.refused(error)
    }
  }
}
