import {
  MssqlQueryCompiler,
  MysqlQueryCompiler,
  PostgresQueryCompiler,
  sql,
  SqliteQueryCompiler,
  type CompiledQuery,
  type SelectQueryBuilder,
} from 'kysely'
import type { DataSource } from '../connection/data-source.js'

type Select = SelectQueryBuilder<any, any, any>

/**
 * Compilers whose texts do not depend on values, so that a text without them can be built. Others, of databases that want a type with each
 * parameter, or that write some values into the text, are asked each time.
 */
const COMPILERS: ReadonlySet<Function> = new Set([
  MssqlQueryCompiler,
  MysqlQueryCompiler,
  PostgresQueryCompiler,
  SqliteQueryCompiler,
])

/** How many words the shapes of one data source may have. Then all are forgotten, and the next ones are learned. */
const MOST_WORDS = 5000

/** A statement with an empty place for each value. */
interface Template {
  readonly compiled: CompiledQuery<any>
  /** Which of the plan's values is which parameter; `undefined` where they are in order. */
  readonly order: readonly number[] | undefined
}

/** All shapes of one data source. */
interface Shapes {
  readonly tables: Map<string, Plan>
  words: number
}

/**
 * What plans have in common whose statements have the same text: the words of each step, without its value. Shapes are a tree, whose
 * branches are words.
 */
class Shape {
  template: Template | undefined
  readonly #shapes: Shapes
  readonly #next = new Map<string, Shape>()

  constructor(shapes: Shapes) {
    this.#shapes = shapes
  }

  get(words: readonly string[]): Shape | undefined {
    let shape: Shape | undefined = this
    for (let i = 0; shape && i < words.length; i++) shape = shape.#next.get(words[i]!)
    return shape
  }

  add(words: readonly string[]): Shape {
    let shape: Shape = this
    for (const word of words) {
      let next = shape.#next.get(word)
      if (!next) {
        shape.#next.set(word, (next = new Shape(this.#shapes)))
        this.#shapes.words++
      }
      shape = next
    }
    return shape
  }
}

/** What a step of a plan does to a select. `words` are part of the text, beginning with the name of the step; the value is not. */
type Add = (select: Select, words: readonly string[], value: unknown) => Select

const where: Add = (select, [, column, operator], value) =>
  select.where(column!, operator as never, value as never)
const whereNull: Add = (select, [, column, operator]) =>
  select.where(column!, operator as never, null)
const orderBy: Add = (select, [, column, direction]) =>
  select.clearOrderBy().orderBy(column!, direction as Direction)
const thenBy: Add = (select, [, column, direction]) =>
  select.orderBy(column!, direction as Direction)
const limit: Add = (select, _, rows) => select.limit(rows as number)
const limitToOne: Add = select => select.limit(sql.lit(1))
const noLimit: Add = select => select.limit(sql.lit(Number.MAX_SAFE_INTEGER))
const offset: Add = (select, _, rows) => select.offset(rows as number)
const count: Add = select =>
  select
    .clearSelect()
    .clearOrderBy()
    .select(sql<number>`count(*)`.as('count'))

type Direction = 'asc' | 'desc'

/** A step without a value. */
const NONE = Symbol('none')

/**
 * A statement as steps: each plan is one more step than the plan before it. Building a statement with Kysely costs more than everything else
 * that Mayfly does for a query, so it is built once for each shape, with the values left out.
 */
export class Plan {
  /** What it begins with, where Kysely has built that already. */
  readonly #built: Select | undefined
  readonly #before: Plan | undefined
  /** `undefined` where the text is not known to be the same each time. */
  readonly #shape: Shape | undefined
  readonly #add: Add | undefined
  readonly #words: readonly string[]
  readonly #value: unknown
  /** How many values there are up to this step. */
  readonly #values: number

  private constructor(
    built: Select | undefined,
    before: Plan | undefined,
    shape: Shape | undefined,
    add?: Add,
    words: readonly string[] = [],
    value: unknown = NONE,
  ) {
    this.#built = built
    this.#before = before
    this.#shape = shape
    this.#add = add
    this.#words = words
    this.#value = value
    this.#values = (before ? before.#values : 0) + (value === NONE ? 0 : 1)
  }

