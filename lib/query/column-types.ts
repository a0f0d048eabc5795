import { InvalidArgumentError } from '../errors.js'
import { unreadable, unwritable } from './column-values.js'
import type { Column, JsonColumn } from './column.js'
import {
  equalBytes,
  equalDates,
  equalDocuments,
  snapshotBytes,
  snapshotDate,
  snapshotDocument,
} from './compare.js'
import { DeclaredColumn, type ValueType } from './declared-column.js'

/**
 * A point in time, a `Date` on every dialect, with milliseconds. Text without a zone is UTC, and a number is milliseconds
 * since 1970. The text form of SQLite follows EF Core's SQLite provider.
 */
export function dateTime(): Column<Date, 'required'> {
  return DATE_TIME as never
}

const DATE_TIME = DeclaredColumn.required({
  type: 'dateTime',
  fromDriver(value) {
    if (value instanceof Date) return value
    if (typeof value === 'number') return new Date(value)
    if (typeof value !== 'string') throw unreadable('a point in time')
    const iso = value.includes('T') ? value : value.replace(' ', 'T')
    const zoned = /(?:Z|[+-]\d\d:?\d\d)$/.test(iso)
    // A date without a time is UTC by itself.
    const date = new Date(zoned || iso.length <= 10 ? iso : `${iso}Z`)
    if (Number.isNaN(date.getTime())) throw unreadable('a point in time')
    return date
  },
  toDriver(value: unknown) {
    if (!(value instanceof Date) || Number.isNaN(value.getTime())) throw unwritable('a valid Date')
    return value
  },
  equals: equalDates,
  snapshot: snapshotDate,
})

/**
 * An exact decimal number as text, never a float. Without a scale trailing zeros are dropped ('12.50' reads '12.5'), because
 * not every database keeps them; `decimal({ scale: 2 })` reads '12.50' everywhere. '12.5' and '12.50' are equal.
 * @param options.scale digits after the point that are always shown, 0 to 30
 */
export function decimal(options: { readonly scale?: number } = {}): Column<string, 'required'> {
  const { scale } = options
  if (scale !== undefined && (!Number.isInteger(scale) || scale < 0 || scale > 30)) {
    throw new InvalidArgumentError(
      'The scale of decimal() must be a whole number of digits from 0 to 30.',
    )
  }
  return (DECIMALS[scale ?? 'any'] ??= DeclaredColumn.required(decimalOf(scale))) as never
}

/** A context declares its columns each time one is made, so those that are the same are one. */
const DECIMALS: Record<number | 'any', DeclaredColumn> = Object.create(null)

function decimalOf(scale: number | undefined): ValueType {
  return {
    type: 'decimal',
    fromDriver(value) {
      const number =
        typeof value === 'number' && Number.isInteger(value) ? value.toFixed(0) : String(value)
      if (!DECIMAL.test(number)) throw unreadable('a decimal number')
      if (scale && number[number.length - scale - 1] === '.') return number
      const [whole = '0', fraction = ''] = number.split('.')
      const digits = fraction.replace(/0+$/, '').padEnd(scale ?? 0, '0')
      return digits === '' ? whole : `${whole}.${digits}`
    },
    toDriver(value: unknown) {
      if (typeof value !== 'string' || !DECIMAL.test(value))
        throw unwritable("a decimal number as text, like '12.50'")
      return value
    },
    equals: (a: string, b: string) => a === b || shortest(a) === shortest(b),
  }
}

const DECIMAL = /^-?\d+(?:\.\d+)?$/

/** The one text of a decimal number that has no digit too many. */
function shortest(number: string): string {
  const digits = number.replace(/^(-?)0+(?=\d)/, '$1').replace(/(?:\.0*|(\.\d*?)0+)$/, '$1')
  return digits === '-0' ? '0' : digits
}

/** `true` or `false`, where a database keeps 0 and 1. */
export function boolean(): Column<boolean, 'required'> {
  return BOOLEAN as never
}

