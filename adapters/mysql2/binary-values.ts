import type { FieldPacket } from 'mysql2'
import { interned } from '../../lib/support/interned.js'
import { isInRow } from './reply.js'

type Fix = (value: any) => unknown

const FLOAT = 4
const TIMESTAMP = 7
const TIME = 11
const DATETIME = 12
/** `decimals` of a FLOAT that was declared without them. */
const NOT_FIXED = 31
/** How many digits of a FLOAT a server writes. */
const FLOAT_DIGITS = 6

/**
 * Gives the rows of a prepared statement the values that they have as text, so that they do not depend on how it travelled: a FLOAT is 1.1 as text
 * and 1.100000023841858 in binary, a TIME(3) is `10:00:00.500` and `10:00:00.5`, and a DATETIME(3) likewise where dates are read as strings.
 */
export function asText(rows: readonly unknown[], columns: readonly FieldPacket[]): void {
  if (rows.length === 0) return
  for (const column of columns) {
    const fix = fixOf(column)
    if (!fix) continue
    if (!isInRow(column, columns)) continue
    const name = interned(column.name)
    for (const row of rows as Record<string, unknown>[]) row[name] = fix(row[name])
  }
}

function fixOf({ columnType, decimals }: FieldPacket): Fix | undefined {
  switch (columnType) {
    case FLOAT:
      return decimals < NOT_FIXED ? value => fixed(value, decimals) : shortened
    case TIME:
    case DATETIME:
    case TIMESTAMP:
      return decimals > 0 ? value => withFraction(value, decimals) : undefined
    default:
      return undefined
  }
}

function withFraction(value: unknown, decimals: number): unknown {
  if (typeof value !== 'string') return value
  const [whole, fraction = ''] = value.split('.') as [string, string?]
  return `${whole}.${fraction.padEnd(decimals, '0')}`
}

function shortened(value: unknown): unknown {
  return typeof value === 'number' ? rounded(value, FLOAT_DIGITS) : value
}

function fixed(value: unknown, decimals: number): unknown {
  if (typeof value !== 'number' || value === 0) return value
  const exponent = Number(value.toExponential().split('e')[1])
  const digits = exponent + 1 + decimals
  return digits > 0 ? rounded(value, digits) : Number(value.toFixed(decimals))
}

/** To so many significant digits; what lies between two goes to the even one, as servers have it. */
function rounded(value: number, digits: number): number {
  const [more, exponent] = value.toExponential(digits).split('e') as [string, string]
  const isBetween = more.endsWith('5') && Number(`${more}e${exponent}`) === value
  if (isBetween && Number(more.at(-2) === '.' ? more.at(-3) : more.at(-2)) % 2 === 0)
    return Number(`${more.slice(0, -1)}e${exponent}`)
  return Number(value.toPrecision(digits))
}
