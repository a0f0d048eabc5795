import { Recent } from '../../lib/support/recent.js'
import { partsOf } from './placeholders.js'
import { sessionEffectOf, type SessionEffect } from './telling-words.js'

/** What a driver remembers of one statement's text. */
export interface StatementText {
  /** The text around its placeholders; `undefined` where only the server can tell which these are. */
  readonly parts: readonly string[] | undefined
  /** How many `?` there are: no fewer than placeholders. */
  readonly questions: number
  /** What it may leave in its session, as far as its words tell. */
  readonly sessionEffect: SessionEffect
  /** The server has refused to prepare it, and always will. */
  neverPrepared: boolean
}

/** The texts that a driver has seen lately. What it does with a text does not depend on whether it is among them. */
export class StatementTexts extends Recent<StatementText> {
  constructor() {
    super(sql => {
      const parts = partsOf(sql)
      return {
        parts,
        questions: parts ? parts.length - 1 : sql.split('?').length - 1,
        sessionEffect: sessionEffectOf(sql),
        neverPrepared: false,
      }
    })
  }
}
