import {
  AliasNode,
  ColumnNode,
  IdentifierNode,
  ReferenceNode,
  SelectAllNode,
  SelectQueryNode,
  TableNode,
  type OperationNode,
  type RootOperationNode,
} from 'kysely'
import { readColumn, type Column, type Columns } from './columns.js'

type Rows = Record<string, unknown>[]

/**
 * Turns the driver's values of declared columns into theirs, in place: the rows are fresh, and nobody else has them.
 * @param query what gave the rows, where they are not simply the rows of the table
 */
export function readRows(
  table: string,
  columns: Columns,
  rows: Rows,
  query?: RootOperationNode,
): void {
  if (rows.length === 0) return
  if (query) {
    for (const [name, column] of readersOf(table, columns, query))
      readColumn(table, name, column, rows)
  } else {
    // The way that makes no array for each query.
    for (const name in columns)
      if (Object.hasOwn(columns, name)) readColumn(table, name, columns[name]!, rows)
  }
}

/** Which output names carry which declared column: a name that a computed value took over is left alone. */
function readersOf(
  table: string,
  columns: Columns,
  query: RootOperationNode,
): [string, Column<unknown>][] {
  if (!SelectQueryNode.is(query)) return []
  const readers: [string, Column<unknown>][] = []
  const add = (name: string, source: string | undefined) => {
    if (source !== undefined && Object.hasOwn(columns, source))
      readers.push([name, columns[source]!])
  }
  for (const { selection } of query.selections ?? []) {
    if (selectsAll(selection, table)) {
      for (const name of Object.keys(columns)) add(name, name)
    } else if (AliasNode.is(selection)) {
      if (IdentifierNode.is(selection.alias))
        add(selection.alias.name, columnOf(selection.node, table))
    } else {
      const name = columnOf(selection, table)
      if (name !== undefined) add(name, name)
    }
  }
  return readers
}

function selectsAll(node: OperationNode, table: string): boolean {
  if (SelectAllNode.is(node)) return true
  return ReferenceNode.is(node) && SelectAllNode.is(node.column) && belongsTo(node, table)
}

function columnOf(node: OperationNode, table: string): string | undefined {
  if (ColumnNode.is(node)) return node.column.name
  if (ReferenceNode.is(node) && ColumnNode.is(node.column) && belongsTo(node, table))
    return node.column.column.name
  return undefined
}

function belongsTo({ table: node }: ReferenceNode, table: string): boolean {
  return node === undefined || (TableNode.is(node) && node.table.identifier.name === table)
}
