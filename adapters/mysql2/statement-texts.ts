import { sessionEffectOf, type SessionEffect } from './telling-words.js'

/** What a driver remembers of one statement's text. */
export interface StatementText {
  /** How many `?` the text has: its placeholders, and those inside of literals and comments. */
  readonly placeholders: number
  /** `new` goes as text until an answer tells whether it may be prepared; `text` never may. */
  route: 'new' | 'prepared' | 'text'
  /** What it may leave in its session, as far as its words tell. */
  readonly sessionEffect: SessionEffect
}

const GENERATION = 1000
const LONGEST = 8192

/**
 * The texts that a driver has seen lately: a text that comes back is worth preparing, one that
 * never does would only take a place among the server's prepared statements. Holds at most 2,000
 * texts of 8,192 characters; a longer one is new each time.
 */
export class StatementTexts {
  #young = new Map<string, StatementText>()
  #old = new Map<string, StatementText>()

  /** The text's entry, a new one if it was not seen lately. */
  get(sql: string): StatementText {
    const young = this.#young.get(sql)
    if (young !== undefined) return young
    const text = this.#old.get(sql) ?? judged(sql)
    if (sql.length <= LONGEST) this.#keep(sql, text)
    return text
  }

  /** Two generations are a bounded cache of the recent ones without the cost of an exact order. */
  #keep(sql: string, text: StatementText): void {
    if (this.#young.size >= GENERATION) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(sql, text)
  }
}

function judged(sql: string): StatementText {
  return {
    placeholders: sql.split('?').length - 1,
    route: 'new',
    sessionEffect: sessionEffectOf(sql),
  }
}
