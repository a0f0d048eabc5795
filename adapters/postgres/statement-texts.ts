import { Recent } from '../../lib/support/recent.js'
import { postgresTextRefused } from './errors.js'
import { sessionEffectOf, type SessionEffect } from './telling-words.js'

/** What a driver remembers of one statement's text. */
export interface StatementText {
  /** What it may leave in its session, as far as its words tell. */
  readonly sessionEffect: SessionEffect
  /** Whether the server may forget what is prepared, as far as its words tell. */
  readonly dropsPrepared: boolean
  /** What the server may know it as. */
  readonly name: string
}

/** Of all drivers: several may share a pool, and its server's names. */
let count = 0

const DROPPING = /\b(?:discard\s+all|deallocate)\b/i

/** The texts that a driver has seen lately. */
export class StatementTexts extends Recent<StatementText> {
  constructor() {
    super(sql => {
      if (sql.includes('\0')) throw postgresTextRefused()
      return {
        sessionEffect: sessionEffectOf(sql),
        dropsPrepared: DROPPING.test(sql),
        name: `mayfly_${++count}`,
      }
    })
  }
}
