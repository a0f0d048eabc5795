import { InvalidArgumentError } from '../errors.js'
import type { ColumnValue } from './column.js'
import { DeclaredColumn } from './declared-column.js'

/**
 * A column that has another name than its property: the property is what the interface says, and what the set, its objects and `kysely` speak of.
 * @param name as the database has it
 * @param type of its values; without one they are what the driver gives
 * @throws InvalidArgumentError for what can be no name, or no type
 * @example columns: { userId: column('user_id'), createdAt: column('created_at', dateTime()) }
 */
export function column(name: string): ColumnValue<any>
export function column<C extends ColumnValue<any>>(name: string, type: C): C
export function column(name: unknown, type?: unknown): unknown {
  if (typeof name !== 'string' || name === '' || !name.isWellFormed() || /[.\0]/.test(name))
    throw new InvalidArgumentError(
      "column() takes the name that the database has: column('user_id').",
    )
  if (type === undefined) return UNTYPED.named(name)
  const value = type as Partial<ColumnValue<any>> | null
  if (typeof value?.fromDriver !== 'function' || typeof value.toDriver !== 'function')
    throw new InvalidArgumentError(
      "column() takes a column type after the name: column('created_at', dateTime()).",
    )
  return DeclaredColumn.of(value as ColumnValue<any>).named(name)
}

const UNTYPED = DeclaredColumn.required({
  type: 'custom',
  fromDriver: value => value,
  toDriver: (value: unknown) => value,
})

/** Whether only the name of a column is declared. */
export function isUntyped(declared: DeclaredColumn): boolean {
  return declared.toDriver === UNTYPED.toDriver
}
