import { sql, type Expression, type RawBuilder } from 'kysely'
import type { DialectValues } from '../connection/dialect-values.js'
import { afterWithoutColumn } from '../errors.js'
import { operand, wide } from './arguments.js'
import type { DeclaredSet } from './set-model.js'
import type { Order } from './statement.js'

/** An order in which no two rows are equal: by the key as well, where that is not in it. */
export function totalOrder(order: readonly Order[], { keys }: DeclaredSet): Order[] {
  const ascending = order.at(-1)?.ascending ?? true
  const missing = keys.filter(name => !order.some(({ column }) => column === name))
  return [...order, ...missing.map(column => ({ column, ascending }))]
}

/**
 * Rows that come after a row in an order: greater by its first column, or equal in that and greater by the next one, and so on. NULL is before everything
 * else when a column ascends, and after it when it descends (U13).
 * @throws InvalidArgumentError for a row without one of the columns
 */
export function afterRow(
  model: DeclaredSet,
  order: readonly Order[],
  row: Readonly<Record<string, unknown>>,
  dialect: DialectValues,
): Expression<boolean> {
  const whole: RawBuilder<boolean>[] = []
  let equal: RawBuilder<boolean>[] = []
  for (const { column, ascending } of order) {
    const given = row === null ? undefined : row[column]
    if (given === undefined) throw afterWithoutColumn(model.table, column)
    const value = wide(operand(model, column, '=', given, dialect), dialect)
    const beyond = beyondOf(sql.ref(column), value, ascending)
    if (beyond) whole.push(sql<boolean>`(${sql.join([...equal, beyond], sql` and `)})`)
    const same =
      value === null
        ? sql<boolean>`${sql.ref(column)} is null`
        : sql<boolean>`${sql.ref(column)} = ${value}`
    equal = [...equal, same]
  }
  return whole.length > 0 ? sql<boolean>`(${sql.join(whole, sql` or `)})` : sql<boolean>`1 = 0`
}

function beyondOf(
  column: RawBuilder<unknown>,
  value: unknown,
  ascending: boolean,
): RawBuilder<boolean> | undefined {
  if (value === null) return ascending ? sql<boolean>`${column} is not null` : undefined
  return ascending
    ? sql<boolean>`${column} > ${value}`
    : sql<boolean>`(${column} < ${value} or ${column} is null)`
}
