import { copyOf, snapshotOf, type Values } from './snapshot.js'
import type { TrackedEntry } from './tracked-entry.js'

/** A row that was read again. What is to be written as a new one, or over the one that is there, stays what it is. */
export function readAgain(entry: TrackedEntry, row: Values, fresh: boolean): void {
  if (entry.fate === 'added') return
  if (entry.isStale || fresh) refresh(entry, row)
  else complement(entry, row)
}

/** Columns that nobody had read yet. */
function complement(entry: TrackedEntry, row: Values): void {
  const { model, entity, originals } = entry
  for (const name in row) {
    if (Object.hasOwn(originals, name) || Object.hasOwn(entity, name)) continue
    entity[name] = row[name]
    originals[name] = copyOf(model, name, row[name])
  }
}

/** What the user has changed stays; everything else is what the row has now. */
function refresh(entry: TrackedEntry, row: Values): void {
  const { model, entity } = entry
  const changed = new Set(entry.fate === 'kept' ? entry.changedColumns() : [])
  for (const name in row) if (!changed.has(name)) entity[name] = row[name]
  entry.originals = snapshotOf(model, row)
  entry.isWhole = true
  entry.isStale = false
}
