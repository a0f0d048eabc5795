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
import type { ColumnNames } from './names/column-names.js'
import type { DeclaredColumn } from './declared-column.js'
import type { DeclaredSet } from './set-model.js'

/** Which names of a query's result carry which declared column: a name that a computed value took over is left alone. */
export function columnsIn(
  query: RootOperationNode,
  model: DeclaredSet,
  names: ColumnNames | undefined,
): Iterable<readonly [string, DeclaredColumn]> {
  const found = new Map<string, DeclaredColumn>()
  if (!SelectQueryNode.is(query)) return found
  const { table } = model
  const add = (name: string, source: string | undefined) => {
    const property = source === undefined ? '' : (names?.propertyOf(table, source) ?? source)
    const column = model.column(property)
    // The last one of a name is in the row.
    if (column) found.set(name, column)
    else found.delete(name)
  }
  for (const { selection } of query.selections ?? []) {
    if (selectsAll(selection, table)) {
      for (const [name] of model.declared) add(name, names?.columnOf(table, name) ?? name)
    } else if (AliasNode.is(selection)) {
      if (IdentifierNode.is(selection.alias))
        add(selection.alias.name, columnOf(selection.node, table))
    } else {
      const name = columnOf(selection, table)
      if (name !== undefined) add(name, name)
    }
  }
  return found
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
