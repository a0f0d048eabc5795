import type { SqlSource } from '../../query/sql-source.js'
import type { DialectValues } from '../../connection/dialect-values.js'
import type { DeclaredSet } from '../../query/set-model.js'
import type { RowChange, RowInsert } from '../row-change.js'
import type { DriverRow } from './driver-row.js'
import { isMariadb, isStrict } from './mysql-session.js'
import type { SaveSession } from './save-session.js'

/** How the database tells what it made of new rows: it gives them back, or it tells the first of their keys. */
export type InsertForm = 'returning' | 'numbered'

export async function insertFormOf(session: SaveSession): Promise<InsertForm> {
  const { adapter, values } = session.source
  if (adapter.supportsReturning) return 'returning'
  return values.family === 'mysql' && (await isMariadb(session)) ? 'returning' : 'numbered'
}

/**
 * Whether several new rows may share a statement, so that each gets the key of its own: keys that were given, or numbers that are made in the order of
 * the rows. A server that is not strict makes 0 of what it refuses in a single row.
 */
export async function mayShare(session: SaveSession): Promise<(row: DriverRow) => boolean> {
  const { source } = session
  const { family } = source.values
  if (family === 'other')
    return ({ change }) => change.kind !== 'insert' && mayShareOne(change, source)
  const isOff = family === 'mysql' && !(await isStrict(session))
  return row => {
    const { change } = row
    if (change.kind !== 'insert') return mayShareOne(change, source)
    if (change.conflict) return false
    if (isOff || row.columns.length === 0 || refersToItself(change.model)) return false
    if (runsEach(source)) return true
    const { model, values } = change
    if (model.keys.every(name => Object.hasOwn(values, name))) return true
    return model.keys.length === 1 && mayMakeNumbers(model)
  }
}

/** SQLite promises no order of the rows of a statement: several new ones are runs of one statement, in one message. */
export function runsEach({ values }: SqlSource): boolean {
  return values.family === 'sqlite'
}

/**
 * Whether a second statement tells what an upsert has done: MySQL and MariaDB give nothing back, or another row; and what SQLite gives back is what was there
 * before its triggers.
 */
export function asksAfterUpsert({ versionKind }: DeclaredSet, { values }: SqlSource): boolean {
  return values.family === 'mysql' || (values.family === 'sqlite' && versionKind === 'database')
}

/** Whether it has yet to be seen that the database makes numbers for these rows, by the first of them. */
export function isUnsure({ model, values }: RowInsert, source: SqlSource): boolean {
  return !runsEach(source) && !Object.hasOwn(values, model.key) && !makesNumbers(source, model)
}

function mayMakeNumbers(model: DeclaredSet): boolean {
  const type = model.column(model.key)?.type
  return type === undefined || NUMBERS.has(type)
}

const NUMBERS: ReadonlySet<string> = new Set(['integer', 'bigInt'])

/** Rows that refer to each other are deleted one after the other, and what a filter asks is asked of each; how several are written at once in an unknown language is not known. */
export function mayShareOne(change: RowChange, { values }: SqlSource): boolean {
  const { kind, model } = change
  if (kind !== 'insert' && change.conditions) return false
  return kind === 'delete' ? !refersToItself(model) : values.family !== 'other'
}

const numberedTables = new WeakMap<SqlSource, Set<string>>()

/** Whether the keys that the database makes for a table are numbers: by the declared type, or by one that was seen. */
function makesNumbers(source: SqlSource, model: DeclaredSet): boolean {
  const type = model.column(model.key)?.type
  if (type !== undefined) return NUMBERS.has(type)
  return source.values.family === 'mysql' || (numberedTables.get(source)?.has(model.table) ?? false)
}

/** How many tables are remembered to have numbers for keys. */
const MOST_TABLES = 1000

/** A key that came back from a table whose set does not say what its keys are. */
export function noteKey(source: SqlSource, { table }: DeclaredSet, made: unknown): void {
  if (typeof made !== 'number' && typeof made !== 'bigint') return
  let tables = numberedTables.get(source)
  if (!tables) numberedTables.set(source, (tables = new Set()))
  if (tables.size >= MOST_TABLES) tables.clear()
  tables.add(table)
}

/** A key that the database told as a number, as rows of the set have it. */
export function keyFrom(model: DeclaredSet, id: bigint, dialect: DialectValues): unknown {
  const { keyColumn } = model
  if (keyColumn) return keyColumn.fromDriver(id, dialect)
  const number = Number(id)
  return Number.isSafeInteger(number) ? number : String(id)
}

/** Rows of one statement may be looked at in any order, so that one that refers to another must come after it. */
function refersToItself({ table, references }: DeclaredSet): boolean {
  return Object.values(references).includes(table)
}
