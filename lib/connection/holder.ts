import type { Logger } from '../diagnostics/logger.js'
import type { Origin, Wanted } from '../diagnostics/observe.js'

/** Who takes a connection, in words: a gate knows labels, never contexts. */
export interface Holder {
  readonly contextLabel: string
  /** What it does with the connection, where that is one thing only. */
  readonly operation: Wanted | undefined
  /** Who it is, for the messages of channels. */
  origin(): Origin
  readonly scopeLabel: string | undefined
  /** Whose share of the connections it uses (X3): the same object for all holders of one scope. Only compared, never looked into. */
  readonly scope: object
  /** Whether it keeps its connection for a transaction that does nothing right now. */
  readonly idlesInTransaction: boolean
  /** Where it is told what became of a connection that it does not wait for any more. */
  readonly logger?: Logger | undefined
  /** What the holder is doing with its connection right now, for people. */
  activity(): string
  /** The line of user code that asked for the connection; `undefined` in production. */
  line(): string | undefined
}
