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

/** Changes in an order in which a value is given up before another row takes it, and those that this is about. */
export interface Moves {
  readonly changes: readonly RowChange[]
  /** Each of them needs a statement of its own: within one, rows are looked at in any order. */
  readonly moved: ReadonlySet<RowChange>
}

/**
 * Updates by which one row takes a value that another one gives up, which a unique key allows in one order only. In a circle there is none.
 * @returns `undefined` where there is nothing of the kind
 */
export function givenUpFirst(changes: readonly RowChange[]): Moves | undefined {
  const givers = new Map<string, Map<Identity, RowChange>>()
  const placeOf = ({ model }: RowChange, name: string) => `${model.table}\0${name}`
  for (const change of changes) {
    if (change.kind !== 'update') continue
    for (const name of Object.keys(change.values)) {
      const identity = identityOfValue(change.before[name])
      if (identity === undefined) continue
      const place = placeOf(change, name)
      const byValue = givers.get(place) ?? new Map<Identity, RowChange>()
      givers.set(place, byValue.set(identity, change))
    }
  }
  const before = new Map<RowChange, RowChange[]>()
  const moved = new Set<RowChange>()
  for (const change of changes) {
    if (change.kind !== 'update') continue
    const first = Object.entries(change.values).flatMap(([name, value]) => {
      const identity = identityOfValue(value)
      const giver =
        identity === undefined ? undefined : givers.get(placeOf(change, name))?.get(identity)
      return giver && giver !== change ? [giver] : []
    })
    if (first.length === 0) continue
    before.set(change, first)
    for (const one of [change, ...first]) moved.add(one)
  }
  if (moved.size === 0) return undefined
  return { changes: following(changes, change => before.get(change) ?? []), moved }
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
