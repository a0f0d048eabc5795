import type { LeaseOwner } from '../context/leased.js'
import type { Logger } from '../diagnostics/logger.js'
import type { Creation } from '../scope/disposal.js'

/** What a lease asks of the unit of work that it is for. */
export interface LeaseScope {
  /** What it is in messages. */
  readonly label: string
  /** Its number; `undefined` for the whole that units of work are in. */
  readonly unitId: number | undefined
  /** The number of that whole. */
  readonly containerId: number
  /** Whose share of the connections its contexts use; not the scope, which nothing of a lease may hold. */
  readonly shareKey: object
  readonly logger: Logger | undefined
  /** The signal that the operations of its contexts obey, if any. */
  readonly workSignal: AbortSignal | undefined
  /** Has something disposed with it, in its place in the order of creation. */
  own(creation: Creation): void
  /** @throws ScopeEndedError once it ends */
  assertOpen(wanted: string): void
  /** Builds something that nobody resolved; what fails inside can tell what for. */
  building<T>(what: string, build: () => T): T
}

/** For whom a context is made, and how it ends. */
export interface LeaseRequest {
  readonly scope: LeaseScope
  /** What constructors, `onLease` and providers get: a cradle, a child container. */
  readonly holder: object
  readonly owner: LeaseOwner
  readonly isPooled: boolean
  readonly signal: AbortSignal | undefined
  readonly onEnd: (() => void) | undefined
}
