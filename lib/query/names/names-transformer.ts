import {
  AliasNode,
  ColumnNode,
  IdentifierNode,
  OperationNodeTransformer,
  ReferenceNode,
  TableNode,
  type CommonTableExpressionNameNode,
  type GroupByNode,
  type HavingNode,
  type OperationNode,
  type OrderByNode,
  type QueryId,
  type SelectionNode,
} from 'kysely'
import type { ColumnNames } from './column-names.js'
import { nameOf, Scope } from './scope.js'

/** Statements whose columns are those of tables; what makes tables says their real names. */
const STATEMENTS: ReadonlySet<string> = new Set([
  'SelectQueryNode',
  'InsertQueryNode',
  'UpdateQueryNode',
  'DeleteQueryNode',
  'MergeQueryNode',
])

/** The names of columns in place of those of properties; what is selected comes back under its property's. */
export class NamesTransformer extends OperationNodeTransformer {
  readonly #names: ColumnNames
  #scope: Scope | undefined
  /** Whether names may be those that the statement gives to what it selects. */
  #mayBeAlias = false

  constructor(names: ColumnNames) {
    super()
    this.#names = names
  }

  protected override transformNodeImpl<T extends OperationNode>(node: T, queryId?: QueryId): T {
    if (!STATEMENTS.has(node.kind)) return super.transformNodeImpl(node, queryId)
    const [outer, mayBeAlias] = [this.#scope, this.#mayBeAlias]
    this.#scope = new Scope(node, outer)
    this.#mayBeAlias = false
    try {
      return super.transformNodeImpl(node, queryId)
    } finally {
      this.#scope = outer
      this.#mayBeAlias = mayBeAlias
    }
  }

  protected override transformSelection(node: SelectionNode, queryId?: QueryId): SelectionNode {
    const { selection } = node
    const property = propertyIn(selection)
    const made = super.transformSelection(node, queryId)
    if (property === undefined || propertyIn(made.selection) === property) return made
    const alias = AliasNode.create(made.selection, IdentifierNode.create(property))
    return { ...made, selection: alias }
  }

  protected override transformReference(node: ReferenceNode, queryId?: QueryId): ReferenceNode {
    const { table, column } = node
    if (!ColumnNode.is(column)) return super.transformReference(node, queryId)
    const of = table && TableNode.is(table) ? nameOf(table) : undefined
    const named = ColumnNode.create(this.#columnOf(column.column.name, of))
    return table ? ReferenceNode.create(named, table) : ReferenceNode.create(named)
  }

  protected override transformColumn(node: ColumnNode): ColumnNode {
    return ColumnNode.create(this.#columnOf(node.column.name, undefined))
  }

  /** A part of the statement says its own names. */
  protected override transformCommonTableExpressionName(
    node: CommonTableExpressionNameNode,
  ): CommonTableExpressionNameNode {
    return node
  }

  protected override transformOrderBy(node: OrderByNode, queryId?: QueryId): OrderByNode {
    return this.#withAliases(() => super.transformOrderBy(node, queryId))
  }

  protected override transformGroupBy(node: GroupByNode, queryId?: QueryId): GroupByNode {
    return this.#withAliases(() => super.transformGroupBy(node, queryId))
  }

  protected override transformHaving(node: HavingNode, queryId?: QueryId): HavingNode {
    return this.#withAliases(() => super.transformHaving(node, queryId))
  }

  #withAliases<T>(transform: () => T): T {
    this.#mayBeAlias = true
    try {
      return transform()
    } finally {
      this.#mayBeAlias = false
    }
  }

  #columnOf(property: string, of: string | undefined): string {
    const scope = this.#scope
    if (!scope) return of === undefined ? property : this.#names.columnOf(of, property)
    if (of === undefined && this.#mayBeAlias && scope.aliases.has(property)) return property
    return scope.columnOf(this.#names, property, of)
  }
}

function propertyIn(node: OperationNode): string | undefined {
  const column = ReferenceNode.is(node) ? node.column : node
  return ColumnNode.is(column) ? column.column.name : undefined
}
