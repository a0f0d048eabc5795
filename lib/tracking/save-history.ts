import type { TransactionFrame, TransactionOutcome } from '../connection/transaction.js'
import type { Entries } from './entries.js'
import { identityOfValue, type Identity } from '../query/identity.js'
import { isSame, type Values } from './snapshot.js'
import type { Fate, TrackedEntry } from './tracked-entry.js'
import { forbidUnmade } from './unmade.js'

/** An entry as it was before a save. */
interface Before {
  readonly entry: TrackedEntry
  readonly fate: Fate
  readonly conflict: readonly string[] | undefined
  readonly originals: Values
  readonly isWhole: boolean
  readonly identity: Identity | undefined
  /** What the save has written into the entity. */
  readonly written: ReadonlyMap<string, Written>
}

interface Written {
  readonly value: unknown
  /** What was there: `undefined` for nothing. */
  readonly had: { readonly value: unknown } | undefined
}

interface FrameHistory {
  readonly saved: Before[]
  readonly loaded: TrackedEntry[]
}

/** What was known of the transactions that were open at one time. */
export type HistoryState = ReadonlyMap<TransactionFrame, FrameHistory>

/**
 * What saves and queries inside open transactions have done to the entries, so that a rollback takes it back (U11): the next save writes the same rows
 * again. What was first loaded in a transaction that was rolled back may never have been there, and is forgotten; everything else may be another row
 * by now, and is read again.
 */
export class SaveHistory {
  readonly #entries: Entries
  readonly #frames = new Map<TransactionFrame, FrameHistory>()

  constructor(entries: Entries) {
    this.#entries = entries
  }

  knows(frame: TransactionFrame): boolean {
    return this.#frames.has(frame)
  }

  before(entry: TrackedEntry, made: Readonly<Values>): Before {
    const { entity, fate, conflict, originals, isWhole, identity } = entry
    const written = new Map(
      Object.keys(made).map(name => [
        name,
        {
          value: made[name],
          had: Object.hasOwn(entity, name) ? { value: entity[name] } : undefined,
        },
      ]),
    )
    return { entry, fate, conflict, originals, isWhole, identity, written }
  }

  saved(frame: TransactionFrame, before: Before): void {
    this.#of(frame).saved.push(before)
  }

  loaded(frame: TransactionFrame, entry: TrackedEntry): void {
    this.#of(frame).loaded.push(entry)
  }

  settled(frame: TransactionFrame, outcome: TransactionOutcome): void {
    const history = this.#frames.get(frame)
    if (!history) return
    this.#frames.delete(frame)
    if (outcome === 'rolledBack') return this.#takeBack(history)
    if (outcome === 'unknown') {
      for (const { entry } of history.saved) entry.isUncertain = true
    } else if (frame.parent) {
      const outer = this.#of(frame.parent)
      outer.saved.push(...history.saved)
      outer.loaded.push(...history.loaded)
    }
  }

  clear(): void {
    this.#frames.clear()
  }

  state(): HistoryState {
    return new Map([...this.#frames].map(([frame, history]) => [frame, copied(history)]))
  }

  /** What was done since is forgotten, as the entries forget it; what has ended since has its end. */
  restore(state: HistoryState): void {
    for (const frame of this.#frames.keys()) this.#frames.set(frame, { saved: [], loaded: [] })
    for (const [frame, history] of state) this.#frames.set(frame, copied(history))
    const ended = [...state.keys()].filter(({ outcome }) => outcome !== undefined)
    for (const frame of ended.toSorted((a, b) => b.depth - a.depth))
      this.settled(frame, frame.outcome!)
  }

  #of(frame: TransactionFrame): FrameHistory {
    let history = this.#frames.get(frame)
    if (!history) this.#frames.set(frame, (history = { saved: [], loaded: [] }))
    return history
  }

  #takeBack({ saved, loaded }: FrameHistory): void {
    const undone = new Set(saved.map(({ entry }) => entry))
    for (const entry of loaded) {
      if (undone.has(entry)) continue
      this.#entries.remove(entry)
      entry.fate = 'detached'
    }
    for (const before of saved.toReversed()) this.#restore(before)
    for (const entry of this.#entries) if (entry.fate !== 'added') entry.isStale = true
  }

  #restore({ entry, fate, conflict, originals, isWhole, identity, written }: Before): void {
    const { entity, model } = entry
    // Saved as new and then removed: there is nothing to do about it any more.
    const isGone = fate === 'added' && entry.fate === 'deleted'
    for (const [name, { value, had }] of written) {
      const isTheirs = model.keys.includes(name) || name === model.version
      // What was changed since then stays changed.
      if (!isTheirs && !isSame(model, name, entity[name], value)) continue
      if (had) entity[name] = had.value
      else delete entity[name]
    }
    const isTaken = identity !== undefined && this.#entries.at(model, identity) !== undefined
    if (entry.identity !== identity) {
      this.#entries.unidentify(entry)
      if (entry.fate !== 'detached' && !isTaken) this.#entries.identify(entry, identity)
    }
    if (isGone) {
      this.#entries.remove(entry)
      entry.fate = 'detached'
      return
    }
    // What a save has deleted, or what was forgotten since, is there again.
    if (entry.fate === 'detached') {
      if (isTaken && fate !== 'deleted') return
      // A new row has its key: it is to be deleted before that one is inserted.
      entry.identity = isTaken ? undefined : identity
      this.#entries.add(entry)
    }
    // Removed since it was written: it still is.
    entry.fate = fate === 'kept' && entry.fate === 'deleted' ? 'deleted' : fate
    entry.conflict = conflict
    entry.originals = originals
    entry.isWhole = isWhole
    if (fate !== 'added') return
    this.#leadAnew(entry)
    forbidUnmade(model, entity)
  }

  /** What it leads to may be another row than the one whose key it has by now: a new row goes by its key. */
  #leadAnew({ model, entity }: TrackedEntry): void {
    for (const [name, { kind, by }] of Object.entries(model.relations)) {
      if (kind === 'many' || !Object.hasOwn(entity, by) || !Object.hasOwn(entity, name)) continue
      const to = entity[name]
      const identity =
        typeof to === 'object' && to !== null ? this.#entries.of(to)?.identity : undefined
      if (identity !== identityOfValue(entity[by])) delete entity[name]
    }
  }
}

function copied({ saved, loaded }: FrameHistory): FrameHistory {
  return { saved: [...saved], loaded: [...loaded] }
}
