import type { DialectValues } from '../../connection/dialect-values.js'
import { referencesInCircle, valueNoScalar, versionNoNumber } from '../../errors.js'
import { writeColumn } from '../../query/column-values.js'
import { isScalar } from '../../query/plan.js'
import type { DeclaredSet } from '../../query/set-model.js'
import { columnOf, columnsOf, type SqlSource } from '../../query/sql-source.js'
import type { RowChange, RowDelete, RowInsert, RowUpdate, RowValues } from '../row-change.js'

/** A change with its values as the driver takes them: made before anything is sent, so that a value that cannot be written stops the whole save. */
export interface DriverRow<C extends RowChange = RowChange> {
  readonly change: C
  /** The columns that are written, and their values. */
  readonly columns: readonly string[]
  readonly values: readonly unknown[]
  /** The columns that find the row, and their values. */
  readonly where: readonly string[]
  readonly found: readonly unknown[]
  /** The column of a version that is not known, so that the database moves it on. */
  readonly moved: string | undefined
}

/** @throws InvalidArgumentError, which names table and column, never the value */
export function driverRow(change: RowChange, source: SqlSource): DriverRow {
  const { values } = source
  const { model } = change
  const { version } = model
  const isUnknown =
    change.kind === 'update' && version !== undefined && change.where[version] === undefined
  const written = change.kind === 'delete' ? NOTHING : valuesOf(change)
  const where = change.kind === 'insert' ? NOTHING : change.where
  const pending = change.kind === 'insert' ? [...change.pending.keys()] : []
  return {
    change,
    columns: columnsOf(source, model.table, [...Object.keys(written), ...pending]),
    values: [...driverValues(model, written, values), ...pending.map(() => PENDING)],
    where: columnsOf(source, model.table, Object.keys(where)),
    found: driverValues(model, where, values),
    moved: isUnknown ? columnOf(source, model.table, version) : undefined,
  }
}

/** In the place of a key that the database has not made yet. */
const PENDING = null

/**
 * A new row with the keys that it had to wait for.
 * @param made what the database has made of rows that were inserted before it; `undefined` for one that was not
 */
export function withKeys(
  row: DriverRow,
  made: (entity: object) => RowValues | undefined,
  source: SqlSource,
): DriverRow {
  const { change } = row
  if (change.kind !== 'insert' || change.pending.size === 0) return row
  const taken: Record<string, unknown> = {}
  for (const [name, { entity, column }] of change.pending) {
    const key = made(entity)?.[column]
    if (key === undefined) throw referencesInCircle(change.model.table)
    taken[name] = key
  }
  const values = { ...change.values, ...taken }
  return driverRow({ ...change, values, pending: NO_KEYS }, source)
}

const NO_KEYS: RowInsert['pending'] = new Map()

export type InsertRow = DriverRow<RowInsert>
export type UpdateRow = DriverRow<RowUpdate>
export type DeleteRow = DriverRow<RowDelete>

const NOTHING: RowValues = {}

/** An update moves the version on. */
function valuesOf(change: RowInsert | RowUpdate): RowValues {
  const { version } = change.model
  if (change.kind === 'insert' || version === undefined) return change.values
  const known = change.where[version]
  if (known === undefined) return change.values
  if (!mayMoveOn(known)) throw versionNoNumber(change.model.table, version)
  return { ...change.values, [version]: next(known) }
}

/** PostgreSQL gives a bigint whose type is not declared as text. */
function mayMoveOn(version: unknown): boolean {
  if (typeof version === 'string') return /^-?\d+$/.test(version)
  return typeof version !== 'object' || version === null
}

/** What the version of a row becomes. */
export function next(version: unknown): unknown {
  if (typeof version === 'bigint') return version + 1n
  if (typeof version === 'string') return String(BigInt(version) + 1n)
  return typeof version === 'number' ? version + 1 : 1
}

function driverValues(model: DeclaredSet, values: RowValues, dialect: DialectValues): unknown[] {
  const { table } = model
  return Object.entries(values).map(([name, value]) => {
    const column = model.column(name)
    if (column) return writeColumn(table, name, column, value, dialect)
    if (value === null || (isScalar(value) && !Number.isNaN(value))) return value
    throw valueNoScalar(table, name)
  })
}
