import {
  AndNode,
  ColumnNode,
  OperationNodeTransformer,
  OperatorNode,
  PrimitiveValueListNode,
  ReferenceNode,
  TableNode,
  ValueListNode,
  ValueNode,
  type BinaryOperationNode,
  type OperationNode,
  type QueryId,
  type SelectQueryNode,
} from 'kysely'
import type { DialectValues } from '../connection/dialect-values.js'
import { writeColumn } from './column-values.js'
import type { DeclaredSet } from './set-model.js'

/** Operators whose right side is a value of the column on their left. */
const COMPARISONS = new Set(
  '=,==,!=,<>,<,<=,>,>=,<=>,in,not in,between,between symmetric,is distinct from,is not distinct from'.split(
    ',',
  ),
)

/**
 * Values that a user's expression compares with a declared column travel as that column does, as in a condition of three arguments: `eb('at', '>', date)`.
 * What is selected from other tables inside of it is left alone.
 */
export class DeclaredValues extends OperationNodeTransformer {
  readonly #model: DeclaredSet
  readonly #dialect: DialectValues
  readonly #built: boolean

  /** @param built whether a name without a table may be a column of another one */
  constructor(model: DeclaredSet, dialect: DialectValues, built: boolean) {
    super()
    this.#model = model
    this.#dialect = dialect
    this.#built = built
  }

  /** @throws InvalidArgumentError for a value that its column does not take */
  static in(
    condition: OperationNode,
    model: DeclaredSet,
    dialect: DialectValues,
    built: boolean,
  ): OperationNode {
    if (model.declared.length === 0) return condition
    return new DeclaredValues(model, dialect, built).transformNode(condition)
  }

  protected override transformSelectQuery(node: SelectQueryNode): SelectQueryNode {
    return node
  }

  protected override transformBinaryOperation(
    node: BinaryOperationNode,
    queryId?: QueryId,
  ): BinaryOperationNode {
    const { leftOperand: left, operator, rightOperand: right } = node
    if (!OperatorNode.is(operator) || !COMPARISONS.has(operator.operator))
      return super.transformBinaryOperation(node, queryId)
    const [ofLeft, ofRight] = [this.#nameOf(left), this.#nameOf(right)]
    if (ofLeft !== undefined) return { ...node, rightOperand: this.#written(right, ofLeft) }
    if (ofRight !== undefined) return { ...node, leftOperand: this.#written(left, ofRight) }
    return super.transformBinaryOperation(node, queryId)
  }

  /** The declared column that is meant, if one is. */
  #nameOf(node: OperationNode): string | undefined {
    const reference = ReferenceNode.is(node) ? node : undefined
    const column = reference ? reference.column : node
    if (!ColumnNode.is(column)) return undefined
    const { name } = column.column
    if (reference?.table) return this.#isOwn(reference.table) ? this.#declared(name) : undefined
    return this.#built ? undefined : this.#declared(name)
  }

  #isOwn(table: OperationNode): boolean {
    return (
      TableNode.is(table) && table.table.identifier.name === this.#model.table.split('.').at(-1)
    )
  }

  #declared(name: string): string | undefined {
    return this.#model.column(name) ? name : undefined
  }

  #written(node: OperationNode, name: string): OperationNode {
    const { table } = this.#model
    const column = this.#model.column(name)!
    const write = (value: unknown) => writeColumn(table, name, column, value, this.#dialect)
    if (ValueNode.is(node)) return { ...node, value: write(node.value) } as ValueNode
    if (PrimitiveValueListNode.is(node))
      return { ...node, values: node.values.map(write) } as PrimitiveValueListNode
    if (ValueListNode.is(node))
      return {
        ...node,
        values: node.values.map(item => this.#written(item, name)),
      } as ValueListNode
    if (AndNode.is(node))
      return AndNode.create(this.#written(node.left, name), this.#written(node.right, name))
    return this.transformNode(node)
  }
}
