import {
  expressionBuilder,
  ExpressionWrapper,
  isBinaryOperator,
  isOperationNodeSource,
  sql,
  type OperationNode,
  type OperationNodeSource,
} from 'kysely'
import type { DatabaseFamily, DialectValues } from '../connection/dialect-values.js'
import {
  invalidCondition,
  invalidLeftSide,
  invalidOperator,
  invalidOrder,
  listNeeded,
  listRefused,
  noExpression,
  objectAsValue,
  truthNeeded,
  unknownColumn,
} from '../errors.js'
import { writeColumn } from './column-values.js'
import { DeclaredValues } from './declared-values.js'
import type { Direction } from './plan-steps.js'
import { isScalar } from './plan.js'
import type { DeclaredSet } from './set-model.js'

/** Operators that every database has. */
const COMMON = new Set<unknown>('=,!=,<>,<,<=,>,>=,in,not in,is,is not,like,not like'.split(','))
const OF_MYSQL = new Set(['<=>', 'regexp'])
const OF_SQLITE = new Set(['match', 'is distinct from', 'is not distinct from'])
const OF_POSTGRES = new Set(
  'ilike,not ilike,is distinct from,is not distinct from,^@,@@,@@@,@>,<@,&&,?,?&,?|,~,!~,~*,!~*'.split(
    ',',
  ),
)
/** Operators that compute something, which is no condition. */
const ARITHMETIC = new Set<unknown>(['+', '-', '*', '/', '%', '^', '&', '|', '#', '<<', '>>', '||'])
/** Operators that take a list, and no others do. */
const OF_LISTS = new Set<unknown>(['in', 'not in'])
/** Operators that compare with NULL, true or false, and with nothing else on every database. */
const OF_TRUTH = new Set<unknown>(['is', 'is not'])
/** How long the name of a column may be, with its table and schema (characters). No database has longer ones, and names are remembered. */
const LONGEST_NAME = 512

/**
 * The one argument of `where`. A value that came from a request must not become a condition that is always true.
 * @throws InvalidArgumentError for anything but an expression, or a function that gives one
 */
export function condition(table: string, argument: unknown): OperationNode {
  const given: unknown = typeof argument === 'function' ? argument(expressionBuilder()) : argument
  if (!isOperationNodeSource(given)) throw invalidCondition(table)
  return given.toOperationNode()
}

/**
 * The left side of a comparison.
 * @param built whether the query may have columns of other tables
 * @throws InvalidArgumentError for anything but a name, an expression, or a function that gives one; a name that a complete set does not have
 */
export function leftSide(model: DeclaredSet, argument: unknown, built: boolean): unknown {
  if (typeof argument === 'string') {
    if (!isName(argument)) throw invalidLeftSide(model.table)
    checkKnown(model, argument, built)
    return argument
  }
  const given: unknown = typeof argument === 'function' ? argument(expressionBuilder()) : argument
  if (!isOperationNodeSource(given)) throw invalidLeftSide(model.table)
  return given
}

/** @throws InvalidArgumentError for anything but an operator by which the database compares */
export function operator(table: string, argument: unknown, { family }: DialectValues): unknown {
  if (COMMON.has(argument) || isOperationNodeSource(argument)) return argument
  // Not every database knows the other spelling.
  if (argument === '==') return '='
  if (typeof argument !== 'string' || !knows(family, argument)) throw invalidOperator(table)
  return argument
}

function knows(family: DatabaseFamily, name: string): boolean {
  if (family === 'mysql') return OF_MYSQL.has(name)
  if (family === 'sqlite') return OF_SQLITE.has(name)
  if (family === 'postgres') return OF_POSTGRES.has(name)
  return isBinaryOperator(name) && !ARITHMETIC.has(name)
}

/**
 * The right side of a comparison: a value that is compared with a declared column travels as that column does.
 * @param built whether the query may have columns of other tables
 * @throws InvalidArgumentError for a value that the column does not take, an object where no column is declared that takes it, a list for an
 *   operator of one value, the other way round, and a function that gives no expression
 */
