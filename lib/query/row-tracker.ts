import type { BoundSet } from './bound-set.js'
import type { DeclaredSet } from './set-model.js'

/** What sets and queries want of the tracker of their context, which lib/tracking has. */
export interface RowTracker {
  /**
   * Rows as they were read become the objects that the context has for them: one object for a row, whoever asks for it (U2).
   * @param fresh whether they were locked, so that what an object holds of its row gives way, but for what was changed on it
   */
  track<O>(set: BoundSet, rows: O[], fresh: boolean): O[]
  /** The object for a key, where the context has one that need not be read again (U7). */
  find(set: BoundSet, key: readonly unknown[]): object | undefined
  /** Whether the row with this key is one that is to be deleted. */
  isDeleted(set: BoundSet, key: readonly unknown[]): boolean
  /** Rows of the table were changed past the tracker, so that they are read anew. */
  outdate(model: DeclaredSet): void
  add(set: BoundSet, entity: unknown): void
  /** @param conflict by which columns a row that is there already is known */
  upsert(set: BoundSet, entity: unknown, conflict: readonly string[]): void
  attach(set: BoundSet, entity: unknown): void
  update(set: BoundSet, entity: unknown): void
  remove(set: BoundSet, entity: unknown): void
}
