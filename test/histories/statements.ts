import { sql } from 'kysely'
import { isRefusal, isUncertain } from './ledger.js'
import { hasCompany, type Place } from './place.js'
import type { Witness } from './witness.js'

/** Sends the statements of a program, and writes down what must become of them. */
export class Statements {
  readonly #witness: Witness

  constructor(witness: Witness) {
    this.#witness = witness
  }

  read(place: Place): Promise<unknown> {
    return this.#inside(place, 'a read', () => place.used.db.rows.toList())
  }

  async insert(place: Place): Promise<void> {
    const { used, transactions, scope } = place
    const hasOutlived = () => transactions.some(({ ending }) => ending)
    const record = this.#witness.ledger.insert({
      transactions,
      floating: hasCompany(place) || hasOutlived(),
      after:
        used.ended || scope.ended
          ? 'its context'
          : transactions.some(({ style, outcome }) => style === 'work' && outcome !== 'open')
            ? 'its transaction'
            : undefined,
    })
    const { begun } = used
    try {
      await this.#inside(place, `the insert of ${record.key}`, () =>
        used.db.kysely.insertInto('rows').values({ key: record.key }).execute(),
      )
      record.outcome = 'done'
      if (transactions.some(({ style, outcome }) => style === 'work' && outcome === 'committed'))
        this.#witness.wrong.push(
          `the insert of ${record.key} was done after the commit of its transaction`,
        )
    } catch (error) {
      record.outcome = isUncertain(error) ? 'uncertain' : 'refused'
      throw error
    } finally {
      if (used.begun !== begun || hasOutlived()) record.floating = true
    }
  }

  /** A statement that its innermost transaction must not be committed without (T7). */
  async #inside<R>(place: Place, what: string, send: () => Promise<R>): Promise<R> {
    const { used, transactions } = place
    const innermost = transactions.at(-1)
    const { begun } = used
    const isIn = innermost && !innermost.returned && !hasCompany(place)
    try {
      return await send()
    } catch (error) {
      if (isIn && used.begun === begun && isRefusal(error)) innermost.lacks ??= what
      throw error
    }
  }

  /** Inside the work of a transaction it must be refused; elsewhere it would only be Mayfly's to undo. */
  async raw(text: string, { used, transactions }: Place): Promise<void> {
    const work = transactions.findLast(({ style }) => style === 'work')
    if (!work) return
    await sql.raw(text).execute(used.db.kysely)
    this.#witness.wrong.push(`${text} was accepted inside a transaction`)
  }
}
