import type { Kysely, OperationNode } from 'kysely'
import { DecimalParameter } from '../connection/dialect-values.js'
import type { MayflyQuery } from '../connection/driver.js'
import { whereNode, withGuardedWhere } from './guarded-where.js'
import {
  aggregate,
  aggregateRows,
  CONDITIONS,
  count,
  countRows,
  distinct,
  like,
  limit,
  limitToOne,
  lock,
  noLimit,
  offset,
  orderBy,
  presence,
  selectColumns,
  thenBy,
  where,
  whereNever,
  whereNull,
  type Aggregate,
  type Direction,
  type Select,
  type Step,
} from './plan-steps.js'
import { MOST_PADDED, padded } from './padded.js'
import type { Shape, Template } from './shape.js'

/** A step without a value. */
const NONE = Symbol('none')

/** The values of one step. */
class List {
  readonly values: readonly unknown[]

  constructor(values: readonly unknown[]) {
    this.values = values
  }
}

/** Stands for a value while a statement is built without values. */
class Place {
  readonly index: number

  constructor(index: number) {
    this.index = index
  }
}

/**
 * A statement as steps: each plan is one more step than the plan before it. Building a statement with Kysely costs more than everything else
 * that Mayfly does for a query (bench row 'find(id)'), so it is built once for each shape, with places for the values: `where id = 7` and
 * `where id = 8` are the steps `where`, `id`, `=` with different values, and share one text.
 *
 * A step whose shape is not known yet is built once with its values, only to see whether Kysely takes it: so a wrong name is an error of the
 * call that gave it, and never becomes a shape. What has no shape, because only Kysely can express it or because the compiler looks at
 * values, is made each time.
 */
export class Plan {
  /** What it begins with, where that has no steps. */
  readonly #select: Select | undefined
  readonly #before: Plan | undefined
  /** `undefined` where the text is not known to be the same each time. */
  readonly #shape: Shape | undefined
  readonly #step: Step | undefined
  readonly #words: readonly string[]
  readonly #value: unknown
  /** How many values there are up to this step. */
  readonly #values: number

  private constructor(
    select: Select | undefined,
    before: Plan | undefined,
    shape: Shape | undefined,
    step?: Step,
    words: readonly string[] = [],
    value: unknown = NONE,
  ) {
    this.#select = select
    this.#before = before
    this.#shape = shape
    this.#step = step
    this.#words = words
    this.#value = value
    this.#values = (before ? before.#values : 0) + countOf(value)
  }

  /** A plan that begins with a query of Kysely; without a shape its text is made anew each time. */
  static of(select: Select, shape?: Shape): Plan {
    return new Plan(shape ? select : withGuardedWhere(select), undefined, shape)
  }

  /**
   * What a database has no text for, or another one than the next, has a meaning here: a comparison with null, and a list without values.
   * @throws Error of Kysely, for a name or an operator that cannot be one
   */
  where(left: unknown, operator: unknown, right: unknown): Plan {
    if (Array.isArray(right) && right.length === 0) {
      if (operator === 'in') return this.#then(whereNever, WHERE_NEVER)
      if (operator === 'not in') return this
    }
    const isNull = right === null ? NULL_OPERATORS.get(operator) : undefined
    if (typeof left === 'string' && typeof operator === 'string') {
      if (isNull) return this.#then(whereNull, ['where null', left, isNull])
      if (COMPARISONS.has(operator) && isScalar(right))
        return this.#then(where, ['where', left, operator], right)
      if (LISTS.has(operator) && isList(right)) {
        const list = padded(right)
        return this.#then(where, ['where', left, operator, `${list.length}`], new List(list))
      }
    }
    const compares = isNull ?? operator
    return Plan.of(this.toSelect().where(left as never, compares as never, right as never))
  }

