import { conditionsOf } from '../query/rows.js'
import type { DeclaredSet } from '../query/set-model.js'
import { newRow } from './new-row.js'
import type { RowChange } from './row-change.js'
import { snapshotOf, type Values } from './snapshot.js'
import type { TrackedEntry } from './tracked-entry.js'

/** What a save has to write of an entry: `undefined` for nothing. @throws InvalidArgumentError for what cannot be written */
export function changeOf(
  entry: TrackedEntry,
  entryOf: (entity: object) => TrackedEntry | undefined,
): RowChange | undefined {
  const { model, entity, fate, originals } = entry
  if (fate === 'added') return newRow(entry, entryOf)
  const { set } = entry
  const conditions = () => (set.filtersSaves ? conditionsOf(set) : undefined)
  if (fate === 'deleted') {
    const referring = Object.keys(model.references).filter(name => Object.hasOwn(originals, name))
    const refers = Object.fromEntries(referring.map(name => [name, originals[name]]))
    return {
      kind: 'delete',
      model,
      entity,
      where: identifying(model, originals),
      refers,
      conditions: conditions(),
    }
  }
  const changed = entry.changedColumns()
  if (changed.length === 0) return undefined
  entry.checkChanges(changed)
  const values = snapshotOf(model, Object.fromEntries(changed.map(name => [name, entity[name]])))
  const known = changed.filter(name => Object.hasOwn(originals, name))
  const before = Object.fromEntries(known.map(name => [name, originals[name]]))
  const where = identifying(model, originals)
  return { kind: 'update', model, entity, values, before, where, conditions: conditions() }
}

/** What a save writes into the entity: what the database has made, and what was stored where nothing was given. */
export function writtenBack({ entity, ...change }: RowChange, made: Readonly<Values>): Values {
  if (change.kind !== 'insert') return { ...made }
  const filled = Object.entries(change.values).filter(
    ([name]) => !Object.hasOwn(entity, name) || (entity as Values)[name] === undefined,
  )
  return { ...Object.fromEntries(filled), ...made }
}

/** The key, and the version where it is known. */
export function identifying({ keys, version }: DeclaredSet, values: Readonly<Values>): Values {
  const named = version !== undefined && values[version] !== undefined ? [...keys, version] : keys
  return Object.fromEntries(named.map(name => [name, values[name]]))
}
