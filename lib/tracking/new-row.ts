import { keyMissing } from '../errors.js'
import type { RowInsert } from './row-change.js'
import { snapshotOf, type Values } from './snapshot.js'
import type { TrackedEntry } from './tracked-entry.js'

/**
 * The insert of an added entity. What is undefined was left out.
 * @throws InvalidArgumentError for a key that nobody makes
 */
export function newRow({ model, entity }: TrackedEntry): RowInsert {
  const { table, keys, version, complete, declared } = model
  const given: Values = {}
  for (const name of Object.keys(entity)) if (entity[name] !== undefined) given[name] = entity[name]
  if (version !== undefined && !Object.hasOwn(given, version)) given[version] = firstVersion(model)
  for (const name of keys)
    if (isMissing(given[name]) && !mayBeMade(model, name)) throw keyMissing(table, name)
  for (const name of keys) if (isMissing(given[name])) delete given[name]
  const values = snapshotOf(model, complete ? withNulls(given, declared) : given)
  return { kind: 'insert', model, entity, values, readBack: readBackOf(model, values) }
}

/** A complete set knows which columns of a new row the database makes, and has no others to ask for. */
function readBackOf(
  { complete, declared }: TrackedEntry['model'],
  values: Readonly<Values>,
): readonly string[] | undefined {
  if (!complete) return undefined
  return declared.flatMap(([name, { rule }]) =>
    rule.includes('generated') && !Object.hasOwn(values, name) ? [name] : [],
  )
}

/** What a column without a rule says does not matter: the only column of a key is often made by the database. */
function mayBeMade(model: TrackedEntry['model'], name: string): boolean {
  const { complete, keys } = model
  return complete ? !!model.column(name)?.rule.includes('generated') : keys.length === 1
}

function firstVersion(model: TrackedEntry['model']): unknown {
  return model.column(model.version!)?.type === 'bigInt' ? 1n : 1
}

function withNulls(given: Values, declared: TrackedEntry['model']['declared']): Values {
  for (const [name, { rule, allowsNull }] of declared)
    if (allowsNull && !rule.includes('generated') && !Object.hasOwn(given, name)) given[name] = null
  return given
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null
}
