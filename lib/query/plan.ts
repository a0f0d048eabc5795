import { sql, type CompiledQuery, type SelectQueryBuilder } from 'kysely'
import type { DataSource } from '../connection/data-source.js'

type Select = SelectQueryBuilder<any, any, any>

/** Statements whose texts are known have at most so many shapes and beginnings of shapes in one data source. */
const MOST_SHAPES = 1000

interface Template {
  /** What Kysely gave, with something else in the place of each value. */
  readonly compiled: CompiledQuery<any>
  /** Which of the plan's values is which parameter. */
  readonly order: readonly number[]
}

/** What plans have in common whose statements have the same text: each step but its value. A tree of words, one for each data source. */
class Shape {
  /** `null` where the text has parameters that are not values of the plan. */
  template: Template | null | undefined
  readonly #next = new Map<string, Shape>()
  readonly #tree: { size: number }

  constructor(tree: { size: number }) {
    this.#tree = tree
  }

  /** The shape with one more word; `undefined` when there are too many already. */
  after(word: string): Shape | undefined {
    let next = this.#next.get(word)
    if (!next && this.#tree.size < MOST_SHAPES) {
      this.#tree.size++
      this.#next.set(word, (next = new Shape(this.#tree)))
    }
    return next
  }
}

/** What one step of a plan does to a select. Names of columns and the like are part of the text, a value is not. */
interface Step {
  readonly name: string
  add(select: Select, one: string, two: string, value: unknown): Select
}

const WHERE: Step = {
  name: 'where',
  add: (select, column, operator, value) => select.where(column, operator as never, value as never),
}
const WHERE_NULL: Step = {
  name: 'where null',
  add: (select, column, operator) => select.where(column, operator as never, null),
}
const ORDER_BY: Step = {
  name: 'order by',
  add: (select, column, direction) =>
    select.clearOrderBy().orderBy(column, direction as 'asc' | 'desc'),
}
const THEN_BY: Step = {
  name: 'then by',
  add: (select, column, direction) => select.orderBy(column, direction as 'asc' | 'desc'),
}
const LIMIT: Step = {
  name: 'limit',
  add: (select, _, __, rows) => select.limit(rows as number),
}
const LIMIT_TO_ONE: Step = {
  name: 'limit to one',
  add: select => select.limit(sql.lit(1)),
}
const NO_LIMIT: Step = {
  name: 'no limit',
  add: select => select.limit(sql.lit(Number.MAX_SAFE_INTEGER)),
}
const OFFSET: Step = {
  name: 'offset',
  add: (select, _, __, rows) => select.offset(rows as number),
}
const COUNT: Step = {
  name: 'count',
  add: select =>
    select
      .clearSelect()
      .clearOrderBy()
      .select(sql<number>`count(*)`.as('count')),
}

/** A step without a value. */
const NONE = Symbol('none')

/**
 * A statement as steps: each plan is one more step than the plan before it. Building a statement with Kysely costs more than everything else
 * that Mayfly does for a query, so it is built once for each shape, with the values left out.
 */
export class Plan {
  readonly #before: Plan | undefined
  readonly #shape: Shape | undefined
  readonly #step: Step | undefined
  readonly #one: string
  readonly #two: string
  readonly #value: unknown
  /** How many values there are up to this step. */
  readonly #values: number
  /** What Kysely has built already; then nothing is before it. */
  readonly #built: Select | undefined

  private constructor(
    before: Plan | undefined,
    shape: Shape | undefined,
    step?: Step,
    one = '',
    two = '',
    value: unknown = NONE,
    built?: Select,
  ) {
    this.#before = before
    this.#shape = shape
    this.#step = step
    this.#one = one
    this.#two = two
    this.#value = value
    this.#values = (before ? before.#values : 0) + (value === NONE ? 0 : 1)
    this.#built = built
  }

  /** A plan that begins with what Kysely has built. Without a shape it is built anew each time. */
  static of(built: Select, shape?: Shape): Plan {
    return new Plan(undefined, shape, undefined, '', '', NONE, built)
  }

