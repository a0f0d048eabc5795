import type { QueryResult } from 'kysely'
import { databaseError, rowsMissing, upsertOfOther } from '../../errors.js'
import { readColumn } from '../../query/column-values.js'
import type { MayflyQuery } from '../../connection/driver.js'
import { propertiesOf } from '../../query/names/names-plugin.js'
import type { DeclaredSet } from '../../query/set-model.js'
import { columnOf, type SqlSource } from '../../query/sql-source.js'
import { identityOf, type Identity } from '../../query/identity.js'
import type { RowOutcome, RowValues } from '../row-change.js'
import type { DriverRow, InsertRow } from './driver-row.js'
import { asksAfterUpsert, keyFrom, runsEach, type InsertForm } from './insert-form.js'
import type { SaveSession } from './save-session.js'
import { sessionStep } from './mysql-session.js'
import { insertText, orderedInsertText, upsertText, type Returning } from './insert-texts.js'
import { readBackText } from './read-texts.js'

type Row = Record<string, unknown>

/** Runs one insert of one or several rows. @returns for each of them what the database made of it */
export async function insert(
  session: SaveSession,
  rows: readonly InsertRow[],
  form: InsertForm,
): Promise<RowOutcome[]> {
  const made = await madeOf(session, rows, form)
  return rows.map(({ change }, i) => ({ change, made: made[i]! }))
}

function madeOf(
  session: SaveSession,
  rows: readonly InsertRow[],
  form: InsertForm,
): Promise<RowValues[]> {
  const [row, ...others] = rows
  if (row?.change.conflict && others.length === 0) return upserted(session, row)
  return form === 'returning' ? returned(session, rows) : numbered(session, rows)
}

/** The row, new or not: by the statement that has written it, or by what it is known by. */
async function upserted(session: SaveSession, row: InsertRow): Promise<RowValues[]> {
  const { source } = session
  const { change } = row
  const { model, conflict = [], readBack } = change
  const returning = readBack && [...new Set([...model.keys, ...readBack])]
  // MySQL and MariaDB go by any unique key, so that it may be another row: the database is asked for the one that was meant.
  const isReturning = !asksAfterUpsert(model, source)
  const text = upsertText(source, row, isReturning ? returning : [])
  let got = await rowsOf(session, model, text)
  if (!isReturning) {
    const known = conflict.map(name => driverKey(source, row, change.values, name))
    got = await rowsOf(
      session,
      model,
      readBackText(source, model.table, conflict, [known], returning),
    )
  }
  if (got.length !== 1) throw otherRow(model.table, conflict)
  read(model, got, source.values)
  return [withoutGiven(row, got[0]!)]
}

/** What was given stays as it was given, but for the key and the version, which may be those of a row that was there. */
function withoutGiven(row: InsertRow, got: Row): RowValues {
  const { keys, version } = row.change.model
  const theirs = version === undefined ? keys : [...keys, version]
  return { ...without(row, got), ...Object.fromEntries(theirs.map(name => [name, got[name]])) }
}

/** The database gives the rows back. */
async function returned(session: SaveSession, rows: readonly InsertRow[]): Promise<RowValues[]> {
  const { source } = session
  const { change, columns } = rows[0]!
  const { model } = change
  const returning = returningOf(change, rows.length)
  const values = rows.map(row => row.values)
  const runs = runsEach(source)
  const isOrdered = rows.length > 1 && source.values.family === 'postgres' && !hasKey(change)
  const text = isOrdered ? orderedInsertText : insertText
  const query = text(source, model.table, columns, runs ? values.slice(0, 1) : values, returning)
  const got = await rowsOf(session, model, query, runs ? values : undefined)
  if (returning?.length === 0) return rows.map(() => NOTHING)
  if (got.length !== rows.length) throw missing(model.table, rows.length, got.length)
  read(model, got, source.values)
  const theirs =
    rows.length === 1 || runs
      ? got
      : hasKey(change)
        ? byKey(model, rows, got)
        : byNumber(model, got)
  return theirs.map((row, i) => without(rows[i]!, row))
}

const NOTHING: RowValues = {}

