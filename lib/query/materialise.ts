import type { RootOperationNode } from 'kysely'
import { readColumn } from './column-values.js'
import { withProperties } from './names/names-plugin.js'
import { columnsIn } from './selected-columns.js'
import type { DeclaredSet } from './set-model.js'
import type { SqlSource } from './sql-source.js'

/**
 * Rows of a driver become the objects that a user gets: the one place where they do, for `find`, lists and streams. The rows are fresh and
 * nobody else has them, so each becomes its object in place, column by column. Whoever wants the driver's values must take them before.
 * @param query what gave the rows
 * @param isPart whether they are not simply the rows of the table
 * @throws InvalidArgumentError for a value that is not what its column declares; it names table and column, never the value
 */
export function materialise<O>(
  model: DeclaredSet,
  rows: readonly unknown[],
  { names, values }: Pick<SqlSource, 'names' | 'values'>,
  query: RootOperationNode,
  isPart: boolean,
): O[] {
  if (rows.length === 0) return rows as O[]
  const named = names ? withProperties(names, query, rows) : rows
  const columns = isPart ? columnsIn(query, model, names) : model.declared
  const { table } = model
  const whole = model.complete && !isPart
  for (const [name, column] of columns) {
    const refusesNull = whole && !column.allowsNull
    readColumn(table, name, column, named as Record<string, unknown>[], values, refusesNull)
  }
  return named as O[]
}
