import { isDate } from 'node:util/types'
import { invalidParameter } from '../../lib/errors.js'
import { postgresParameterRefused } from './errors.js'

/** What pg sends as it is: text, bytes, or NULL. Of a number or a truth value it makes the text. */
type Sendable = unknown

const EARLIEST = Date.parse('0000-01-01T00:00:00.000Z')
const LATEST = Date.parse('9999-12-31T23:59:59.999Z')

/**
 * The values of a statement as pg takes them. A Date is written as UTC: pg itself writes it in the
 * zone of the process, of which a `timestamp` without a zone would keep the digits.
 * @throws InvalidArgumentError for a value that PostgreSQL cannot store.
 */
export function sendable(sql: string, parameters: readonly unknown[]): Sendable[] {
  const values: Sendable[] = []
  for (let i = 0; i < parameters.length; i++) values.push(valueOf(parameters[i], i + 1, sql))
  return values
}

function valueOf(value: unknown, position: number, sql: string): Sendable {
  switch (typeof value) {
    case 'string':
      if (value.includes('\0'))
        throw postgresParameterRefused(position, 'text with a character of code 0', sql)
      return value
    case 'bigint':
    case 'boolean':
      return value
    case 'number':
      if (Number.isFinite(value)) return value
      throw invalidParameter(position, Number.isNaN(value) ? 'NaN' : 'infinite', sql)
    case 'object':
      return value === null ? null : objectOf(value, position, sql)
    case 'undefined':
      throw invalidParameter(position, 'undefined', sql)
    default:
      throw invalidParameter(position, `a ${typeof value}`, sql)
  }
}

function objectOf(value: object, position: number, sql: string): Sendable {
  if (ArrayBuffer.isView(value)) return value
  if (isDate(value)) return utc(value, position, sql)
  // pg makes a literal of an array.
  if (Array.isArray(value))
    return value.map(item => (item === undefined ? null : valueOf(item, position, sql)))
  if ('toPostgres' in value) return value
  try {
    return JSON.stringify(value)
  } catch {
    throw postgresParameterRefused(position, 'an object that JSON cannot express', sql)
  }
}

function utc(date: Date, position: number, sql: string): string {
  const time = date.getTime()
  if (Number.isNaN(time)) throw invalidParameter(position, 'an invalid Date', sql)
  if (time < EARLIEST || time > LATEST)
    throw invalidParameter(position, 'a Date outside of the years 0 to 9999', sql)
  const digits = date.toISOString().slice(0, -1)
  // PostgreSQL has no year 0: it is called 1 BC.
  return digits.startsWith('0000') ? `0001${digits.slice(4)}+00:00 BC` : `${digits}+00:00`
}
