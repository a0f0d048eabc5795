import {
  AndNode,
  BinaryOperationNode,
  CaseNode,
  ColumnNode,
  FunctionNode,
  OperationNodeTransformer,
  OperatorNode,
  ParensNode,
  PrimitiveValueListNode,
  ReferenceNode,
  TableNode,
  TupleNode,
  ValueListNode,
  ValueNode,
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

/** Operators that make a value of the column of a value of the column. */
const SUMS = new Set<unknown>(['+', '-'])

/** Functions that give one of the values that they are given. */
const CHOICES = new Set(['coalesce', 'ifnull', 'nullif', 'greatest', 'least'])

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

  /** What takes the place of a value of a column. @throws InvalidArgumentError for a value that the column does not take */
  static of(
    expression: OperationNode,
    column: string,
    model: DeclaredSet,
    dialect: DialectValues,
    built: boolean,
  ): OperationNode {
    return new DeclaredValues(model, dialect, built).#written(expression, column)
  }

  protected override transformSelectQuery(node: SelectQueryNode): SelectQueryNode {
    return node
  }

  protected override transformBinaryOperation(
    node: BinaryOperationNode,
    queryId?: QueryId,
  ): BinaryOperationNode {
    const { leftOperand: left, operator, rightOperand: right } = node
    const sign = OperatorNode.is(operator) ? operator.operator : undefined
    if (sign === undefined || !(COMPARISONS.has(sign) || SUMS.has(sign)))
      return super.transformBinaryOperation(node, queryId)
    if (TupleNode.is(left)) return { ...node, rightOperand: this.#tuple(right, left) }
    if (TupleNode.is(right)) return { ...node, leftOperand: this.#tuple(left, right) }
    const isSum = SUMS.has(sign)
    const [ofLeft, ofRight] = [left, right]
      .map(side => this.#nameOf(side))
      .map(name => (isSum ? this.#summand(name) : name))
    return {
      ...node,
      leftOperand: ofRight === undefined ? this.transformNode(left) : this.#written(left, ofRight),
      rightOperand: ofLeft === undefined ? this.transformNode(right) : this.#written(right, ofLeft),
    }
  }

  protected override transformFunction(node: FunctionNode, queryId?: QueryId): FunctionNode {
    const name = this.#nameOfChoice(node)
    return name === undefined
      ? super.transformFunction(node, queryId)
      : this.#writtenChoice(node, name)
  }

  /** The declared column whose value it is, if it is one. */
  #nameOf(node: OperationNode): string | undefined {
    if (ParensNode.is(node)) return this.#nameOf(node.node)
    if (BinaryOperationNode.is(node)) return this.#nameOfSum(node)
    if (FunctionNode.is(node)) return this.#nameOfChoice(node)
    const reference = ReferenceNode.is(node) ? node : undefined
    const column = reference ? reference.column : node
    if (!ColumnNode.is(column)) return undefined
    const { name } = column.column
    if (reference?.table) return this.#isOwn(reference.table) ? this.#declared(name) : undefined
    return this.#built ? undefined : this.#declared(name)
  }

  #nameOfChoice({ func, arguments: given }: FunctionNode): string | undefined {
    if (!CHOICES.has(func.toLowerCase())) return undefined
    return given.map(item => this.#nameOf(item)).find(name => name !== undefined)
  }

  #nameOfSum({ leftOperand, operator, rightOperand }: BinaryOperationNode): string | undefined {
    if (!OperatorNode.is(operator) || !SUMS.has(operator.operator)) return undefined
    return this.#summand(this.#nameOf(leftOperand) ?? this.#nameOf(rightOperand))
  }

  /** The column, where what is stored is another number than the value, so that nothing else can be added to it. */
  #summand(name: string | undefined): string | undefined {
    const column = name === undefined ? undefined : this.#model.column(name)
    return column?.type === 'decimal' && column.storedAs === 'whole' ? name : undefined
  }

  /** Values in the order of the columns of a tuple. */
  #tuple(node: OperationNode, columns: TupleNode): OperationNode {
    if (ParensNode.is(node)) return { ...node, node: this.#tuple(node.node, columns) } as ParensNode
    if (ValueListNode.is(node))
      return {
        ...node,
        values: node.values.map(item => this.#tuple(item, columns)),
      } as ValueListNode
    if (!TupleNode.is(node)) return this.transformNode(node)
    const values = node.values.map((value, i) => {
      const name = columns.values[i] && this.#nameOf(columns.values[i])
      return name === undefined ? this.transformNode(value) : this.#written(value, name)
    })
    return { ...node, values } as TupleNode
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
    if (ParensNode.is(node)) return { ...node, node: this.#written(node.node, name) } as ParensNode
    if (CaseNode.is(node)) return this.#writtenCase(node, name)
    if (FunctionNode.is(node) && CHOICES.has(node.func.toLowerCase()))
      return this.#writtenChoice(node, name)
    return this.transformNode(node)
  }

  #writtenChoice(node: FunctionNode, name: string): FunctionNode {
    return { ...node, arguments: node.arguments.map(item => this.#written(item, name)) }
  }

  #writtenCase(node: CaseNode, name: string): CaseNode {
    const made = this.transformNode(node)
    const results = (node.when ?? []).map(({ result }) => result && this.#written(result, name))
    const when = made.when?.map((one, i) => ({ ...one, ...(results[i] && { result: results[i] }) }))
    return {
      ...made,
      ...(when && { when }),
      ...(node.else && { else: this.#written(node.else, name) }),
    }
  }
}
