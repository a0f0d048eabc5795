import { isDate } from 'node:util/types'
import mysql2, { type ExecuteValues } from 'mysql2'
import { DecimalParameter } from '../../lib/connection/dialect-values.js'
import { invalidParameter } from '../../lib/errors.js'
import { mysqlParameterCount, mysqlParameterRefused } from './errors.js'
import { literal, type Literals, type Sendable } from './literals.js'
import type { StatementText } from './statement-texts.js'

const { LONGLONG, NEWDECIMAL } = mysql2.TypedParameter
const EARLIEST = Date.parse('0000-01-01T00:00:00.000Z')
const LATEST = Date.parse('9999-12-31T23:59:59.999Z')

/**
 * The values for a prepared statement, each with the type that its literal has in {@link inlined}.
 * Left to itself mysql2 sends every number as DOUBLE, so that a fraction would not equal a DECIMAL
 * and `LIMIT ?` fail on MySQL 8.0.22+.
 * @throws InvalidArgumentError for a value that MySQL cannot store.
 */
export function bound(sql: string, parameters: readonly unknown[]): ExecuteValues[] {
  const values: ExecuteValues[] = []
  for (let i = 0; i < parameters.length; i++) {
    const value = sendable(parameters[i], i + 1, sql)
    if (typeof value === 'number' || typeof value === 'bigint') values.push(typed(value))
    else values.push(value instanceof DecimalParameter ? NEWDECIMAL(value.digits) : value)
  }
  return values
}

/**
 * The statement with its values as literals.
 * @param parts of the text, around each placeholder
 * @throws InvalidArgumentError for a value that MySQL cannot store.
 */
export function inlined(
  sql: string,
  parts: readonly string[],
  parameters: readonly unknown[],
  literals: Literals,
): string {
  let text = parts[0]!
  for (let i = 0; i < parameters.length; i++)
    text += literal(sendable(parameters[i], i + 1, sql), literals) + parts[i + 1]!
  return text
}

/**
 * @throws InvalidArgumentError for more values than placeholders, or fewer, which a server takes for
 * other values.
 */
export function checkCount(
  sql: string,
  { parts, questions }: StatementText,
  { length }: readonly unknown[],
): void {
  const wrong = parts ? parts.length - 1 !== length : length > questions
  if (wrong && length > 0)
    throw mysqlParameterCount(length, parts ? parts.length - 1 : questions, sql)
}

function typed(value: number | bigint): ExecuteValues {
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return LONGLONG(value)
    const digits = String(value)
    return digits.includes('e') ? value : NEWDECIMAL(digits)
  }
  if (BigInt.asIntN(64, value) === value) return LONGLONG(value)
  if (BigInt.asUintN(64, value) === value) return LONGLONG.unsigned(value)
  return NEWDECIMAL(String(value))
}

function sendable(value: unknown, position: number, sql: string): Sendable {
  switch (typeof value) {
    case 'string':
    case 'bigint':
    case 'boolean':
      return value
    case 'number':
      if (Number.isFinite(value)) return value
      throw invalidParameter(position, Number.isNaN(value) ? 'NaN' : 'infinite', sql)
    case 'object':
      return value === null ? null : sendableObject(value, position, sql)
    case 'undefined':
      throw invalidParameter(position, 'undefined', sql)
    default:
      throw invalidParameter(position, `a ${typeof value}`, sql)
  }
}

/**
 * An object would be taken for a list of assignments (`{ id: 1 }` becomes `` `id` = 1 ``), which is
 * an injection.
 */
function sendableObject(value: object, position: number, sql: string): Sendable {
  if (Buffer.isBuffer(value) || value instanceof DecimalParameter) return value
  if (isDate(value)) {
    const time = value.getTime()
    if (time >= EARLIEST && time <= LATEST) return value
    throw invalidParameter(
      position,
      Number.isNaN(time) ? 'an invalid Date' : 'a Date outside of the years 0 to 9999',
      sql,
    )
  }
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  throw mysqlParameterRefused(position, Array.isArray(value) ? 'an array' : 'an object', sql)
}
