import { Recent } from '../../lib/support/recent.js'
import { postgresTextRefused } from './errors.js'
import { sessionEffectOf, type SessionEffect } from './telling-words.js'

/** What a driver remembers of one statement's text. */
export interface StatementText {
  /** What it may leave in its session, as far as its words tell. */
  readonly sessionEffect: SessionEffect
  /** What the server may know it as. */
  readonly name: string
}

/** Of all drivers: several may share a pool, and its server's names. */
let count = 0

/** The texts that a driver has seen lately. */
export class StatementTexts extends Recent<StatementText> {
  constructor() {
    super(sql => {
      if (sql.includes('\0')) throw postgresTextRefused()
      return { sessionEffect: sessionEffectOf(sql), name: `mayfly_${++count}` }
    })
  }
}
