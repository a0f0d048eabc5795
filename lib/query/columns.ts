import { InvalidArgumentError, invalidColumnValue } from '../errors.js'

/**
 * How the values of a declared column travel, so that they are the same JavaScript values on every dialect (U9).
 * `null` is `null` everywhere and never reaches a column.
 */
export interface Column<V> {
  /** What the driver gave, as the value the user sees. */
  fromDriver(value: unknown): V
  /** What the user gave, as something every driver stores right. */
  toDriver(value: V): unknown
}

class InvalidColumnValue extends Error {}

/**
 * A point in time, a `Date` on every dialect, with milliseconds. Text without a zone is UTC, and a number is milliseconds
 * since 1970. The text form of SQLite follows EF Core's SQLite provider.
 */
export function dateTime(): Column<Date> {
  return DATE_TIME
}

const DATE_TIME = Object.freeze<Column<Date>>({
  fromDriver(value) {
    if (value instanceof Date) return value
    if (typeof value === 'number') return new Date(value)
    if (typeof value !== 'string') throw unreadable('a point in time')
    const text = value.includes('T') ? value : value.replace(' ', 'T')
    const zoned = /(?:Z|[+-]\d\d:?\d\d)$/.test(text)
    const date = new Date(zoned ? text : text.length > 10 ? `${text}Z` : text)
    if (Number.isNaN(date.getTime())) throw unreadable('a point in time')
    return date
  },
  toDriver(value) {
    if (!(value instanceof Date) || Number.isNaN(value.getTime())) throw unwritable('a valid Date')
    return value
  },
})

/**
 * An exact decimal number as text, never a float. Without a scale trailing zeros are dropped ('12.50' reads '12.5'), because
 * not every database keeps them; `decimal({ scale: 2 })` reads '12.50' everywhere.
 * @param options.scale digits after the point that are always shown, 0 to 30
 */
export function decimal(options: { readonly scale?: number } = {}): Column<string> {
  const { scale } = options
  if (scale !== undefined && (!Number.isInteger(scale) || scale < 0 || scale > 30)) {
    throw new InvalidArgumentError(
      'The scale of decimal() must be a whole number of digits from 0 to 30.',
    )
  }
  return (DECIMALS[scale ?? 'any'] ??= decimalOf(scale))
}

/** A context declares its columns each time one is made, so those that are the same are one. */
const DECIMALS: Record<number | 'any', Column<string>> = Object.create(null)

function decimalOf(scale: number | undefined): Column<string> {
  return Object.freeze<Column<string>>({
    fromDriver(value) {
      const text =
        typeof value === 'number' && Number.isInteger(value) ? value.toFixed(0) : String(value)
      if (!DECIMAL.test(text)) throw unreadable('a decimal number')
      if (scale && text[text.length - scale - 1] === '.') return text
      const [whole = '0', fraction = ''] = text.split('.')
      const digits = fraction.replace(/0+$/, '').padEnd(scale ?? 0, '0')
      return digits === '' ? whole : `${whole}.${digits}`
    },
    toDriver(value) {
      if (typeof value !== 'string' || !DECIMAL.test(value))
        throw unwritable("a decimal number as text, like '12.50'")
      return value
    },
  })
}

const DECIMAL = /^-?\d+(?:\.\d+)?$/

/** `true` or `false`, where a database keeps 0 and 1. */
export function boolean(): Column<boolean> {
  return BOOLEAN
}

const BOOLEAN = Object.freeze<Column<boolean>>({
  fromDriver(value) {
    if (typeof value === 'boolean') return value
    if (value === 0 || value === 1) return value === 1
    if (Buffer.isBuffer(value) && value.length === 1) return value[0] === 1
    throw unreadable('true or false')
  },
  toDriver(value) {
    if (typeof value !== 'boolean') throw unwritable('true or false')
    return value
  },
})

/** A whole number of any size, a `bigint` on every dialect. */
export function bigInt(): Column<bigint> {
  return BIG_INT
}

const BIG_INT = Object.freeze<Column<bigint>>({
  fromDriver(value) {
    if (typeof value === 'bigint') return value
    if (typeof value === 'string' && /^-?\d+$/.test(value)) return BigInt(value)
    if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
    throw unreadable(
      'an exact whole number; give a mysql2 pool of your own supportBigNumbers: true',
    )
  },
  toDriver(value) {
    if (typeof value !== 'bigint') throw unwritable('a bigint')
    return value
  },
})

/** A JSON document, parsed. A database that parses by itself and one that keeps text give the same. */
export function json<V = unknown>(): Column<V> {
  return JSON_DOCUMENT
}

const JSON_DOCUMENT = Object.freeze<Column<any>>({
  fromDriver(value) {
    if (typeof value !== 'string') return value
    try {
      return JSON.parse(value)
    } catch {
      throw unreadable('JSON')
    }
  },
  toDriver(value) {
    const text = JSON.stringify(value) as string | undefined
    if (text === undefined) throw unwritable('something that JSON can express')
    return text
  },
})

/** The columns of one set that have a declared type. */
export type Columns = Readonly<Record<string, Column<any>>>

/**
 * Reads one column of rows, in place.
 * @throws InvalidArgumentError, which names table and column, never the value
 */
export function readColumn(
  table: string,
  name: string,
  column: Column<unknown>,
  rows: readonly Record<string, unknown>[],
): void {
  try {
    for (const row of rows) {
      const value = row[name]
      if (value === null || value === undefined) continue
      const read = column.fromDriver(value)
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
  column: Column<unknown>,
  value: unknown,
): unknown {
  if (value === null || value === undefined) return value
  try {
    return column.toDriver(value)
  } catch (error) {
    throw named(table, name, error)
  }
}

function named(table: string, name: string, error: unknown): unknown {
  return error instanceof InvalidColumnValue
    ? invalidColumnValue(table, name, error.message)
    : error
}

function unreadable(what: string): InvalidColumnValue {
  return new InvalidColumnValue(`holds something that is not ${what}`)
}

function unwritable(what: string): InvalidColumnValue {
  return new InvalidColumnValue(`takes ${what}`)
}
