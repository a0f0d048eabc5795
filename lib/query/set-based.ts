import {
  expressionBuilder,
  ExpressionWrapper,
  sql,
  type CompiledQuery,
  type OperationNode,
} from 'kysely'
import {
  changesMissing,
  columnFixed,
  keyChanged,
  setBasedOfPart,
  unknownColumn,
  valueUndefined,
} from '../errors.js'
import type { SqlSource } from './sql-source.js'
import { operand } from './arguments.js'
import type { DeclaredSet } from './set-model.js'
import type { QueryState } from './statement.js'
import { firstVersion } from './version.js'

type Changes = Readonly<Record<string, unknown>>

/**
 * One statement that changes all rows of a query.
 * @throws InvalidArgumentError for nothing to change, a column that no save would change either, and for a query that is more than conditions
 */
export function updateStatement(
  state: QueryState,
  model: DeclaredSet,
  { builder, values }: SqlSource,
  given: unknown,
): CompiledQuery {
  const where = conditionOf(state, model, 'executeUpdate')
  const changes = typeof given === 'function' ? (given(expressionBuilder()) as unknown) : given
  if (typeof changes !== 'object' || changes === null || Object.keys(changes).length === 0)
    throw changesMissing(model.table)
  const written: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(changes as Changes)) {
    checkChange(model, name, value)
    written[name] = operand(model, name, '=', value, values)
  }
  const { version, versionKind } = model
  if (version !== undefined && versionKind === 'number')
    written[version] = sql`coalesce(${sql.ref(version)}, 0) + 1`
  else if (version !== undefined && versionKind === 'time') {
    const now = firstVersion(versionKind, model.column(version))
    written[version] = operand(model, version, '=', now, values)
  }
  const update = builder.updateTable(model.table).set(written)
  return (where ? update.where(new ExpressionWrapper<any, any, any>(where)) : update).compile()
}

/** @throws InvalidArgumentError for a query that is more than conditions */
export function deleteStatement(
  state: QueryState,
  model: DeclaredSet,
  { builder }: SqlSource,
): CompiledQuery {
  const where = conditionOf(state, model, 'executeDelete')
  const all = builder.deleteFrom(model.table)
  return (where ? all.where(new ExpressionWrapper<any, any, any>(where)) : all).compile()
}

function conditionOf(
  { plan, built, take, skip, ordered, selected, distinct }: QueryState,
  { table }: DeclaredSet,
  method: string,
): OperationNode | undefined {
  if (built || ordered || distinct || selected || take !== undefined || skip !== undefined)
    throw setBasedOfPart(table, method)
  return plan.condition
}

function checkChange(model: DeclaredSet, name: string, value: unknown): void {
  const { table, complete, columns, keys, version } = model
  const column = model.column(name)
  if (complete && !column) throw unknownColumn(table, Object.keys(columns))
  if (keys.includes(name)) throw keyChanged(table, name)
  const isFixed = column?.rule.includes('fixed') || column?.rule.includes('always')
  if (name === version || isFixed) throw columnFixed(table, name)
  if (value === undefined) throw valueUndefined(table, name)
}
