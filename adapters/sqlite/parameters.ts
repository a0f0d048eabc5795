import type { CompiledQuery } from 'kysely'
import { isDate } from 'node:util/types'
import { invalidParameter, type InvalidArgumentError } from '../../lib/errors.js'
import { shortText } from '../../lib/support/utc-time.js'
import { sqliteParameterRefused } from './errors.js'
import type { Bindable } from './protocol.js'

/**
 * The values of a statement as SQLite stores them.
 * @throws InvalidArgumentError, which names the position and what to do, never the value.
 */
export function toBindable({ parameters, sql }: CompiledQuery): Bindable[] {
  return parameters.map((value, i) => {
    const bindable = convert(value)
    if (bindable === undefined) throw refusal(value, i + 1, sql)
    return bindable
  })
}

function convert(value: unknown): Bindable | undefined {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
      return Number.isFinite(value) ? value : undefined
    case 'bigint':
      return BigInt.asIntN(64, value) === value ? value : undefined
    case 'boolean':
      return value ? 1 : 0
    case 'object':
      if (value === null) return null
      if (value instanceof Uint8Array) return compact(value)
      return isDate(value) ? dateText(value) : undefined
    default:
      return undefined
  }
}

/** A view travels between threads with all of the memory it looks into; a Buffer's is often shared with others. */
function compact(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : Uint8Array.from(bytes)
}

/** The form of `dateTime()`, where what is equal is the same text. SQLite knows the years 0 to 9999. */
function dateText(date: Date): string | undefined {
  const year = date.getUTCFullYear()
  return year >= 0 && year <= 9999 ? shortText(date) : undefined
}

function refusal(value: unknown, position: number, sql: string): InvalidArgumentError {
  switch (typeof value) {
    case 'undefined':
      return invalidParameter(position, 'undefined', sql)
    case 'number':
      return invalidParameter(position, Number.isNaN(value) ? 'NaN' : 'infinite', sql)
    case 'bigint':
      return sqliteParameterRefused(position, 'a bigint of more than 64 bits', 'String(...)', sql)
    case 'function':
    case 'symbol':
      return invalidParameter(position, `a ${typeof value}`, sql)
    default:
      if (isDate(value)) {
        const what = Number.isNaN(value.getTime())
          ? 'an invalid Date'
          : 'a Date outside of the years 0 to 9999'
        return invalidParameter(position, what, sql)
      }
      if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
        return sqliteParameterRefused(position, 'raw memory', 'Buffer.from(...)', sql)
      return sqliteParameterRefused(
        position,
        Array.isArray(value) ? 'an array' : 'an object',
        'JSON.stringify(...)',
        sql,
      )
  }
}
