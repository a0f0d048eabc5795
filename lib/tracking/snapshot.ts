import { equalValues, snapshotValue } from '../query/compare.js'
import type { DeclaredSet } from '../query/set-model.js'

export type Values = Record<string, unknown>

/** What an object holds of its row: not what it leads to. */
export function columnsOf({ relations }: DeclaredSet, entity: Readonly<Values>): Values {
  const columns: Values = {}
  for (const name of Object.keys(entity))
    if (entity[name] !== undefined && !Object.hasOwn(relations, name)) columns[name] = entity[name]
  return columns
}

/** A copy that tells later what has changed, also of a date, bytes or a document that was changed in place. */
export function snapshotOf(model: DeclaredSet, row: Readonly<Values>): Values {
  const copy: Values = { ...row }
  for (const name in copy) {
    const value = copy[name]
    if (typeof value === 'object' && value !== null) copy[name] = copyOf(model, name, value)
  }
  return copy
}

/** A value of one column, so that it stays as it is. */
export function copyOf(model: DeclaredSet, name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const column = model.column(name)
  return column ? column.snapshot(value) : snapshotValue(value)
}

/** Whether the database would see no difference. */
export function isSame(model: DeclaredSet, name: string, a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (a === null || b === null || a === undefined || b === undefined) return false
  const column = model.column(name)
  return column ? column.equals(a, b) : equalValues(a, b)
}