/** The database tells the first key, and those after it follow at a distance that the session tells. */
async function numbered(session: SaveSession, rows: readonly InsertRow[]): Promise<RowValues[]> {
  const { source } = session
  const { change, columns } = rows[0]!
  const { model, readBack } = change
  const distance = rows.length > 1 && !hasKey(change) ? await sessionStep(session) : 1n
  const values = rows.map(row => row.values)
  const result = await session.run<Row>(insertText(source, model.table, columns, values, []))
  checkCount(model.table, rows.length, result)
  const keys = rows.map(({ change: { values: given } }, i): RowValues => {
    if (hasKey(change)) return given
    const id = result.insertId
    return id === undefined
      ? NOTHING
      : { [model.key]: keyFrom(model, id + BigInt(i) * distance, source.values) }
  })
  const wanted = readBack?.filter(name => !model.keys.includes(name))
  if (wanted?.length === 0 || keys.some(key => identityOf(model, key) === undefined))
    return hasKey(change) ? rows.map(() => NOTHING) : keys
  const driverKeys = rows.map((row, i) =>
    model.keys.map(name => driverKey(source, row, keys[i]!, name)),
  )
  const text = readBackText(source, model.table, model.keys, driverKeys, wanted)
  const got = await rowsOf(session, model, text)
  if (got.length !== rows.length) throw missing(model.table, rows.length, got.length)
  read(model, got, source.values)
  const found = new Map(got.map(row => [identityOf(model, row), row]))
  return keys.map((key, i) => without(rows[i]!, found.get(identityOf(model, key)) ?? {}))
}

/** What the database has made of rows that were updated. */
export async function versionsOf(
  session: SaveSession,
  rows: readonly DriverRow[],
): Promise<RowOutcome[]> {
  const { source } = session
  const { model } = rows[0]!.change
  const { table, keys, version } = model
  const keyValues = rows.map(({ found }) => found.slice(0, keys.length))
  const text = readBackText(source, table, keys, keyValues, [version!])
  const got = await rowsOf(session, model, text)
  if (got.length !== rows.length) throw missing(table, rows.length, got.length)
  read(model, got, source.values)
  const found = new Map(got.map(row => [identityOf(model, row), row]))
  return rows.map(({ change }) => {
    const row = found.get(identityOf(model, change.kind === 'insert' ? {} : change.where))
    return { change, made: { [version!]: row?.[version!] } }
  })
}

async function rowsOf(
  session: SaveSession,
  { table }: DeclaredSet,
  query: MayflyQuery,
  runs: readonly (readonly unknown[])[] = [],
): Promise<readonly Row[]> {
  const { rows } =
    runs.length > 1 ? await session.runEach<Row>(query, runs) : await session.run<Row>(query)
  return propertiesOf(session.source, table, rows)
}

function driverKey(source: SqlSource, row: InsertRow, key: RowValues, name: string): unknown {
  const index = row.columns.indexOf(columnOf(source, row.change.model.table, name))
  return index < 0 ? key[name] : row.values[index]
}

/** All of the row where the set does not know what it has; else what the database makes, and the key by which rows are told apart. */
function returningOf({ model, readBack }: InsertRow['change'], count: number): Returning {
  if (readBack === undefined || readBack.length === 0 || count === 1) return readBack
  return [...new Set([...model.keys, ...readBack])]
}

function hasKey({ model, values }: InsertRow['change']): boolean {
  return model.keys.every(name => Object.hasOwn(values, name))
}

function read(
  model: DeclaredSet,
  rows: readonly Row[],
  dialect: SaveSession['source']['values'],
): void {
  for (const [name, column] of model.declared)
    if (Object.hasOwn(rows[0]!, name)) readColumn(model.table, name, column, rows, dialect, false)
}

/** Rows that come back in any order have the keys that were given. */
function byKey(model: DeclaredSet, rows: readonly InsertRow[], got: readonly Row[]): Row[] {
  const found = new Map<Identity | undefined, Row>(got.map(row => [identityOf(model, row), row]))
  return rows.map(({ change }) => {
    const row = found.get(identityOf(model, change.values))
    if (!row) throw missing(model.table, rows.length, rows.length - 1)
    return row
  })
}

/** Keys were made in the order of the rows, and come back in any: the least one is the first one's. */
function byNumber({ key }: DeclaredSet, got: readonly Row[]): Row[] {
  return got.toSorted((a, b) => (BigInt(a[key] as number) < BigInt(b[key] as number) ? -1 : 1))
}

/** What was given stays as it was given. */
function without({ change: { values } }: InsertRow, row: Row): RowValues {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !Object.hasOwn(values, name)))
}

function checkCount(
  table: string,
  wanted: number,
  { numAffectedRows }: QueryResult<unknown>,
): void {
  if (numAffectedRows !== undefined && numAffectedRows !== BigInt(wanted))
    throw missing(table, wanted, Number(numAffectedRows))
}

function otherRow(table: string, conflict: readonly string[]): Error {
  return databaseError(
    { kind: 'unique', advice: upsertOfOther(table, conflict) },
    undefined,
    undefined,
  )
}

function missing(table: string, wanted: number, got: number): Error {
  return databaseError(
    { kind: 'other', advice: rowsMissing(table, wanted, got) },
    undefined,
    undefined,
  )
}
