import type { TransactionFrame, TransactionOutcome } from '../connection/transaction.js'
import {
  checkpointOfAnother,
  entityWithoutKey,
  identityConflict,
  trackedAlready,
  trackedElsewhere,
  upsertPastFilter,
  upsertWithout,
} from '../errors.js'
import type { BoundSet } from '../query/bound-set.js'
import type { RowTracker } from '../query/row-tracker.js'
import type { DeclaredSet } from '../query/set-model.js'
import { cascaded } from './cascade.js'
import { changeOf, identifying, writtenBack } from './change-of.js'
import { checkEntity } from './check-entity.js'
import { Checkpoint } from './checkpoint.js'
import { Entries } from './entries.js'
import { identityOf, identityOfParts, type Identity } from '../query/identity.js'
import { fillNulls } from './new-row.js'
import { readAgain } from './read-again.js'
import type { RowChange, RowOutcome } from './row-change.js'
import { SaveHistory } from './save-history.js'
import { columnsOf, snapshotOf, type Values } from './snapshot.js'
import { TrackedEntry, type Fate } from './tracked-entry.js'
import { allowUnmade, forbidUnmade } from './unmade.js'

/** What a tracker sees of the session of its lease. */
export interface TrackedSession {
  /** The innermost transaction that is open. */
  readonly frame: TransactionFrame | undefined
  /** Has the tracker told of the end of transactions, from the first one on that matters to it. */
  listen(tracker: Tracker): void
}

/**
 * The memory of one unit of work: which objects it has, which rows they are, and what the database had in them. It sends nothing. It is made for a lease
 * and thrown away with it (P3).
 */
export class Tracker implements RowTracker {
  readonly #session: TrackedSession
  readonly #entries = new Entries()
  readonly #history = new SaveHistory(this.#entries)
  /** Hears of the end of a transaction or savepoint when states are what they are after it. */
  onSettled: ((frame: TransactionFrame, outcome: TransactionOutcome) => void) | undefined

  constructor(session: TrackedSession) {
    this.#session = session
  }

  get entries(): Iterable<TrackedEntry> {
    return this.#entries
  }

  get uncertain(): number {
    let count = 0
    for (const entry of this.#entries) if (entry.isUncertain) count++
    return count
  }

  entryOf(entity: object): TrackedEntry | undefined {
    return this.#entries.of(entity)
  }

  track<O>(set: BoundSet, rows: O[], fresh: boolean): O[] {
    const { model } = set
    const { frame } = this.#session
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as Values
      const identity = identityOf(model, row)
      if (identity === undefined) continue
      const known = this.#entries.at(model, identity)
      if (known) {
        readAgain(known, row, fresh)
        rows[i] = known.entity as O
        continue
      }
      const entry = new TrackedEntry(set, row, 'kept', snapshotOf(model, row), true)
      entry.identity = identity
      this.#entries.add(entry)
      if (frame) this.#noted(frame).loaded(frame, entry)
    }
    return rows
  }

  find({ model }: BoundSet, key: readonly unknown[]): object | undefined {
    const identity = identityOfParts(key)
    const entry = identity === undefined ? undefined : this.#entries.at(model, identity)
    if (!entry || entry.isStale || entry.isUncertain) return undefined
    // Another set of the table may not name all columns that this one has.
    const isAll = entry.model.rowName === model.rowName || (entry.isWhole && !entry.model.complete)
    return isAll ? entry.entity : undefined
  }

  isDeleted({ model }: BoundSet, key: readonly unknown[]): boolean {
    const identity = identityOfParts(key)
    return identity !== undefined && this.#entries.at(model, identity)?.fate === 'deleted'
  }

