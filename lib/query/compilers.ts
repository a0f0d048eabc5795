import {
  MysqlQueryCompiler,
  PostgresQueryCompiler,
  PrimitiveValueListNode,
  ValueListNode,
  type BinaryOperationNode,
} from 'kysely'

/** Kysely's compiler for MySQL, for which `in` an empty list is no SQL: it is false, and `not in` true, as on SQLite. */
export class MysqlCompiler extends MysqlQueryCompiler {
  protected override visitBinaryOperation(node: BinaryOperationNode): void {
    const answer = ofEmptyList(node)
    if (answer) this.append(answer)
    else super.visitBinaryOperation(node)
  }
}

/** The same for PostgreSQL. */
export class PostgresCompiler extends PostgresQueryCompiler {
  protected override visitBinaryOperation(node: BinaryOperationNode): void {
    const answer = ofEmptyList(node)
    if (answer) this.append(answer)
    else super.visitBinaryOperation(node)
  }
}

function ofEmptyList({ operator, rightOperand }: BinaryOperationNode): string | undefined {
  const isList = PrimitiveValueListNode.is(rightOperand) || ValueListNode.is(rightOperand)
  if (!isList || rightOperand.values.length > 0 || !('operator' in operator)) return undefined
  if (operator.operator === 'in') return 'false'
  return operator.operator === 'not in' ? 'true' : undefined
}
