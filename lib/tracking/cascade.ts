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
 * @param also one that is forgotten before it was ever stored
 */
export function cascaded(entries: Iterable<TrackedEntry>, also?: TrackedEntry): TrackedEntry[] {
  const removed = new Set<TrackedEntry>()
  const following = new Map<string, Following>()
  const gone = new Set<unknown>()
  let last: TrackedEntry[] = also ? [also] : []
  for (const entry of entries) if (entry.fate === 'deleted') last.push(entry)
  while (last.length > 0) {
    for (const { entity } of last) gone.add(entity)
    if (!last.map(entry => follow(entry, following)).some(Boolean)) break
    last = []
    for (const entry of entries) {
      if (entry.fate === 'deleted' || removed.has(entry) || !goes(entry, following, gone)) continue
      removed.add(entry)
      last.push(entry)
    }
  }
  return [...removed]
}

/** @returns whether anything goes with it */
function follow({ model, originals }: TrackedEntry, following: Map<string, Following>): boolean {
  const identity = identityOfValue(originals[model.key])
  let any = false
  for (const relation of Object.values(model.relations)) {
    if (relation.kind !== 'many' || relation.onRemove !== 'cascade') continue
    const { table, by } = relation
    const name = `${table}\0${by}`
    const known = following.get(name) ?? { table, by, of: new Set() }
    if (identity !== undefined) known.of.add(identity)
    following.set(name, known)
    any = true
  }
  return any
}

function goes(
  entry: TrackedEntry,
  following: Map<string, Following>,
  gone: ReadonlySet<unknown>,
): boolean {
  const { model, entity } = entry
  for (const { table, by, of } of following.values()) {
    if (table !== model.table) continue
    const identity = Object.hasOwn(entity, by) ? identityOfValue(entity[by]) : undefined
    if (identity === undefined ? isGivenOne(entry, by, gone) : of.has(identity)) return true
  }
  return false
}

/** A new row that was given the row that it belongs to, in place of its key. */
function isGivenOne(
  { model, entity, fate }: TrackedEntry,
  by: string,
  gone: ReadonlySet<unknown>,
): boolean {
  if (fate !== 'added') return false
  return Object.entries(model.relations).some(
    ([name, relation]) =>
      relation.kind !== 'many' &&
      relation.by === by &&
      Object.hasOwn(entity, name) &&
      gone.has(entity[name]),
  )
}
