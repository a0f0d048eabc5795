import type {
  KyselyPlugin,
  PluginTransformQueryArgs,
  PluginTransformResultArgs,
  QueryId,
  QueryResult,
  RootOperationNode,
  UnknownRow,
} from 'kysely'
import type { SqlSource } from '../sql-source.js'
import type { ColumnNames } from './column-names.js'
import { NamesTransformer } from './names-transformer.js'
import { resultOf } from './scope.js'

type Row = Record<string, unknown>

/** A statement says the names of properties; the database gets, and gives, those of columns. */
export class NamesPlugin implements KyselyPlugin {
  readonly #names: ColumnNames
  readonly #queries = new WeakMap<QueryId, RootOperationNode>()

  constructor(names: ColumnNames) {
    this.#names = names
  }

  transformQuery({ node, queryId }: PluginTransformQueryArgs): RootOperationNode {
    const made = new NamesTransformer(this.#names).transformNode(node, queryId)
    this.#queries.set(queryId, made)
    return made
  }

  transformResult({
    queryId,
    result,
  }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    const query = this.#queries.get(queryId)
    const rows = query ? withProperties(this.#names, query, result.rows) : result.rows
    return Promise.resolve({ ...result, rows: rows as UnknownRow[] })
  }
}

/** Rows under the names of properties. What was selected by name is so already. */
export function withProperties<R>(
  names: ColumnNames,
  query: RootOperationNode,
  rows: readonly R[],
): readonly R[] {
  if (rows.length === 0) return rows
  const result = resultOf(query)
  if (!result || result.tables.length === 0) return rows
  const { made, tables } = result
  return renamed(rows as readonly Row[], column =>
    made.has(column) ? column : propertyAmong(names, tables, column),
  ) as readonly R[]
}

/** Rows of a table, with all their columns or some, under the names of properties. */
export function propertiesOf(
  { names }: Pick<SqlSource, 'names'>,
  table: string,
  rows: readonly Row[],
): readonly Row[] {
  return names ? renamed(rows, column => names.propertyOf(table, column)) : rows
}

function propertyAmong(names: ColumnNames, tables: readonly string[], column: string): string {
  for (const table of tables) {
    const property = names.propertyOf(table, column)
    if (names.isDeclared(table, property)) return property
  }
  return names.ruledBack(column)
}

function renamed(rows: readonly Row[], propertyOf: (column: string) => string): Row[] {
  if (rows.length === 0) return []
  const pairs = Object.keys(rows[0]!).map(column => [column, propertyOf(column)] as const)
  if (pairs.every(([column, property]) => column === property)) return [...rows]
  return rows.map(row => {
    const made: Row = {}
    for (const [column, property] of pairs) made[property] = row[column]
    return made
  })
}
