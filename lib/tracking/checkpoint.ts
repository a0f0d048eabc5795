import type { Entries } from './entries.js'
import type { Identity } from '../query/identity.js'
import type { HistoryState, SaveHistory } from './save-history.js'
import { columnsOf, snapshotOf, type Values } from './snapshot.js'
import type { Fate, TrackedEntry } from './tracked-entry.js'
import { allowUnmade, forbidUnmade } from './unmade.js'

interface EntryState {
  readonly fate: Fate
  readonly conflict: readonly string[] | undefined
  readonly originals: Values
  readonly isWhole: boolean
  readonly identity: Identity | undefined
  readonly isUncertain: boolean
  readonly isStale: boolean
  /** What the object held. */
  readonly values: Values
}

/** What a context knew of its objects at one time, and what they held: to begin again from there. */
export class Checkpoint {
  readonly #entries: Entries
  readonly #states = new Map<TrackedEntry, EntryState>()

  readonly #history: SaveHistory
  readonly #saved: HistoryState

  /** @internal */
  constructor(entries: Entries, history: SaveHistory) {
    this.#entries = entries
    this.#history = history
    this.#saved = history.state()
    for (const entry of entries) this.#states.set(entry, stateOf(entry))
  }

  /** @internal Whether it is of this tracker, and not of another lease's. */
  isOf(entries: Entries): boolean {
    return this.#entries === entries
  }

  /** @internal */
  restore(): void {
    for (const entry of this.#entries) if (!this.#states.has(entry)) this.#forget(entry)
    for (const [entry, state] of this.#states) this.#restore(entry, state)
    this.#history.restore(this.#saved)
  }

  #forget(entry: TrackedEntry): void {
    this.#entries.remove(entry)
    entry.fate = 'detached'
    allowUnmade(entry.entity)
  }

  #restore(entry: TrackedEntry, { values, identity, originals, ...state }: EntryState): void {
    const { model, entity } = entry
    if (entry.fate !== 'detached') this.#entries.remove(entry)
    allowUnmade(entity)
    for (const name of Object.keys(columnsOf(model, entity)))
      if (!Object.hasOwn(values, name)) delete entity[name]
    Object.assign(entity, snapshotOf(model, values))
    Object.assign(entry, state, { originals: { ...originals }, identity })
    this.#entries.add(entry)
    if (state.fate === 'added') forbidUnmade(model, entity)
  }
}

function stateOf(entry: TrackedEntry): EntryState {
  const { model, entity, originals, identity } = entry
  const { fate, conflict, isWhole, isUncertain, isStale } = entry
  const values = snapshotOf(model, columnsOf(model, entity))
  return {
    fate,
    conflict,
    originals: { ...originals },
    isWhole,
    identity,
    isUncertain,
    isStale,
    values,
  }
}
