import type { DialectValues } from '../../connection/dialect-values.js'
import { referencesInCircle, valueNoScalar, versionNoNumber } from '../../errors.js'
import { writeColumn } from '../../query/column-values.js'
import { isScalar } from '../../query/plan.js'
import { mayMoveOn, nextVersion } from '../../query/version.js'
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
  /** The column of a number that is a version and not known, so that the database moves it on. */
  readonly moved: string | undefined
  /** What the entity has from then on. */
  readonly made: RowValues
}

/** @throws InvalidArgumentError, which names table and column, never the value */
export function driverRow(change: RowChange, source: SqlSource): DriverRow {
  const { values } = source
  const { model } = change
  const made = change.kind === 'update' ? movedOn(change) : NOTHING
  const written = change.kind === 'delete' ? NOTHING : { ...change.values, ...made }
  const where = change.kind === 'insert' ? NOTHING : change.where
  const pending = change.kind === 'insert' ? [...change.pending.keys()] : []
  return {
    change,
    columns: columnsOf(source, model.table, [...Object.keys(written), ...pending]),
    values: [...driverValues(model, written, values), ...pending.map(() => PENDING)],
    where: columnsOf(source, model.table, Object.keys(where)),
    found: driverValues(model, where, values),
    moved: isUnknown(change) ? columnOf(source, model.table, model.version!) : undefined,
    made,
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

/** The version after an update, where it can be told. */
function movedOn(change: RowUpdate): RowValues {
  const { table, version, versionKind } = change.model
  if (version === undefined || versionKind === 'database' || isUnknown(change)) return NOTHING
  const known = change.where[version]
  if (!mayMoveOn(versionKind, known)) throw versionNoNumber(table, version)
  return { [version]: nextVersion(versionKind, change.model.column(version), known) }
}

/** Whether the version is a number that nobody has read. */
function isUnknown(change: RowChange): boolean {
  const { version, versionKind } = change.model
  if (change.kind !== 'update' || version === undefined || versionKind !== 'number') return false
  return change.where[version] === undefined
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