  /** The conditions of another plan for the same table, and nothing else of it, after those of this one. */
  whereAs(other: Plan): Plan {
    if (other.#before) {
      const plan = this.whereAs(other.#before)
      const isCondition = CONDITIONS.has(other.#step)
      return isCondition ? plan.#then(other.#step!, other.#words, other.#value) : plan
    }
    // A plan with a shape begins with all rows of its table.
    const condition = other.#shape ? undefined : other.#select!.toOperationNode().where
    return condition ? this.whereNode(condition.where) : this
  }

  /** All its conditions together. */
  get condition(): OperationNode | undefined {
    return this.toSelect().toOperationNode().where?.where
  }

  whereNode(condition: OperationNode): Plan {
    return Plan.of(whereNode(this.toSelect(), condition))
  }

  /** By this column alone. */
  orderBy(column: string, direction: Direction): Plan {
    return this.#then(orderBy, ['order by', column, direction])
  }

  thenBy(column: string, direction: Direction): Plan {
    return this.#then(thenBy, ['then by', column, direction])
  }

  limit(rows: number): Plan {
    // Most limits are those of `first`, and a value that never changes need not travel.
    return rows === 1 ? this.#then(limitToOne, LIMIT_TO_ONE) : this.#then(limit, LIMIT, rows)
  }

  /** Not every database takes an offset without a limit. */
  offset(rows: number, isLimited: boolean): Plan {
    const limited = isLimited ? this : this.#then(noLimit, NO_LIMIT)
    return limited.#then(offset, OFFSET, rows)
  }

  /** The number of rows in place of the rows. */
  count(): Plan {
    return this.#then(count, COUNT)
  }

  /** The number of the rows that it gives, in place of the rows. */
  countRows(builder: Kysely<any>): Plan {
    return this.#then(countRows(builder), COUNT_ROWS)
  }

  /** One value of a column of all rows, in place of the rows. */
  aggregate(of: Aggregate, column: string): Plan {
    return this.#then(aggregate, ['aggregate', of, column])
  }

  /** One value of a column of the rows that it gives, in place of the rows. */
  aggregateRows(builder: Kysely<any>, of: Aggregate, column: string): Plan {
    return this.#then(aggregateRows(builder), ['aggregate rows', of, column])
  }

  select(columns: readonly string[]): Plan {
    return this.#then(selectColumns, ['select', ...columns])
  }

  distinct(): Plan {
    return this.#then(distinct, DISTINCT)
  }

  /** @param text as the database says it */
  lock(text: string): Plan {
    return this.#then(lock, ['lock', text])
  }

  /** @param pattern in which `!` takes the meaning of the character after it away */
  like(column: string, pattern: string): Plan {
    return this.#then(like, ['like', column], pattern)
  }

  /** Something for each row, in place of the row. */
  presence(): Plan {
    return this.#then(presence, PRESENCE)
  }

  /** Has Kysely build it, for what only Kysely can express. */
  toSelect(): Select {
    const values = this.#allValues()
    let i = 0
    return this.#build(() => values[i++])
  }

  /** What has a shape is made of names and scalars alone. */
  compile(): MayflyQuery<any> {
    if (!this.#shape) return this.toSelect().compile()
    const { compiled, order } = (this.#shape.template ??= this.#template())
    const values = this.#allValues()
    return {
      query: compiled.query,
      queryId: compiled.queryId,
      sql: compiled.sql,
      parameters: order ? order.map(i => values[i]) : values,
      ours: true,
    }
  }

  #then(step: Step, words: readonly string[], value: unknown = NONE): Plan {
    const shape = this.#shape?.get(words)
    if (shape) return new Plan(undefined, this, shape, step, words, value)
    const select = step(this.toSelect(), words, given(value))
    if (!this.#shape) return Plan.of(select)
    return new Plan(undefined, this, this.#shape.add(words), step, words, value)
  }

  /** @param next gives the values from the first to the last, or something in their places */
  #build(next: () => unknown): Select {
    if (this.#select) return this.#select
    const select = this.#before!.#build(next)
    const value = this.#value
    if (value instanceof List) return this.#step!(select, this.#words, value.values.map(next))
    return this.#step!(select, this.#words, value === NONE ? undefined : next())
  }

  #template(): Template {
    let places = 0
    const compiled = this.#build(() => new Place(places++)).compile()
    const order = (compiled.parameters as readonly Place[]).map(({ index }) => index)
    return { compiled, order: order.some((index, i) => index !== i) ? order : undefined }
  }

  #allValues(): unknown[] {
    const values: unknown[] = []
    for (let plan: Plan | undefined = this; plan && plan.#values > 0; plan = plan.#before) {
      const value = plan.#value
      if (value instanceof List) {
        const first = plan.#values - value.values.length
        for (let i = 0; i < value.values.length; i++) values[first + i] = value.values[i]
      } else if (value !== NONE) values[plan.#values - 1] = value
    }
    return values
  }
}

function countOf(value: unknown): number {
  if (value === NONE) return 0
  return value instanceof List ? value.values.length : 1
}

function given(value: unknown): unknown {
  if (value === NONE) return undefined
  return value instanceof List ? value.values : value
}

const WHERE_NEVER = ['where never']
const LIMIT = ['limit']
const LIMIT_TO_ONE = ['limit to one']
const NO_LIMIT = ['no limit']
const OFFSET = ['offset']
const COUNT = ['count']
const COUNT_ROWS = ['count rows']
const PRESENCE = ['presence']
const DISTINCT = ['distinct']

const NULL_OPERATORS: ReadonlyMap<unknown, string> = new Map([
  ['=', 'is'],
  ['==', 'is'],
  ['!=', 'is not'],
  ['<>', 'is not'],
  ['is', 'is'],
  ['is not', 'is not'],
])

/** Operators whose right side becomes one parameter. */
const COMPARISONS = new Set(['=', '==', '!=', '<>', '<', '<=', '>', '>=', 'like', 'not like'])

/** Operators whose right side becomes one parameter for each of its values. */
const LISTS = new Set(['in', 'not in'])

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length <= MOST_PADDED && value.every(isScalar)
}

/** Whether a value is one parameter, whatever it is compared with. */
export function isScalar(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
      return true
    default:
      return (
        value instanceof Date || value instanceof Uint8Array || value instanceof DecimalParameter
      )
  }
}
