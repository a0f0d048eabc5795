import {
  AliasNode,
  ColumnNode,
  IdentifierNode,
  OperationNodeTransformer,
  ReferenceNode,
  TableNode,
  type ColumnUpdateNode,
  type CommonTableExpressionNameNode,
  type GroupByNode,
  type HavingNode,
  type OperationNode,
  type OrderByNode,
  type OverNode,
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

/** Where in a statement a name stands: by what it selects it goes in its order and groups, but for windows inside of them. */
type Place = 'rows' | 'results' | 'window'

/** The names of columns in place of those of properties; what is selected comes back under its property's. */
export class NamesTransformer extends OperationNodeTransformer {
  readonly #names: ColumnNames
  #scope: Scope | undefined
  #place: Place = 'rows'

  constructor(names: ColumnNames) {
    super()
    this.#names = names
  }

  protected override transformNodeImpl<T extends OperationNode>(node: T, queryId?: QueryId): T {
    if (!STATEMENTS.has(node.kind)) return super.transformNodeImpl(node, queryId)
    const outer = this.#scope
    this.#scope = new Scope(node, outer)
    try {
      return this.#inPlace('rows', () => super.transformNodeImpl(node, queryId))
    } finally {
      this.#scope = outer
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

  protected override transformColumnUpdate(
    node: ColumnUpdateNode,
    queryId?: QueryId,
  ): ColumnUpdateNode {
    const { column } = node
    if (!this.#scope || !ColumnNode.is(column)) return super.transformColumnUpdate(node, queryId)
    const named = this.#scope.writtenColumn(this.#names, column.column.name)
    return {
      ...node,
      column: ColumnNode.create(named),
      value: this.transformNode(node.value, queryId),
    }
  }

  /** A part of the statement says its own names. */
  protected override transformCommonTableExpressionName(
    node: CommonTableExpressionNameNode,
  ): CommonTableExpressionNameNode {
    return node
  }

  protected override transformOrderBy(node: OrderByNode, queryId?: QueryId): OrderByNode {
    return this.#amongResults(() => super.transformOrderBy(node, queryId))
  }

  protected override transformGroupBy(node: GroupByNode, queryId?: QueryId): GroupByNode {
    return this.#amongResults(() => super.transformGroupBy(node, queryId))
  }

  protected override transformHaving(node: HavingNode, queryId?: QueryId): HavingNode {
    return this.#amongResults(() => super.transformHaving(node, queryId))
  }

  /** A window orders and parts what is read, not what is selected. */
  protected override transformOver(node: OverNode, queryId?: QueryId): OverNode {
    return this.#inPlace('window', () => super.transformOver(node, queryId))
  }

  #amongResults<T>(transform: () => T): T {
    return this.#inPlace(this.#place === 'window' ? 'window' : 'results', transform)
  }

  #inPlace<T>(place: Place, transform: () => T): T {
    const before = this.#place
    this.#place = place
    try {
      return transform()
    } finally {
      this.#place = before
    }
  }

  #columnOf(property: string, of: string | undefined): string {
    const scope = this.#scope
    if (!scope) return of === undefined ? property : this.#names.columnOf(of, property)
    if (of === undefined && this.#place === 'results' && scope.aliases.has(property))
      return property
    return scope.columnOf(this.#names, property, of)
  }
}

function propertyIn(node: OperationNode): string | undefined {
  const column = ReferenceNode.is(node) ? node.column : node
  return ColumnNode.is(column) ? column.column.name : undefined
}
