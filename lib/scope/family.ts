import type { Logger } from '../diagnostics/logger.js'
import type { DroppedScopes } from './dropped-scopes.js'
import type { WorkInFlight } from './work-in-flight.js'

/** What a scope shares with all that it is within, and all within it. */
export interface Family {
  readonly logger: Logger | undefined
  readonly work: WorkInFlight
  /** How long the end of the whole waits for work in flight (ms). */
  readonly gracePeriod: number
  readonly dropped: DroppedScopes
}
