import { sql } from 'kysely'
import type { MayflyQuery } from '../../connection/driver.js'
import { columnsOf, type SqlSource } from '../../query/sql-source.js'
import type { DriverRow } from './driver-row.js'
import type { Returning } from './insert-texts.js'
import { anyOf, compiled, names } from './text-parts.js'

/** Which of these rows are there, by their keys and versions. @param locks whether to lock them, so that what is read is what is there now */
export function presentText(
  source: SqlSource,
  table: string,
  rows: readonly DriverRow[],
  locks: boolean,
): MayflyQuery {
  const lock = locks ? sql` for update` : sql``
  const keys = columnsOf(source, table, rows[0]!.change.model.keys)
  const text = sql`select ${names(keys)} from ${sql.table(table)} where ${anyOf(rows)}${lock}`
  return compiled(source, text, rows.length)
}

/** All or some columns of rows with these keys. @param keys and @param columns are properties */
export function readBackText(
  source: SqlSource,
  table: string,
  keys: readonly string[],
  values: readonly (readonly unknown[])[],
  columns: Returning,
): MayflyQuery {
  const where = columnsOf(source, table, keys)
  const found = values.map(row => ({ where, found: row }))
  const list = columns ? names([...where, ...columnsOf(source, table, columns)]) : sql`*`
  return compiled(
    source,
    sql`select ${list} from ${sql.table(table)} where ${anyOf(found)}`,
    values.length,
  )
}
