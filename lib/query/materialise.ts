import type { RootOperationNode } from 'kysely'
import type { DialectValues } from '../connection/dialect-values.js'
import { readColumn } from './column-values.js'
import { columnsIn } from './selected-columns.js'
import type { DeclaredSet } from './set-model.js'

/**
 * Rows of a driver become the objects that a user gets: the one place where they do, for `find`, lists and streams. The rows are fresh and
 * nobody else has them, so each becomes its object in place, column by column. Whoever wants the driver's values must take them before.
 * @param query what gave the rows, where they are not simply the rows of the table
 * @throws InvalidArgumentError for a value that is not what its column declares; it names table and column, never the value
 */
export function materialise<O>(
  model: DeclaredSet,
  rows: readonly unknown[],
  dialect: DialectValues,
  query?: RootOperationNode,
): O[] {
  if (rows.length > 0) {
    const columns = query ? columnsIn(query, model) : model.declared
    const { table } = model
    const whole = model.complete && !query
    for (const [name, column] of columns) {
      const refusesNull = whole && !column.allowsNull
      readColumn(table, name, column, rows as Record<string, unknown>[], dialect, refusesNull)
    }
  }
  return rows as O[]
}
