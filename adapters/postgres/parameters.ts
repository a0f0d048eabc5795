import { isDate } from 'node:util/types'
import pg from 'pg'
import { invalidParameter } from '../../lib/errors.js'
import { postgresParameterRefused } from './errors.js'

/** What is sent as it is: text, bytes, or NULL. */
export type Sendable = string | Buffer | null

/** How pg makes text of lists, and of objects that bring their own. */
const { prepareValue } = (pg as unknown as { utils: { prepareValue(value: unknown): Sendable } })
  .utils

const EARLIEST = Date.parse('0000-01-01T00:00:00.000Z')
const LATEST = Date.parse('9999-12-31T23:59:59.999Z')

/**
 * The values of a statement as they are sent. A Date is written as UTC: pg itself writes it in the
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
      return String(value)
    case 'number':
      if (Number.isFinite(value)) return String(value)
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
  if (ArrayBuffer.isView(value)) return bytesOf(value)
  if (isDate(value)) return utc(value, position, sql)
  if (Array.isArray(value)) return prepareValue(listOf(value, position, sql))
  if ('toPostgres' in value) return prepareValue(value)
  try {
    return JSON.stringify(value)
  } catch {
    throw postgresParameterRefused(position, 'an object that JSON cannot express', sql)
  }
}

function bytesOf(view: ArrayBufferView): Buffer {
  if (Buffer.isBuffer(view)) return view
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength)
}

function listOf(list: readonly unknown[], position: number, sql: string): unknown[] {
  return list.map(item => {
    if (item === undefined) return null
    return Array.isArray(item) ? listOf(item, position, sql) : valueOf(item, position, sql)
  })
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