  /** A plan that begins with what Kysely has built; without a shape it is built anew each time. */
  static of(built: Select, shape?: Shape): Plan {
    return new Plan(built, undefined, shape)
  }

  /** @throws Error of Kysely, for a name or an operator that cannot be one */
  where(left: unknown, operator: unknown, right: unknown): Plan {
    if (typeof left === 'string' && typeof operator === 'string') {
      const isNull = right === null ? NULL_OPERATORS.get(operator) : undefined
      if (isNull) return this.#then(whereNull, ['where null', left, isNull])
      if (COMPARISONS.has(operator) && isScalar(right))
        return this.#then(where, ['where', left, operator], right)
    }
    return Plan.of(this.toSelect().where(left as never, operator as never, right as never))
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

  /** Has Kysely build it, for what only Kysely can express. */
  toSelect(): Select {
    const values = this.#allValues()
    let i = 0
    return this.#build(() => values[i++])
  }

  compile(): CompiledQuery<any> {
    if (!this.#shape) return this.toSelect().compile()
    const { compiled, order } = (this.#shape.template ??= this.#template())
    const values = this.#allValues()
    return {
      query: compiled.query,
      queryId: compiled.queryId,
      sql: compiled.sql,
      parameters: order ? order.map(i => values[i]) : values,
    }
  }

  #then(add: Add, words: readonly string[], value: unknown = NONE): Plan {
    const shape = this.#shape?.get(words)
    if (shape) return new Plan(undefined, this, shape, add, words, value)
    // What is not known yet is built, so that a wrong name is an error here, and no shape.
    const built = add(this.toSelect(), words, value === NONE ? undefined : value)
    if (!this.#shape) return Plan.of(built)
    return new Plan(undefined, this, this.#shape.add(words), add, words, value)
  }

  /** @param next gives the values from the first to the last, or something in their places */
  #build(next: () => unknown): Select {
    if (this.#built) return this.#built
    const select = this.#before!.#build(next)
    return this.#add!(select, this.#words, this.#value === NONE ? undefined : next())
  }

  #template(): Template {
    const places: unknown[] = []
    const compiled = this.#build(() => {
      const place = {}
      places.push(place)
      return place
    }).compile()
    const order = compiled.parameters.map(place => places.indexOf(place))
    return { compiled, order: order.some((place, i) => place !== i) ? order : undefined }
  }

  #allValues(): unknown[] {
    const values: unknown[] = []
    for (let plan: Plan | undefined = this; plan && plan.#values > 0; plan = plan.#before)
      if (plan.#value !== NONE) values[plan.#values - 1] = plan.#value
    return values
  }
}

const LIMIT = ['limit']
const LIMIT_TO_ONE = ['limit to one']
const NO_LIMIT = ['no limit']
const OFFSET = ['offset']
const COUNT = ['count']

const shapesOf = new WeakMap<DataSource, Shapes>()

/** All rows of a table: the beginning of every query on it. */
export function rowsOf(source: DataSource, table: string): Plan {
  let shapes = shapesOf.get(source)
  if (!shapes || shapes.words > MOST_WORDS)
    shapesOf.set(source, (shapes = { tables: new Map(), words: 0 }))
  let rows = shapes.tables.get(table)
  if (!rows) {
    const select = source.builder.selectFrom(table).selectAll(table)
    const isKnown = COMPILERS.has(source.compiler.constructor)
    shapes.tables.set(table, (rows = Plan.of(select, isKnown ? new Shape(shapes) : undefined)))
  }
  return rows
}

const NULL_OPERATORS: ReadonlyMap<string, string> = new Map([
  ['=', 'is'],
  ['==', 'is'],
  ['!=', 'is not'],
  ['<>', 'is not'],
])

/** Operators whose right side becomes one parameter. */
const COMPARISONS = new Set(['=', '==', '!=', '<>', '<', '<=', '>', '>=', 'like', 'not like'])

/** Whether a value is one parameter, whatever it is compared with. */
export function isScalar(value: unknown): boolean {
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
