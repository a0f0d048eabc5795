import {
  ColumnNode,
  OperationNodeTransformer,
  ReferenceNode,
  TableNode,
  type OperationNode,
  type QueryId,
  type SelectQueryNode,
} from 'kysely'

/** Names without a table get that of the set's, beside the tables that a user has joined to it. What is selected inside of them has tables of its own. */
class Qualified extends OperationNodeTransformer {
  readonly #table: TableNode

  constructor(table: string) {
    super()
    const [name, schema] = table.split('.').toReversed() as [string, string?]
    this.#table =
      schema === undefined ? TableNode.create(name) : TableNode.createWithSchema(schema, name)
  }

  protected override transformSelectQuery(node: SelectQueryNode): SelectQueryNode {
    return node
  }

  protected override transformReference(node: ReferenceNode, queryId?: QueryId): ReferenceNode {
    return node.table === undefined && ColumnNode.is(node.column)
      ? ReferenceNode.create(node.column, this.#table)
      : super.transformReference(node, queryId)
  }
}

export function qualified(condition: OperationNode, table: string): OperationNode {
  return new Qualified(table).transformNode(condition)
}
