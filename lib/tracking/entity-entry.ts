import { inspect } from 'node:util'
import { notTracked } from '../errors.js'
import { Query } from '../query/query.js'
import type { EntityState } from './entity-state.js'
import { columnsOf, snapshotOf, type Values } from './snapshot.js'
import type { TrackedEntry } from './tracked-entry.js'
import type { Tracker } from './tracker.js'

/** What an entry, and whatever else shows a tracker to a user, holds of its context: it dies with it (C5). */
export interface TrackerHolder {
  readonly tracker: Tracker
  /** Whether a transaction is open, so that a plain read may show the past. */
  readonly isInTransaction: boolean
  /** @throws ContextDisposedError */
  assertAlive(): void
}

/** What a context knows of one object. It is asked anew each time, so it shows what is true now. EF Core's `EntityEntry`. */
export class EntityEntry<E extends object = any> {
  readonly #holder: TrackerHolder
  readonly #entity: E

  /** @internal */
  constructor(holder: TrackerHolder, entity: E) {
    this.#holder = holder
    this.#entity = entity
  }

  get entity(): E {
    this.#holder.assertAlive()
    return this.#entity
  }

  /** The table of its set; `undefined` for an object that the context does not know. */
  get table(): string | undefined {
    return this.#known?.model.table
  }

  /** `'detached'` for an object that the context does not know. */
  get state(): EntityState {
    return this.#known?.state ?? 'detached'
  }

  /** A copy of the row as the database has it, as far as that is known: nothing for a new one. */
  get originalValues(): Partial<E> {
    const known = this.#known
    return (known ? snapshotOf(known.model, known.originals) : {}) as Partial<E>
  }

  /** A copy of what the object holds now. */
  get currentValues(): Partial<E> {
    const known = this.#known
    return (
      known ? snapshotOf(known.model, columnsOf(known.model, known.entity)) : {}
    ) as Partial<E>
  }

  /** Whether its value is not that of the row. */
  isModified(property: keyof E & string): boolean {
    return this.#known?.isModified(property) ?? false
  }

  /**
   * Its row, which was to be deleted, stays: what is changed on the object is saved. For a deletion that only marks the row.
   * @throws InvalidArgumentError for an object that the context does not know
   */
  keep(): void {
    const known = this.#known
    if (!known) throw notTracked()
    this.#holder.tracker.keep(known)
  }

  /**
   * Reads the row anew and takes what it holds now, in place of what was changed. In a transaction on MySQL it locks the row, because a plain read shows
   * what was there when the transaction began. A row that is gone, or that the set's filter hides, leaves the object `detached`.
   * @throws InvalidArgumentError for an object that the context does not know, or that has no row yet; and what a query throws
   */
  async reload(): Promise<void> {
    const known = this.#known
    if (!known || (known.fate === 'added' && !known.isUncertain)) throw notTracked()
    const row = await this.#row(known)
    this.#holder.tracker.reread(known, row)
  }

  async #row({ set, originals, entity, fate }: TrackedEntry): Promise<Values | undefined> {
    const { model, runner } = set
    const key = fate === 'added' ? entity : originals
    let query: Query<any, string, Values> = new Query<any, string, Values>(set).asNoTracking()
    for (const name of model.keys) {
      if (!Object.hasOwn(key, name)) throw notTracked()
      query = query.where(name as never, '=', key[name] as never)
    }
    if (this.#holder.isInTransaction && runner.source.values.family === 'mysql')
      query = query.build(select => select.forUpdate())
    return query.first()
  }

  get #known(): TrackedEntry | undefined {
    this.#holder.assertAlive()
    return this.#holder.tracker.entryOf(this.#entity)
  }

  [inspect.custom](): string {
    const known = this.#holder.tracker.entryOf(this.#entity)
    if (!known) return 'EntityEntry(detached)'
    const changed = known.state === 'modified' ? `: ${known.changedColumns().join(', ')}` : ''
    return `EntityEntry(${known.model.table}, ${known.state}${changed})`
  }
}
