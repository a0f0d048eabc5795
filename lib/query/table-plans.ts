import {
  MssqlQueryCompiler,
  MysqlQueryCompiler,
  PostgresQueryCompiler,
  SqliteQueryCompiler,
} from 'kysely'
import type { SqlSource } from './sql-source.js'
import { limitUnknown } from '../errors.js'
import { MysqlCompiler, PostgresCompiler } from './compilers.js'
import { Plan } from './plan.js'
import type { Select } from './plan-steps.js'
import type { DeclaredSet } from './set-model.js'
import { Shape } from './shape.js'

/**
 * Compilers whose texts do not depend on values, so that a text without them can be built. Others, of databases that want a type with each
 * parameter, or that write some values into the text, are asked each time.
 */
const COMPILERS: ReadonlySet<Function> = new Set([
  MysqlCompiler,
  PostgresCompiler,
  MysqlQueryCompiler,
  PostgresQueryCompiler,
  SqliteQueryCompiler,
])

/** How many tables a data source is known to have. Then all are forgotten, and the next ones are learned. */
const MOST_TABLES = 1000

class TablePlans {
  readonly memory = { words: 0, age: 0 }
  readonly tables = new Map<string, Plan>()
}

const plansOf = new WeakMap<SqlSource, TablePlans>()

/** All rows of a set: the beginning of every query on it. */
export function rowsOf(source: SqlSource, model: RowModel): Plan {
  let plans = plansOf.get(source)
  if (!plans) plansOf.set(source, (plans = new TablePlans()))
  return plans.tables.get(model.rowName) ?? planOf(source, model, plans)
}

/** What of a set's model its rows depend on. */
export type RowModel = Pick<DeclaredSet, 'table' | 'rowName' | 'complete' | 'declared'>

function planOf(source: SqlSource, model: RowModel, { tables, memory }: TablePlans): Plan {
  if (source.compiler instanceof MssqlQueryCompiler) throw limitUnknown(model.table)
  const select = selectRows(source.builder.selectFrom(model.table), model)
  const isKnown = COMPILERS.has(source.compiler.constructor)
  const plan = Plan.of(select, isKnown ? Shape.root(memory) : undefined)
  if (tables.size >= MOST_TABLES) tables.clear()
  tables.set(model.rowName, plan)
  return plan
}

/** A complete set names its columns, so that its rows have those and no others. */
export function selectRows(select: Select, { table, complete, declared }: RowModel): Select {
  return complete
    ? select.select(declared.map(([name]) => `${table}.${name}`))
    : select.selectAll(table)
}
