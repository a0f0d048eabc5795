import { referencesInCircle } from '../../errors.js'
import { identityOf, identityOfValue, type Identity } from '../../query/identity.js'
import type { RowChange } from '../row-change.js'

/**
 * Rows that refer to others of the same save: a new one comes after the new one that it refers to, and one that is deleted before the one that it
 * refers to. Everything else stays in its order.
 * @throws InvalidArgumentError for new rows that refer to each other in a circle
 */
export function parentsFirst(changes: readonly RowChange[]): RowChange[] {
  const inserts = changes.filter(({ kind }) => kind === 'insert')
  const deletes = changes.filter(({ kind }) => kind === 'delete')
  const parents = referencesAmong(inserts)
  const children = turned(referencesAmong(deletes))
  if (parents.size === 0 && children.size === 0) return [...changes]
  return following(changes, change => parents.get(change) ?? children.get(change) ?? [])
}

type References = ReadonlyMap<RowChange, readonly RowChange[]>

function referencesAmong(changes: readonly RowChange[]): References {
  const found = new Map<RowChange, RowChange[]>()
  if (changes.every(({ model }) => Object.keys(model.references).length === 0)) return found
  const byEntity = new Map(changes.map(change => [change.entity, change]))
  const byKey = keysOf(changes)
  for (const change of changes) {
    const to: (RowChange | undefined)[] = []
    if (change.kind === 'insert')
      for (const { entity } of change.pending.values()) to.push(byEntity.get(entity))
    const values =
      change.kind === 'insert' ? change.values : change.kind === 'delete' ? change.refers : {}
    for (const [name, table] of Object.entries(change.model.references)) {
      const identity = identityOfValue(values[name])
      if (identity !== undefined) to.push(byKey.get(table)?.get(identity))
    }
    const others = to.filter(other => other !== undefined && other !== change)
    if (others.length > 0) found.set(change, others as RowChange[])
  }
  return found
}

function keysOf(changes: readonly RowChange[]): Map<string, Map<Identity, RowChange>> {
  const byTable = new Map<string, Map<Identity, RowChange>>()
  for (const change of changes) {
    const identity = identityOf(
      change.model,
      change.kind === 'insert' ? change.values : change.where,
    )
    if (identity === undefined) continue
    const { table } = change.model
    let keys = byTable.get(table)
    if (!keys) byTable.set(table, (keys = new Map()))
    keys.set(identity, change)
  }
  return byTable
}

function turned(references: References): References {
  const back = new Map<RowChange, RowChange[]>()
  for (const [from, to] of references)
    for (const other of to) back.set(other, [...(back.get(other) ?? []), from])
  return back
}

/** Each change after those that it has to follow. Without recursion: a chain may be as long as the save. */
function following(
  changes: readonly RowChange[],
  before: (change: RowChange) => readonly RowChange[],
): RowChange[] {
  const ordered: RowChange[] = []
  const state = new Map<RowChange, 'open' | 'done'>()
  for (const first of changes) {
    const path: RowChange[] = [first]
    while (path.length > 0) {
      const change = path.at(-1)!
      if (state.get(change) === 'done') {
        path.pop()
        continue
      }
      state.set(change, 'open')
      const next = before(change).find(other => state.get(other) !== 'done')
      if (next && state.get(next) === 'open' && change.kind === 'insert')
        throw referencesInCircle(change.model.table)
      if (next && state.get(next) !== 'open') {
        path.push(next)
        continue
      }
      state.set(change, 'done')
      ordered.push(change)
      path.pop()
    }
  }
  return ordered
}
