import { InvalidArgumentError } from '../errors.js'
import { Recent } from '../support/recent.js'
import { unreadable, unwritable } from './column-values.js'
import type { Column, JsonColumn } from './column.js'
import { equalBytes, equalDocuments, snapshotBytes, snapshotDocument } from './compare.js'
import { DeclaredColumn } from './declared-column.js'

/** `true` or `false`, where a database keeps 0 and 1. */
export function boolean(): Column<boolean, 'required'> {
  return BOOLEAN as never
}

const BOOLEAN = DeclaredColumn.required({
  type: 'boolean',
  storedAs: 'boolean',
  fromDriver(value) {
    if (typeof value === 'boolean') return value
    if (value === 0 || value === 1) return value === 1
    if (Buffer.isBuffer(value) && value.length === 1) return value[0] === 1
    throw unreadable('true or false')
  },
  toDriver(value: unknown, { family }) {
    if (typeof value !== 'boolean') throw unwritable('true or false')
    return family === 'sqlite' ? Number(value) : value
  },
})

const WHOLE = /^-?\d+$/

/** A whole number of any size, a `bigint` on every dialect. */
export function bigInt(): Column<bigint, 'required'> {
  return BIG_INT as never
}

const BIG_INT = DeclaredColumn.required({
  type: 'bigInt',
  storedAs: 'whole',
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
  storedAs: 'number',
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
  storedAs: 'number',
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
  storedAs: 'text',
  fromDriver(value) {
    if (typeof value !== 'string') throw unreadable('text')
    return value
  },
  toDriver(value: unknown, { family }) {
    // Half a character of two would be stored as a question mark.
    if (typeof value !== 'string' || !value.isWellFormed()) throw unwritable('well-formed text')
    // PostgreSQL keeps none, and would say so of the whole statement.
    if (family === 'postgres' && value.includes('\0'))
      throw unwritable('text without the character 0')
    return value
  },
})

/**
 * One of these texts, and no other: neither written nor read. Their order is the database's.
 * @throws InvalidArgumentError for no text at all, the same twice, and what is no well-formed text
 * @example oneOf('draft', 'sent', 'paid')
 */
export function oneOf<const V extends string>(
  ...values: readonly [V, ...V[]]
): Column<V, 'required'> {
  const isRight = values.length > 0 && new Set<unknown>(values).size === values.length
  if (!isRight || !values.every(value => typeof value === 'string' && value.isWellFormed()))
    throw new InvalidArgumentError(
      'oneOf() takes texts, each of them once: oneOf("draft", "sent").',
    )
  return ONE_OF.get(JSON.stringify(values)) as never
}

/** A context declares its columns each time one is made, so those that are the same are one. */
const ONE_OF = new Recent(list => {
  const texts: readonly string[] = Object.freeze(JSON.parse(list))
  const values = new Set<unknown>(texts)
  const what = 'one of the texts that were declared'
  return DeclaredColumn.required({
    type: 'oneOf',
    facets: { values: texts },
    storedAs: 'text',
    fromDriver(value) {
      if (!values.has(value)) throw unreadable(what)
      return value
    },
    toDriver(value: unknown) {
      if (!values.has(value)) throw unwritable(what)
      return value
    },
  })
})

/** A UUID as text, in lower case: what is written in upper case is not kept so, and rows in another form are not read. */
export function uuid(): Column<string, 'required'> {
  return UUID as never
}

const UUID_TEXT = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/

const UUID = DeclaredColumn.required({
  type: 'uuid',
  fromDriver(value) {
    if (typeof value !== 'string' || !UUID_TEXT.test(value))
      throw unreadable('a UUID in lower case')
    return value
  },
  toDriver(value: unknown) {
    const lower = typeof value === 'string' ? value.toLowerCase() : ''
    if (!UUID_TEXT.test(lower)) throw unwritable('a UUID as text')
    return lower
  },
  equals: (a: string, b: string) => a.toLowerCase() === b.toLowerCase(),
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
  storedAs: 'document',
  fromDriver(value, dialect) {
    if (typeof value !== 'string' || dialect.json === 'parsed') return value
    try {
      return JSON.parse(value)
    } catch {
      if (dialect.json === 'either') return value
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
    const document = JSON.stringify(value) as string | undefined
    return document !== undefined && HALF_CHARACTER.test(document) ? undefined : document
  } catch {
    // A bigint, or a document that holds itself.
    return undefined
  }
}

/** How JSON writes half a character of two, which not every database takes back: an escape whose backslash is not escaped itself. */
const HALF_CHARACTER = /(?<!\\)(?:\\\\)*\\ud[89a-f]/
