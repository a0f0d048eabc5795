import { identityOfValue, type Identity } from '../query/identity.js'
import type { TrackedEntry } from './tracked-entry.js'

/** Rows that go with others: of one table, by the column that has their key. */
interface Following {
  readonly table: string
  readonly by: string
  readonly of: Set<Identity>
}

/**
 * Those of the entries that are removed because a row that they belong to is, as relations declare it; and those that belong to these.
 * Nothing is asked of the database: of rows that nobody has loaded it knows itself what becomes of them.
 */
export function cascaded(entries: Iterable<TrackedEntry>): TrackedEntry[] {
  const removed = new Set<TrackedEntry>()
  const following = new Map<string, Following>()
  let last: TrackedEntry[] = []
  for (const entry of entries) if (entry.fate === 'deleted') last.push(entry)
  while (last.length > 0) {
    if (!last.map(entry => follow(entry, following)).some(Boolean)) break
    last = []
    for (const entry of entries) {
      if (entry.fate === 'deleted' || removed.has(entry) || !goes(entry, following)) continue
      removed.add(entry)
      last.push(entry)
    }
  }
  return [...removed]
}

/** @returns whether anything goes with it */
function follow({ model, originals }: TrackedEntry, following: Map<string, Following>): boolean {
  const identity = identityOfValue(originals[model.key])
  if (identity === undefined) return false
  let any = false
  for (const relation of Object.values(model.relations)) {
    if (relation.kind !== 'many' || relation.onRemove !== 'cascade') continue
    const { table, by } = relation
    const name = `${table}\0${by}`
    const known = following.get(name) ?? { table, by, of: new Set() }
    known.of.add(identity)
    following.set(name, known)
    any = true
  }
  return any
}

function goes({ model, entity }: TrackedEntry, following: Map<string, Following>): boolean {
  for (const { table, by, of } of following.values()) {
    if (table !== model.table || !Object.hasOwn(entity, by)) continue
    const identity = identityOfValue(entity[by])
    if (identity !== undefined && of.has(identity)) return true
  }
  return false
}
