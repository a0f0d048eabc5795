import { ANY_DIALECT, type DialectValues } from '../connection/dialect-values.js'
import { invalidColumnValue, invalidDefault } from '../errors.js'
import type { AnyColumn, ColumnValue } from './column.js'

/** What is wrong with a value, before it is known which column it is of. */
class InvalidColumnValue extends Error {}

/**
 * Reads one column of rows, in place.
 * @param refusesNull whether a null, or nothing at all, is not what was declared
 * @throws InvalidArgumentError, which names table and column, never the value
 */
export function readColumn(
  table: string,
  name: string,
  column: ColumnValue<unknown>,
  rows: readonly Record<string, unknown>[],
  dialect: DialectValues,
  refusesNull: boolean,
): void {
  try {
    for (const row of rows) {
      const value = row[name]
      if (value === null || value === undefined) {
        if (refusesNull)
          throw new InvalidColumnValue('holds NULL; declare it as nullable(), or mend the rows')
        continue
      }
      const read = column.fromDriver(value, dialect)
      if (read !== value) row[name] = read
    }
  } catch (error) {
    throw named(table, name, error)
  }
}

/** @throws InvalidArgumentError, which names table and column, never the value */
export function writeColumn(
  table: string,
  name: string,
  column: ColumnValue<any>,
  value: unknown,
  dialect: DialectValues,
): unknown {
  if (value === null || value === undefined) return value
  try {
    return column.toDriver(value, dialect)
  } catch (error) {
    throw named(table, name, error)
  }
}

/** @throws InvalidArgumentError for a default that its column does not take */
export function checkDefault(column: AnyColumn, value: unknown): void {
  try {
    if (value !== null && value !== undefined) return void column.toDriver(value, ANY_DIALECT)
  } catch (error) {
    if (!(error instanceof InvalidColumnValue)) throw error
    throw invalidDefault(column.type, error.message)
  }
  throw invalidDefault(column.type, 'takes a value; without a default null is what is left out')
}

function named(table: string, name: string, error: unknown): unknown {
  return error instanceof InvalidColumnValue
    ? invalidColumnValue(table, name, error.message)
    : error
}

/** For what a driver gave. @param what it is not */
export function unreadable(what: string): Error {
  return new InvalidColumnValue(`holds something that is not ${what}`)
}

/** For what a driver gave. @param what `text in another form than ...` */
export function misread(what: string): Error {
  return new InvalidColumnValue(`holds ${what}`)
}

/** For what a user gave. @param what the column takes */
export function unwritable(what: string): Error {
  return new InvalidColumnValue(`takes ${what}`)
}