  /** Kysely's builder, for what only it can express. */
  get select(): Select {
    const values = this.#allValues()
    let i = 0
    return this.#build(() => values[i++])
  }

  where(left: unknown, operator: unknown, right: unknown): Plan {
    if (typeof left === 'string' && typeof operator === 'string') {
      const isNull = right === null ? NULL_OPERATORS[operator] : undefined
      if (isNull) return this.#then(WHERE_NULL, left, isNull)
      if (COMPARISONS.has(operator) && isScalar(right))
        return this.#then(WHERE, left, operator, right)
    }
    return Plan.of(this.select.where(left as never, operator as never, right as never))
  }

  /** By this column alone. */
  orderBy(column: string, direction: 'asc' | 'desc'): Plan {
    return this.#then(ORDER_BY, column, direction)
  }

  thenBy(column: string, direction: 'asc' | 'desc'): Plan {
    return this.#then(THEN_BY, column, direction)
  }

  limit(rows: number): Plan {
    // Most limits are those of `first`, and a value that never changes need not travel.
    return rows === 1 ? this.#then(LIMIT_TO_ONE) : this.#then(LIMIT, '', '', rows)
  }

  /** Not every database takes an offset without a limit. */
  offset(rows: number, isLimited: boolean): Plan {
    const limited = isLimited ? this : this.#then(NO_LIMIT)
    return limited.#then(OFFSET, '', '', rows)
  }

  /** The number of rows in place of the rows. */
  count(): Plan {
    return this.#then(COUNT)
  }

  compile(): CompiledQuery<any> {
    const shape = this.#shape
    if (shape && shape.template === undefined) shape.template = this.#template()
    if (!shape?.template) return this.select.compile()
    const { compiled, order } = shape.template
    const values = this.#allValues()
    return {
      query: compiled.query,
      queryId: compiled.queryId,
      sql: compiled.sql,
      parameters: order.map(i => values[i]),
    }
  }

  #then(step: Step, one = '', two = '', value: unknown = NONE): Plan {
    let shape = this.#shape?.after(step.name)
    if (one !== '') shape = shape?.after(one)
    if (two !== '') shape = shape?.after(two)
    return new Plan(this, shape, step, one, two, value)
  }

  /** @param next gives the values from the first to the last, or something in their places */
  #build(next: () => unknown): Select {
    if (this.#built) return this.#built
    const select = this.#before!.#build(next)
    return this.#step!.add(select, this.#one, this.#two, this.#value === NONE ? undefined : next())
  }

  #template(): Template | null {
    const places: object[] = []
    const compiled = this.#build(() => {
      const place = {}
      places.push(place)
      return place
    }).compile()
    const order = compiled.parameters.map(place => places.indexOf(place as object))
    return order.includes(-1) ? null : { compiled, order }
  }

  #allValues(): unknown[] {
    const values: unknown[] = []
    for (let plan: Plan | undefined = this; plan && plan.#values > 0; plan = plan.#before)
      if (plan.#value !== NONE) values[plan.#values - 1] = plan.#value
    return values
  }
}

const beginnings = new WeakMap<DataSource, { tree: { size: number }; tables: Map<string, Plan> }>()

/** All rows of a table: the beginning of every query on it. */
export function rowsOf(source: DataSource, table: string): Plan {
  let known = beginnings.get(source)
  if (!known) beginnings.set(source, (known = { tree: { size: 0 }, tables: new Map() }))
  let rows = known.tables.get(table)
  if (!rows) {
    const select = source.builder.selectFrom(table).selectAll(table)
    known.tables.set(table, (rows = Plan.of(select, new Shape(known.tree))))
  }
  return rows
}

const NULL_OPERATORS: Readonly<Record<string, string>> = {
  '=': 'is',
  '==': 'is',
  '!=': 'is not',
  '<>': 'is not',
}

/** Operators whose right side becomes one parameter. */
const COMPARISONS = new Set(['=', '==', '!=', '<>', '<', '<=', '>', '>=', 'like', 'not like'])

function isScalar(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
      return true
    default:
      return value instanceof Date || value instanceof Uint8Array
  }
}
