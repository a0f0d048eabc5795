import type { Remains } from '../scope/disposal.js'

/** Who ends a lease: the scope that the context was resolved from, or whoever made it (C6). */
export type LeaseOwner = 'scope' | 'caller'

/** The way to end a context that somebody took. It does not hold the context. */
export interface LeaseEnd {
  /** Whether ending it runs code of the user. */
  readonly isForeign?: boolean
  /** What its scope is in messages. */
  readonly scopeLabel: string | undefined
  dispose(reason: string): Promise<void>
}

/** A context that somebody took, and the way to end it. */
export interface Leased<C> {
  readonly context: C
  readonly lease: LeaseEnd
  readonly remains: Remains
  /** Has the context watched, because its maker must dispose it; the result reports it as forgotten (C8). */
  watch(): (how: string) => void
}

/** How a factory makes a context; `onEnd` runs when it has ended, whoever ended it. */
export type Lend<C> = (signal: AbortSignal | undefined, onEnd: () => void) => Leased<C>
