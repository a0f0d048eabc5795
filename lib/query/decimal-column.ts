import { InvalidArgumentError } from '../errors.js'
import { misread, unreadable, unwritable } from './column-values.js'
import type { Column } from './column.js'
import { DeclaredColumn, type ValueType } from './declared-column.js'

export interface DecimalOptions {
  /** Digits after the point: all are shown, `'12.50'`, and a number with more of them is refused, written or read. 0 to 30. */
  readonly scale?: number | undefined
  /** For a column of whole numbers, on every dialect: the number without its point, 1250 for 12.50. It needs a scale. */
  readonly stored?: 'integer' | undefined
}

/**
 * An exact decimal number as text, never a float. Without a scale trailing zeros are dropped ('12.50' reads '12.5'), because not every database keeps
 * them; `decimal({ scale: 2 })` reads '12.50' everywhere. '12.5' and '12.50' are equal. SQLite keeps 15 digits, in a column of numbers
 * (`numeric`), and more in one of whole numbers (`stored: 'integer'`).
 * @throws InvalidArgumentError for a scale that is none, and for `stored` without a scale
 */
export function decimal(options: DecimalOptions = {}): Column<string, 'required'> {
  const { scale, stored } = options
  const kind = `${typeof scale} ${scale} ${stored}`
  return (DECIMALS[kind] ??= DeclaredColumn.required(decimalOf(scale, stored))) as never
}

/** A context declares its columns each time one is made, so those that are the same are one. */
const DECIMALS: Record<string, DeclaredColumn> = Object.create(null)

function decimalOf(scale: number | undefined, stored: unknown): ValueType {
  if (scale !== undefined && (!Number.isInteger(scale) || scale < 0 || scale > 30))
    throw new InvalidArgumentError(
      'The scale of decimal() must be a whole number of digits from 0 to 30.',
    )
  if (stored === undefined) return asNumber(scale)
  if (stored !== 'integer' || scale === undefined)
    throw new InvalidArgumentError(
      "decimal() can be stored as 'integer', with its scale: decimal({ scale: 2, stored: 'integer' }).",
    )
  return asInteger(scale)
}

function asNumber(scale: number | undefined): ValueType {
  return {
    type: 'decimal',
    storedAs: 'decimal',
    facets: { scale },
    fromDriver(value, { family }) {
      if (scale && family !== 'sqlite' && isShown(value, scale)) return value
      const digits = shortest(family === 'sqlite' ? digitsOf(value) : plain(value))
      if (digits === undefined) throw unreadable('a decimal number')
      if (family === 'sqlite' && !isExactOnSqlite(digits)) throw misread(INEXACT)
      return shown(digits, scale, misread)
    },
    toDriver(value: unknown, { family, decimal: send }) {
      const digits = given(value, scale)
      if (family === 'sqlite' && !isExactOnSqlite(digits)) throw unwritable(EXACT)
      return send(digits)
    },
    equals: equalDecimals,
  }
}

const MOST_DIGITS = 15
const EXACT = `a number of at most ${MOST_DIGITS} digits on SQLite; for more, declare decimal({ scale, stored: 'integer' }), and the column as integer`
const INEXACT = `a number of more than ${MOST_DIGITS} digits, which SQLite does not keep exactly; declare decimal({ scale, stored: 'integer' }), and the column as integer, or mend the rows`

/** SQLite makes 64 bits of a number, and gives 15 digits of one back as they were. */
function isExactOnSqlite(digits: string): boolean {
  return digits.replace(/^-?[0.]*|\./g, '').replace(/0+$/, '').length <= MOST_DIGITS
}

/** A number as SQLite keeps it, with all its digits and without an exponent. */
function digitsOf(value: unknown): unknown {
  if (typeof value !== 'number' || Number.isInteger(value)) return plain(value)
  // A double that is no decimal number of 15 digits has 17, and is refused for them.
  const [mantissa = '', exponent = '0'] = String(value).split('e')
  if (exponent === '0') return mantissa
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.')
  return `${value < 0 ? '-' : ''}0.${'0'.repeat(-Number(exponent) - 1)}${whole}${fraction}`
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'number') return value
  return Number.isInteger(value) ? BigInt(value).toString() : String(value)
}

function asInteger(scale: number): ValueType {
  return {
    type: 'decimal',
    storedAs: 'whole',
    facets: { scale, stored: 'integer' },
    fromDriver(value) {
      const text = plain(value)
      if (typeof text !== 'string' || !/^-?\d+$/.test(text) || isInexact(value))
        throw misread('something else than a whole number, which was declared')
      const digits = text.replace('-', '').padStart(scale + 1, '0')
      const whole = digits.slice(0, digits.length - scale)
      const sign = text.startsWith('-') ? '-' : ''
      return scale === 0 ? sign + whole : `${sign}${whole}.${digits.slice(-scale)}`
    },
    toDriver(value: unknown) {
      const [whole = '', fraction = ''] = given(value, scale).split('.')
      const number = BigInt(whole + fraction.padEnd(scale, '0'))
      if (BigInt.asIntN(64, number) !== number)
        throw unwritable(`a number that 64 bits hold without its point`)
      return number
    },
    equals: equalDecimals,
  }
}

function isInexact(value: unknown): boolean {
  return typeof value === 'number' && !Number.isSafeInteger(value)
}

const DECIMAL = /^-?\d+(?:\.\d+)?$/

/** The one text of a decimal number that has no digit too many. */
function shortest(number: unknown): string | undefined {
  if (typeof number !== 'string' || !DECIMAL.test(number)) return undefined
  const digits = number.replace(/^(-?)0+(?=\d)/, '$1').replace(/(?:\.0*|(\.\d*?)0+)$/, '$1')
  return digits === '-0' ? '0' : digits
}

/** As servers give it, where the column's own scale is the declared one. */
function isShown(value: unknown, scale: number): boolean {
  if (typeof value !== 'string' || value[value.length - scale - 1] !== '.') return false
  return DECIMAL.test(value) && !value.startsWith('-0')
}

/** With all the digits after the point that its column shows. */
function shown(digits: string, scale: number | undefined, refuse: (what: string) => Error): string {
  if (scale === undefined) return digits
  const point = digits.indexOf('.')
  const fraction = point < 0 ? 0 : digits.length - point - 1
  if (fraction > scale)
    throw refuse(
      `a number with more than ${scale} digits after the point; declare its scale, or mend the rows`,
    )
  if (scale === 0) return digits
  return (point < 0 ? `${digits}.` : digits) + '0'.repeat(scale - fraction)
}

/** The most digits that any server has for a number. */
const MOST_ON_A_SERVER = 65

function given(value: unknown, scale: number | undefined): string {
  const digits = shortest(value)
  const fraction = digits?.split('.')[1]?.length ?? 0
  if (digits === undefined || fraction > (scale ?? 30) || digits.length > MOST_ON_A_SERVER) {
    const places = scale === undefined ? '' : ` with at most ${scale} digits after the point`
    throw unwritable(`a decimal number as text, like '12.50',${places || ' of at most 65 digits'}`)
  }
  return digits
}

function equalDecimals(a: string, b: string): boolean {
  return a === b || shortest(a) === shortest(b)
}