const BOOLEAN = DeclaredColumn.required({
  type: 'boolean',
  fromDriver(value) {
    if (typeof value === 'boolean') return value
    if (value === 0 || value === 1) return value === 1
    if (Buffer.isBuffer(value) && value.length === 1) return value[0] === 1
    throw unreadable('true or false')
  },
  toDriver(value: unknown) {
    if (typeof value !== 'boolean') throw unwritable('true or false')
    return value
  },
})

const WHOLE = /^-?\d+$/

/** A whole number of any size, a `bigint` on every dialect. */
export function bigInt(): Column<bigint, 'required'> {
  return BIG_INT as never
}

const BIG_INT = DeclaredColumn.required({
  type: 'bigInt',
  fromDriver(value) {
    if (typeof value === 'bigint') return value
    if (typeof value === 'string' && WHOLE.test(value)) return BigInt(value)
    if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
    throw unreadable(
      'an exact whole number; give a mysql2 pool of your own supportBigNumbers: true',
    )
  },
  toDriver(value: unknown) {
    if (typeof value !== 'bigint') throw unwritable('a bigint')
    return value
  },
})

/** A whole number that a JavaScript number holds exactly. For larger ones there is `bigInt()`. */
export function integer(): Column<number, 'required'> {
  return INTEGER as never
}

const INTEGER = DeclaredColumn.required({
  type: 'integer',
  fromDriver(value) {
    const isWhole = typeof value === 'bigint' || (typeof value === 'string' && WHOLE.test(value))
    const number = isWhole ? Number(value) : value
    if (Number.isSafeInteger(number)) return number
    throw unreadable(
      'a whole number that a JavaScript number can hold; for larger ones use bigInt()',
    )
  },
  toDriver(value: unknown) {
    if (!Number.isSafeInteger(value)) throw unwritable('a whole number')
    return value
  },
})

/** A floating point number, as the database keeps it: inexact. For money there is `decimal()`. */
export function real(): Column<number, 'required'> {
  return REAL as never
}

const REAL = DeclaredColumn.required({
  type: 'real',
  fromDriver(value) {
    if (typeof value === 'number') return value
    throw unreadable('a floating point number; for exact ones use decimal()')
  },
  toDriver(value: unknown) {
    if (!Number.isFinite(value)) throw unwritable('a finite number')
    return value
  },
})

/** Text. */
export function text(): Column<string, 'required'> {
  return TEXT as never
}

const TEXT = DeclaredColumn.required({
  type: 'text',
  fromDriver(value) {
    if (typeof value !== 'string') throw unreadable('text')
    return value
  },
  toDriver(value: unknown) {
    // Half a character of two would be stored as a question mark.
    if (typeof value !== 'string' || !value.isWellFormed()) throw unwritable('well-formed text')
    return value
  },
})

/** Bytes, a `Buffer` on every dialect. Any `Uint8Array` is taken. */
export function bytes(): Column<Buffer, 'required'> {
  return BYTES as never
}

const BYTES = DeclaredColumn.required({
  type: 'bytes',
  fromDriver(value) {
    if (Buffer.isBuffer(value)) return value
    if (!(value instanceof Uint8Array)) throw unreadable('bytes')
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  },
  toDriver(value: unknown) {
    if (!(value instanceof Uint8Array)) throw unwritable('bytes: a Buffer or another Uint8Array')
    return value
  },
  equals: equalBytes,
  snapshot: snapshotBytes,
})

/**
 * A JSON document, parsed. A database that parses by itself and one that keeps text give the same. Through `kysely`, which knows no columns, a
 * document is written as text: `JSON.stringify(document)`.
 */
export function json<V = unknown>(): JsonColumn<V, 'required'> {
  return JSON_DOCUMENT as never
}

const JSON_DOCUMENT = DeclaredColumn.required({
  type: 'json',
  fromDriver(value) {
    if (typeof value !== 'string') return value
    try {
      return JSON.parse(value)
    } catch {
      throw unreadable('JSON')
    }
  },
  toDriver(value: unknown) {
    const document = stringify(value)
    if (document === undefined) throw unwritable('something that JSON can express')
    return document
  },
  equals: equalDocuments,
  snapshot: snapshotDocument,
})

function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    // A bigint, or a document that holds itself.
    return undefined
  }
}
