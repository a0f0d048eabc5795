import type { DeclaredColumn } from '../query/declared-column.js'
import { firstVersion } from '../query/version.js'
import { keyMissing, relatedDiffers, relatedUnknown } from '../errors.js'
import type { PendingKey, RowInsert } from './row-change.js'
import { columnsOf, isSame, snapshotOf, type Values } from './snapshot.js'
import type { TrackedEntry } from './tracked-entry.js'
import { takenColumns } from './unmade.js'

type Model = TrackedEntry['model']

/**
 * The insert of an added entity. What is undefined was left out.
 * @param entryOf what the context knows of the rows that it refers to
 * @throws InvalidArgumentError for a key that nobody makes, and for a row that is not known
 */
export function newRow(
  { model, entity, conflict }: TrackedEntry,
  entryOf: (entity: object) => TrackedEntry | undefined,
): RowInsert {
  const { table, keys, version, versionKind, complete, declared } = model
  const given = columnsOf(model, entity)
  const pending = takeKeys(model, entity, given, entryOf)
  if (version !== undefined && versionKind !== 'database' && !Object.hasOwn(given, version))
    given[version] = firstVersion(versionKind, model.column(version))
  for (const name of keys) {
    if (!isMissing(given[name]) || pending.has(name)) continue
    if (!mayBeMade(model, name)) throw keyMissing(table, name)
    delete given[name]
  }
  const whole = complete ? withNulls(given, declared, pending) : given
  const values = snapshotOf(model, whole)
  const readBack = conflict ? allBut(model, values) : readBackOf(model, values)
  return { kind: 'insert', model, entity, values, pending, conflict, readBack }
}

/** A complete set knows which columns may be null: what was left out of a new object is, from the beginning. */
export function fillNulls(model: Model, entity: Values): void {
  if (!model.complete) return
  const taken = takenColumns(model, entity)
  for (const [name, column] of model.declared)
    if (isNullWithout(column) && entity[name] === undefined && !taken.includes(name))
      entity[name] = null
}

/** Columns whose row was given in place of its key take that: at once where it is known, and else when that row has been inserted. */
function takeKeys(
  { table, relations }: Model,
  entity: Readonly<Values>,
  given: Values,
  entryOf: (entity: object) => TrackedEntry | undefined,
): ReadonlyMap<string, PendingKey> {
  let pending = NOTHING_PENDING
  for (const [name, { kind, by }] of Object.entries(relations)) {
    if (kind === 'many' || !Object.hasOwn(entity, name)) continue
    const related = entity[name]
    if (related === null || related === undefined) continue
    const to = typeof related === 'object' ? entryOf(related) : undefined
    if (!to) throw relatedUnknown(table, name)
    const column = to.model.key
    if (to.fate === 'added' && to.identity === undefined) {
      if (given[by] !== undefined) throw relatedDiffers(table, name, by)
      pending = new Map([...pending, [by, { entity: related, column }]])
    } else if (given[by] === undefined) given[by] = to.entity[column]
    else if (!isSame(to.model, column, given[by], to.entity[column]))
      throw relatedDiffers(table, name, by)
  }
  return pending
}

const NOTHING_PENDING: ReadonlyMap<string, PendingKey> = new Map()

/** A complete set knows which columns of a new row the database makes, and has no others to ask for. */
function readBackOf(
  { complete, declared }: Model,
  values: Readonly<Values>,
): readonly string[] | undefined {
  if (!complete) return undefined
  return declared.flatMap(([name, { rule }]) =>
    rule.includes('generated') && !Object.hasOwn(values, name) ? [name] : [],
  )
}

/** Of a row that was there already everything that was not given, and its version. */
function allBut(
  { complete, declared, version }: Model,
  values: Readonly<Values>,
): readonly string[] | undefined {
  if (!complete) return undefined
  const names = declared.map(([name]) => name)
  return names.filter(name => name === version || !Object.hasOwn(values, name))
}

/** Where no rule is known: the only column of a key is often made by the database. */
function mayBeMade(model: Model, name: string): boolean {
  const { complete, keys } = model
  return complete ? !!model.column(name)?.rule.includes('generated') : keys.length === 1
}

function withNulls(
  given: Values,
  declared: Model['declared'],
  pending: ReadonlyMap<string, PendingKey>,
): Values {
  for (const [name, column] of declared)
    if (isNullWithout(column) && !Object.hasOwn(given, name) && !pending.has(name))
      given[name] = null
  return given
}

/** Whether a row has null where nothing is given. */
function isNullWithout({ rule, allowsNull }: DeclaredColumn): boolean {
  return allowsNull && !rule.includes('generated')
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null
}
