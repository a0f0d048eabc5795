import {
  expressionBuilder,
  isBinaryOperator,
  isOperationNodeSource,
  type OperationNode,
} from 'kysely'
import type { DialectValues } from '../connection/dialect-values.js'
import {
  invalidCondition,
  invalidLeftSide,
  invalidOperator,
  invalidOrder,
  noExpression,
  objectAsValue,
  unknownColumn,
} from '../errors.js'
import { writeColumn } from './column-values.js'
import type { Direction } from './plan-steps.js'
import { isScalar } from './plan.js'
import type { DeclaredSet } from './set-model.js'

/** Operators that compute something, which is no condition. */
const ARITHMETIC = new Set<unknown>(['+', '-', '*', '/', '%', '^', '&', '|', '#', '<<', '>>', '||'])

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
  if (typeof argument === 'string' && argument.split('.').length <= 3) {
    checkKnown(model, argument, built)
    return argument
  }
  const given: unknown = typeof argument === 'function' ? argument(expressionBuilder()) : argument
  if (!isOperationNodeSource(given)) throw invalidLeftSide(model.table)
  return given
}

/** @throws InvalidArgumentError for anything but an operator that compares */
export function operator(table: string, argument: unknown): unknown {
  const compares = isBinaryOperator(argument) && !ARITHMETIC.has(argument)
  if (!compares && !isOperationNodeSource(argument)) throw invalidOperator(table)
  return argument
}

/**
 * The right side of a comparison: a value that is compared with a declared column travels as that column does.
 * @throws InvalidArgumentError for a value that the column does not take, an object where no column is declared that takes it, and a function
 *   that gives no expression
 */
export function operand(
  model: DeclaredSet,
  left: unknown,
  right: unknown,
  dialect: DialectValues,
): unknown {
  if (typeof right === 'function') {
    const given: unknown = right(expressionBuilder())
    if (!isOperationNodeSource(given)) throw noExpression(model.table)
    return given
  }
  if (isOperationNodeSource(right)) return right
  const name = typeof left === 'string' ? unqualified(model, left) : undefined
  const column = name === undefined ? undefined : model.column(name)
  const write = (value: unknown): unknown => {
    if (column) return writeColumn(model.table, name!, column, value, dialect)
    const isObject = typeof value === 'object' && value !== null
    if (isObject && !isScalar(value) && !isOperationNodeSource(value))
      throw objectAsValue(model.table)
    return value
  }
  return Array.isArray(right) ? right.map(write) : write(right)
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
  const isName = typeof name === 'string' && /^[^\s.]+(?:\.[^\s.]+){0,2}$/.test(name)
  if (!isName) throw invalidOrder(model.table)
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

function checkKnown(model: DeclaredSet, name: string, built: boolean): void {
  if (model.complete && !built && !model.column(unqualified(model, name)))
    throw unknownColumn(model.table, Object.keys(model.columns))
}
