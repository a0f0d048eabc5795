import { AndNode, ExpressionWrapper, OrNode, ParensNode, RawNode, type OperationNode } from 'kysely'
import type { Select } from './plan-steps.js'

/**
 * The select with one more condition. Kysely writes a raw condition as it is, and `a = 1 or b = 2` beside another one would take that away:
 * such a condition gets parentheses (U6).
 */
export function whereNode(select: Select, condition: OperationNode): Select {
  return select.where(new ExpressionWrapper<any, any, any>(guarded(condition)))
}

/** The select with parentheses around those conditions that need them. */
export function withGuardedWhere(select: Select): Select {
  const condition = select.toOperationNode().where?.where
  if (!condition) return select
  const safe = guarded(condition)
  return safe === condition ? select : whereNode(select.clearWhere(), safe)
}

function guarded(node: OperationNode): OperationNode {
  if (AndNode.is(node)) {
    const [left, right] = [guarded(node.left), guarded(node.right)]
    return left === node.left && right === node.right ? node : AndNode.create(left, right)
  }
  return RawNode.is(node) || OrNode.is(node) ? ParensNode.create(node) : node
}
