import { Recent } from '../../lib/support/recent.js'
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

/**
 * The texts that a driver has seen lately: a text that comes back is worth preparing, one that
 * never does would only take a place among the server's prepared statements.
 */
export class StatementTexts extends Recent<StatementText> {
  constructor() {
    super(sql => ({
      placeholders: sql.split('?').length - 1,
      route: 'new',
      sessionEffect: sessionEffectOf(sql),
    }))
  }
}
