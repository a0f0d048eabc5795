import { sql } from 'kysely'
import type { MayflyQuery } from '../../connection/driver.js'
import type { SqlSource } from '../../query/sql-source.js'
import type { DriverRow } from './driver-row.js'
import { anyOf, compiled, filtered } from './text-parts.js'

export function deleteText(
  source: SqlSource,
  table: string,
  rows: readonly DriverRow[],
): MayflyQuery {
  const text = sql`delete from ${sql.table(table)} where ${anyOf(rows)}`
  const { change } = rows[0]!
  return change.kind === 'insert' || !change.conditions
    ? compiled(source, text, rows.length)
    : filtered(source, text, change.conditions)
}
