import type { EntityEntry } from '../tracking/entity-entry.js'
import type { EntityState } from '../tracking/entity-state.js'

/** One object that a save has written. */
export interface SavedChange {
  /** Its property values are what is stored; of a deleted one, what it was. */
  readonly entity: any
  readonly table: string
  /** What the save did: inserted an `added` one, updated a `modified` one, deleted a `deleted` one. */
  readonly state: Exclude<EntityState, 'detached' | 'unchanged'>
}

/** A save that is about to begin. What an interceptor adds or changes now is part of it. */
export interface SavingEvent<C = any> {
  readonly context: C
  /** What would be written, as it is now: an interceptor sees what those before it have done. */
  readonly entries: readonly EntityEntry[]
}

/** A save that has written something, or found nothing to write. */
export interface SavedEvent<C = any> {
  readonly context: C
  readonly changes: readonly SavedChange[]
}

export interface SaveFailedEvent<C = any> {
  readonly context: C
  readonly error: unknown
}

/**
 * Takes part in the saves of a context: audit columns, soft deletion, an outbox. Interceptors are called in the order of their registration, one after the
 * other, those of the registration before those that {@link DbContext.intercept} added. After `saving` has let a save begin, either `saved` or
 * `saveFailed` follows. Only `saving` can stop a save, by throwing: the others tell of what has happened, and what they throw is a warning of the logger.
 * The idea is EF Core's `ISaveChangesInterceptor`.
 */
export interface Interceptor<C = any> {
  /** It may query the context, add, change and remove. What it throws is what `saveChanges` throws, and nothing is sent. */
  saving?(event: SavingEvent<C>): void | Promise<void>
  /** Inside of a transaction it may still be rolled back. */
  saved?(event: SavedEvent<C>): void | Promise<void>
  saveFailed?(event: SaveFailedEvent<C>): void | Promise<void>
  /**
   * What is stored for good: once for a save without a transaction, and once for all saves of a transaction when the outermost one is committed. Where nobody
   * knows what became of it, neither this nor `rolledBack` is called.
   */
  committed?(event: SavedEvent<C>): void | Promise<void>
  /** Saves that were undone, by the end of a transaction or by a savepoint inside it: once, when the outermost one has ended. */
  rolledBack?(event: SavedEvent<C>): void | Promise<void>
}

const HOOKS = ['saving', 'saved', 'saveFailed', 'committed', 'rolledBack'] as const

export function isInterceptor(value: unknown): value is Interceptor {
  if (typeof value !== 'object' || value === null) return false
  const given = HOOKS.map(hook => (value as Interceptor)[hook]).filter(hook => hook !== undefined)
  return given.length > 0 && given.every(hook => typeof hook === 'function')
}