  outdate({ table }: DeclaredSet): void {
    for (const entry of this.#entries)
      if (entry.model.table === table && entry.fate !== 'added') entry.isStale = true
  }

  add(set: BoundSet, entity: unknown): void {
    checkEntity(set.model, 'add', entity)
    const known = this.#known(set.model, entity)
    if (known?.fate === 'added') return
    if (known?.fate === 'deleted') return void (known.fate = 'kept')
    if (known) throw trackedAlready(set.model.table, 'add', known.state)
    this.#begin(set, entity, 'added', {})
    fillNulls(set.model, entity)
    forbidUnmade(set.model, entity)
  }

  upsert(set: BoundSet, entity: unknown, conflict: readonly string[]): void {
    checkEntity(set.model, 'upsert', entity)
    const { table } = set.model
    if (set.filtersSaves) throw upsertPastFilter(table)
    const known = this.#known(set.model, entity)
    if (known && known.fate !== 'added') throw trackedAlready(table, 'upsert', known.state)
    for (const name of conflict)
      if (entity[name] === undefined || entity[name] === null) throw upsertWithout(table, name)
    this.add(set, entity)
    this.#entries.of(entity)!.conflict = conflict
  }

  attach(set: BoundSet, entity: unknown): void {
    checkEntity(set.model, 'attach', entity)
    const { model } = set
    if (this.#known(model, entity)) return
    if (identityOf(model, entity) === undefined) return this.add(set, entity)
    this.#begin(set, entity, 'kept', snapshotOf(model, columnsOf(model, entity)))
  }

  update(set: BoundSet, entity: unknown): void {
    checkEntity(set.model, 'update', entity)
    const { model } = set
    const known = this.#known(model, entity)
    if (known?.fate === 'added') return
    if (identityOf(model, entity) === undefined) return this.add(set, entity)
    const entry = known ?? this.#begin(set, entity, 'kept', {})
    entry.fate = 'kept'
    // Whatever is not known of the row counts as changed.
    entry.originals = identifying(model, known?.originals ?? entity)
    entry.isWhole = false
  }

  remove(set: BoundSet, entity: unknown): void {
    checkEntity(set.model, 'remove', entity)
    const { model } = set
    const known = this.#known(model, entity)
    if (known?.fate === 'added') {
      this.cascade(known)
      return this.forget(known)
    }
    if (known) return void (known.fate = 'deleted')
    for (const name of model.keys)
      if (entity[name] === undefined || entity[name] === null)
        throw entityWithoutKey(model.table, 'remove', name)
    this.#begin(set, entity, 'deleted', identifying(model, entity))
  }

  /** Removes what goes with rows that are removed, as relations declare it; what was only added is forgotten. */
  cascade(also?: TrackedEntry): void {
    for (const entry of cascaded(this.#entries, also)) {
      if (entry.fate === 'added') this.forget(entry)
      else entry.fate = 'deleted'
    }
  }

  /**
   * What a save has to write.
   * @throws InvalidArgumentError for what cannot be written
   */
  changes(): RowChange[] {
    this.cascade()
    for (const entry of this.#entries) if (entry.fate === 'added') this.#identifyAnew(entry)
    const changes: RowChange[] = []
    for (const entry of this.#entries) {
      const change = changeOf(entry, entity => this.#entries.of(entity))
      if (change) changes.push(change)
    }
    return changes
  }

  /** @throws InvalidArgumentError for what no save could write */
  detectChanges(): void {
    this.changes()
  }

  /** What a save has written is what the rows are from here on; what was changed meanwhile stays changed. */
  accept(outcomes: readonly RowOutcome[]): void {
    const { frame } = this.#session
    // What was deleted gives its place in the identity map up to what was added.
    const inTurn = outcomes.toSorted((a, b) => gone(b) - gone(a))
    for (const { change, made } of inTurn) {
      const entry = this.#entries.of(change.entity)
      if (!entry) continue
      const written = writtenBack(change, made)
      const before = this.#history.before(entry, written)
      this.#accept(entry, change, written)
      if (frame) this.#noted(frame).saved(frame, before)
    }
  }

  /** Nobody knows whether what a save was to write is stored. */
  doubt(changes: readonly RowChange[]): void {
    for (const { entity } of changes) {
      const entry = this.#entries.of(entity)
      if (entry) entry.isUncertain = true
    }
  }

  /** A transaction or savepoint has ended (U11). */
  settled(frame: TransactionFrame, outcome: TransactionOutcome): void {
    this.#history.settled(frame, outcome)
    this.onSettled?.(frame, outcome)
  }

  checkpoint(): Checkpoint {
    return new Checkpoint(this.#entries, this.#history)
  }

  /** @throws InvalidArgumentError for a checkpoint of another context */
  restore(checkpoint: Checkpoint): void {
    if (!(checkpoint instanceof Checkpoint) || !checkpoint.isOf(this.#entries))
      throw checkpointOfAnother()
    checkpoint.restore()
  }

  /** What was to be deleted stays. Of what was removed by its key alone the rest is written as it is set from then on. */
  keep(entry: TrackedEntry): void {
    if (entry.fate === 'deleted') entry.fate = 'kept'
  }

  forget(entry: TrackedEntry): void {
    this.#entries.remove(entry)
    entry.fate = 'detached'
    allowUnmade(entry.entity)
  }

  clear(): void {
    for (const entry of this.#entries) this.forget(entry)
    this.#history.clear()
  }

  /** The row as it is now takes the place of what was known. @param row `undefined` where it is gone */
  reread(entry: TrackedEntry, row: Values | undefined): void {
    if (!row && entry.fate === 'added') return void (entry.isUncertain = false)
    if (!row) return this.forget(entry)
    const { model, entity } = entry
    allowUnmade(entity)
    for (const name in row) entity[name] = row[name]
    entry.originals = snapshotOf(model, row)
    entry.isWhole = true
    entry.fate = 'kept'
    entry.isStale = entry.isUncertain = false
    if (entry.identity === undefined) this.#entries.identify(entry, identityOf(model, row))
  }

  #accept(entry: TrackedEntry, change: RowChange, written: Readonly<Values>): void {
    if (change.kind === 'delete') return this.forget(entry)
    const { model, entity } = entry
    allowUnmade(entity)
    for (const name in written) entity[name] = written[name]
    entry.originals = {
      ...entry.originals,
      ...snapshotOf(model, { ...change.values, ...written }),
    }
    entry.isUncertain = false
    if (change.kind === 'update') return
    entry.fate = 'kept'
    entry.conflict = undefined
    entry.isWhole = change.readBack === undefined
    const identity = identityOf(model, entry.originals)
    if (entry.identity === identity) return
    this.#entries.unidentify(entry)
    if (!this.#givesWay(entry, identity, change.conflict !== undefined))
      this.#entries.identify(entry, identity)
  }

  /**
   * A row that was there already may have an object: that one stays, and reads it anew. Where the row is a new one, the object was of a row that is gone.
   * @returns whether the entry was forgotten for another one
   */
  #givesWay(entry: TrackedEntry, identity: Identity | undefined, wasThere: boolean): boolean {
    const other = identity === undefined ? undefined : this.#entries.at(entry.model, identity)
    if (!other) return false
    if (wasThere) other.isStale = true
    this.forget(wasThere ? entry : other)
    return wasThere
  }

  /** A new object may have got its key, or another one, since it was added. @throws IdentityConflictError where another one has it */
  #identifyAnew(entry: TrackedEntry): void {
    const { model, entity } = entry
    // A key that the database is to make cannot be read before.
    const key = model.keys.map(name => (Object.hasOwn(entity, name) ? entity[name] : undefined))
    const identity = identityOfParts(key)
    if (entry.identity === identity) return
    this.#entries.unidentify(entry)
    const other = identity === undefined ? undefined : this.#entries.at(model, identity)
    if (other?.fate !== 'deleted') this.#entries.identify(entry, identity)
  }

  #begin(set: BoundSet, entity: Values, fate: Fate, originals: Values): TrackedEntry {
    const identity = identityOf(set.model, entity)
    if (identity !== undefined && this.#entries.at(set.model, identity))
      throw identityConflict(set.model.table)
    const entry = new TrackedEntry(set, entity, fate, originals, false)
    entry.identity = identity
    this.#entries.add(entry)
    return entry
  }

  #known({ table }: DeclaredSet, entity: object): TrackedEntry | undefined {
    const known = this.#entries.of(entity)
    if (known && known.model.table !== table) throw trackedElsewhere(table, known.model.table)
    return known
  }

  #noted(frame: TransactionFrame): SaveHistory {
    if (!this.#history.knows(frame)) this.#session.listen(this)
    return this.#history
  }
}

function gone({ change }: RowOutcome): number {
  return change.kind === 'delete' ? 1 : 0
}
