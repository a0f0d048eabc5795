import { sql, type RawBuilder } from 'kysely'
import type { MayflyQuery } from '../../connection/driver.js'
import type { SqlSource } from '../../query/sql-source.js'
import type { DriverRow } from './driver-row.js'
import { remembered } from './remembered-text.js'
import {
  AND,
  anyOf,
  filtered,
  matching,
  movedOn,
  of,
  tuple,
  typed,
  VALUES,
  VALUES_NAME,
} from './text-parts.js'

/** Those of several rows that are there, and how many these are. */
const THERE = sql.id('mayfly_t')
const COUNTED = sql.id('mayfly_c')

/** One row. */
export function updateText(source: SqlSource, table: string, row: DriverRow): MayflyQuery {
  const { change } = row
  if (change.kind === 'insert' || !change.conditions)
    return remembered(source, table, [row], singleUpdate)
  return filtered(source, singleUpdate(table, [row]), change.conditions)
}

function singleUpdate(table: string, [row]: readonly DriverRow[]): RawBuilder<unknown> {
  const set = row!.columns.map((name, i) => sql`${sql.id(name)} = ${row!.values[i]}`)
  set.push(...unknownVersion(table, row!))
  return sql`update ${sql.table(table)} set ${sql.join(set)} where ${matching(row!)}`
}

/**
 * Several rows that write the same columns, all of them or none: where one of them is not there as it was known, no row is touched. The rows are joined with
 * a list of their values, never `case`, which has one type for all rows and touches others.
 */
export function groupedUpdateText(
  source: SqlSource,
  table: string,
  rows: readonly DriverRow[],
): MayflyQuery {
  const { family } = source.values
  const write =
    family === 'mysql' ? joinedUpdate : family === 'postgres' ? typedUpdate : plainUpdate
  return remembered(source, table, rows, write)
}

/** A version that is not known. */
function unknownVersion(table: string, { moved }: DriverRow): RawBuilder<unknown>[] {
  return moved === undefined ? [] : [movedOn(table, moved)]
}

/** MySQL and MariaDB: the rows that are there are counted, and locked, by the statement that writes them. */
function joinedUpdate(table: string, rows: readonly DriverRow[]): RawBuilder<unknown> {
  const { columns, where } = rows[0]!
  const list = rows.map(({ found, values }) => [...found, ...values])
  const v = (index: number) => sql.id(VALUES_NAME, `c${index}`)
  const on = where.map((name, i) => sql`${of(table, name)} = ${v(i)}`)
  const set = columns.map((name, i) => sql`${of(table, name)} = ${v(where.length + i)}`)
  set.push(...unknownVersion(table, rows[0]!))
  const there = sql`select ${sql.id(where[0]!)} from ${sql.table(table)} where ${anyOf(rows)} for update`
  return sql`update ${sql.table(table)} join (${sql.join(list.map(selected), sql` union all `)}) as ${VALUES} on ${sql.join(on, AND)} join (select count(*) as n from (${there}) as ${THERE}) as ${COUNTED} on ${COUNTED}.n = ${sql.lit(rows.length)} set ${sql.join(set)}`
}

/** PostgreSQL: the first row takes the types of the table, and is none of them. */
function typedUpdate(table: string, rows: readonly DriverRow[]): RawBuilder<unknown> {
  const { columns, where } = rows[0]!
  const all = [...where, ...columns]
  const list = rows.map(({ found, values }) => [...found, ...values])
  const v = (index: number) => sql.id(VALUES_NAME, `c${index}`)
  const on = where.map((name, i) => sql`${of(table, name)} = ${v(i)}`)
  const set = columns.map((name, i) => sql`${sql.id(name)} = ${v(where.length + i)}`)
  set.push(...unknownVersion(table, rows[0]!))
  const t = sql.table(table)
  const aliases = sql.join(all.map((_, i) => sql.id(`c${i}`)))
  const values = sql`values ${typed(table, all, false)}, ${sql.join(list.map(tuple))}`
  const there = sql`select 1 from ${t} join ${VALUES} on ${sql.join(on, AND)} order by ${v(0)} for update of ${sql.id(table.split('.').at(-1)!)}`
  return sql`with ${VALUES} (${aliases}) as (${values}), ${THERE} as (${there}) update ${t} set ${sql.join(set)} from ${VALUES} where ${sql.join(on, AND)} and (select count(*) from ${THERE}) = ${sql.lit(rows.length)}`
}

/** SQLite. */
function plainUpdate(table: string, rows: readonly DriverRow[]): RawBuilder<unknown> {
  const { columns, where } = rows[0]!
  const list = rows.map(({ found, values }) => [...found, ...values])
  const v = (index: number) => sql.id(VALUES_NAME, `column${index + 1}`)
  const on = where.map((name, i) => sql`${of(table, name)} = ${v(i)}`)
  const set = columns.map((name, i) => sql`${sql.id(name)} = ${v(where.length + i)}`)
  set.push(...unknownVersion(table, rows[0]!))
  const t = sql.table(table)
  const there = sql`select count(*) from ${t} join ${VALUES} on ${sql.join(on, AND)}`
  return sql`with ${VALUES} as (values ${sql.join(list.map(tuple))}) update ${t} set ${sql.join(set)} from ${VALUES} where ${sql.join(on, AND)} and (${there}) = ${sql.lit(rows.length)}`
}

function selected(values: readonly unknown[], index: number): RawBuilder<unknown> {
  const columns = values.map((value, i) =>
    index > 0 ? sql`${value}` : sql`${value} as ${sql.id(`c${i}`)}`,
  )
  return sql`select ${sql.join(columns)}`
}
