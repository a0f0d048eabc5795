import { inspect } from 'node:util'
import type { Checkpoint } from './checkpoint.js'
import { debugView } from './debug-view.js'
import { EntityEntry, type TrackerHolder } from './entity-entry.js'

/** What a context knows of its objects. EF Core's `ChangeTracker`. */
export class ChangeTracker {
  readonly #holder: TrackerHolder

  /** @internal */
  constructor(holder: TrackerHolder) {
    this.#holder = holder
  }

  /** An entry for each object that the context knows, in the order in which they came. @param table only those of this one */
  entries(table?: string): EntityEntry[] {
    this.#holder.assertAlive()
    const entries = [...this.#holder.tracker.entries]
    return entries
      .filter(({ model }) => table === undefined || model.table === table)
      .map(({ entity }) => new EntityEntry(this.#holder, entity))
  }

  /** Whether `saveChanges` would write something. */
  hasChanges(): boolean {
    this.#holder.assertAlive()
    for (const { state } of this.#holder.tracker.entries) if (state !== 'unchanged') return true
    return false
  }

  /**
   * Looks at every object, as `saveChanges` does. What has changed is seen without it, so it is for whoever wants to know before the save.
   * @throws InvalidArgumentError for what no save could write: a changed key, `undefined`
   */
  detectChanges(): void {
    this.#holder.assertAlive()
    this.#holder.tracker.detectChanges()
  }

  /** Forgets all objects, changed ones too: they are `detached`, and the next query reads their rows anew. */
  clear(): void {
    this.#holder.assertAlive()
    this.#holder.tracker.clear()
  }

  /**
   * What is known now of all objects, and what they hold, for {@link restore}: work that is done again begins with the same objects. It copies all of
   * them.
   */
  checkpoint(): Checkpoint {
    this.#holder.assertAlive()
    return this.#holder.tracker.checkpoint()
  }

  /**
   * All objects are again what they were, states, values and generated keys; those that came since are `detached`. The database is not touched: roll back
   * what was saved since.
   * @throws InvalidArgumentError for a checkpoint of another context
   */
  restore(checkpoint: Checkpoint): void {
    this.#holder.assertAlive()
    this.#holder.tracker.restore(checkpoint)
  }

  /** What would be saved, a line for each object, with values: for a debugger, not for a log. */
  debugView(): string {
    this.#holder.assertAlive()
    return debugView(this.#holder.tracker.entries)
  }

  [inspect.custom](): string {
    const counts = new Map<string, number>()
    for (const { state } of this.#holder.tracker.entries)
      counts.set(state, (counts.get(state) ?? 0) + 1)
    const told = [...counts].map(([state, count]) => `${count} ${state}`)
    return `ChangeTracker(${told.length > 0 ? told.join(', ') : 'empty'})`
  }
}
