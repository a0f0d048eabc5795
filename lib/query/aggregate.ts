import { ANY_DIALECT, type DialectValues } from '../connection/dialect-values.js'
import { aggregateOfText } from '../errors.js'
import { readColumn } from './column-values.js'
import type { DeclaredColumn } from './declared-column.js'
import type { Aggregate } from './plan-steps.js'
import type { DeclaredSet } from './set-model.js'

/** Types that can be added up. */
const NUMBERS: ReadonlySet<string> = new Set(['integer', 'real', 'bigInt', 'decimal', 'custom'])

/** @throws InvalidArgumentError for a sum or an average of what is no number */
export function checkAggregate(model: DeclaredSet, method: Aggregate, name: string): void {
  const column = model.column(name)
  if ((method === 'sum' || method === 'avg') && column && !NUMBERS.has(column.type))
    throw aggregateOfText(model.table, name, column.type)
}

/** What the database gave, as a value of the column; `undefined` where there was no row, and 0 for a sum. */
export function aggregateValue(
  model: DeclaredSet,
  method: Aggregate,
  name: string,
  given: unknown,
  dialect: DialectValues,
): unknown {
  const column = model.column(name)
  if (given === null || given === undefined) return method === 'sum' ? zeroOf(column) : undefined
  if (method === 'avg') return Number(given)
  if (!column) return method === 'sum' ? Number(given) : given
  const row = { [name]: rounded(column, given, dialect) }
  readColumn(model.table, name, column, [row], dialect, false)
  return row[name]
}

/** What a database without exact decimal numbers adds up is off by a little, beyond the digits that it keeps. */
function rounded({ type }: DeclaredColumn, given: unknown, { family }: DialectValues): unknown {
  return type === 'decimal' && family === 'sqlite' && typeof given === 'number'
    ? Number(given.toPrecision(15))
    : given
}

function zeroOf(column: DeclaredColumn | undefined): unknown {
  if (column?.type === 'bigInt') return 0n
  return column?.type === 'decimal' ? column.fromDriver('0', ANY_DIALECT) : 0
}