export function operand(
  model: DeclaredSet,
  left: unknown,
  compares: unknown,
  right: unknown,
  dialect: DialectValues,
  built = false,
): unknown {
  const name = typeof left === 'string' ? unqualified(model, left) : undefined
  const column = name === undefined ? undefined : model.column(name)
  const expressed = (given: OperationNodeSource): unknown => {
    if (model.declared.length === 0) return given
    const node = given.toOperationNode()
    return new ExpressionWrapper<any, any, any>(
      column
        ? DeclaredValues.of(node, name!, model, dialect, built)
        : DeclaredValues.in(node, model, dialect, built),
    )
  }
  if (typeof right === 'function') {
    const given: unknown = right(expressionBuilder())
    if (!isOperationNodeSource(given)) throw noExpression(model.table)
    return expressed(given)
  }
  if (isOperationNodeSource(right)) return expressed(right)
  const write = (value: unknown): unknown => {
    if (isOperationNodeSource(value)) return expressed(value)
    if (column) return writeColumn(model.table, name!, column, value, dialect)
    const isObject = typeof value === 'object' && value !== null
    if (isObject && !isScalar(value)) throw objectAsValue(model.table)
    return value
  }
  if (OF_LISTS.has(compares) || typeof compares !== 'string') {
    if (Array.isArray(right)) return right.map(write)
    if (OF_LISTS.has(compares)) throw listNeeded(model.table, compares as string)
  }
  if (OF_TRUTH.has(compares) && right !== null && typeof right !== 'boolean')
    throw truthNeeded(model.table, compares as string)
  if (Array.isArray(right) && !column) throw listRefused(model.table, compares as string)
  const written = write(right)
  // Kysely would take it for a list of values.
  return Array.isArray(written) ? sql.val(written) : written
}

const INT4 = 2 ** 31
const INT8 = 2n ** 63n

/**
 * A whole number that a column of integers may be too short for: PostgreSQL takes a parameter for what it is compared with, and refuses a larger one
 * (22003), where other databases find nothing. It is said to be what it is.
 */
export function wide(value: unknown, dialect: DialectValues): unknown {
  if (dialect.family !== 'postgres') return value
  if (Array.isArray(value))
    return value.some(isWide) ? value.map(item => wide(item, dialect)) : value
  if (!isWide(value)) return value
  const whole = BigInt(value)
  return whole >= -INT8 && whole < INT8 ? sql`${value}::bigint` : sql`${value}::numeric`
}

function isWide(value: unknown): value is number | bigint {
  if (typeof value === 'bigint') return value >= INT4 || value < -INT4
  return Number.isInteger(value) && ((value as number) >= INT4 || (value as number) < -INT4)
}

function unqualified({ table }: DeclaredSet, name: string): string {
  return name.startsWith(`${table}.`) ? name.slice(table.length + 1) : name
}

/**
 * @param built whether the query may have columns of other tables
 * @throws InvalidArgumentError for anything but the name of a column, which may have that of its table and schema before it; a name that a
 *   complete set does not have
 */
export function orderColumn(model: DeclaredSet, name: unknown, built: boolean): void {
  // Kysely would take what follows a space for a direction.
  if (typeof name !== 'string' || !isName(name) || /\s/.test(name)) throw invalidOrder(model.table)
  checkKnown(model, name, built)
}

/**
 * NULL comes first when a column ascends, and last when it descends, also where the database has it the other way; nothing is said where there can be
 * none, because an index may be in the other order.
 */
export function directionOf(
  model: DeclaredSet,
  name: string,
  ascending: boolean,
  built: boolean,
  { family }: DialectValues,
): Direction {
  if (family !== 'postgres' || (!built && isNeverNull(model, name)))
    return ascending ? 'asc' : 'desc'
  return ascending ? 'asc nulls first' : 'desc nulls last'
}

function isNeverNull(model: DeclaredSet, name: string): boolean {
  const bare = unqualified(model, name)
  return bare === model.key || (model.complete && model.column(bare)?.allowsNull === false)
}

/** Whether it can be the name of a column, with that of its table and schema before it. */
function isName(text: string): boolean {
  if (text.length > LONGEST_NAME || !text.isWellFormed() || text.includes('\0')) return false
  return NAME.test(text)
}

const NAME = /^[^.]+(?:\.[^.]+){0,2}$/

function checkKnown(model: DeclaredSet, name: string, built: boolean): void {
  if (model.complete && !built && !model.column(unqualified(model, name)))
    throw unknownColumn(model.table, Object.keys(model.columns))
}
