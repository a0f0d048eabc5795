import { inspect } from 'node:util'
import {
  sql,
  type ComparisonOperatorExpression,
  type CompiledQuery,
  type ExpressionOrFactory,
  type OperandValueExpressionOrList,
  type ReferenceExpression,
  type Selectable,
  type SelectQueryBuilder,
  type SqlBool,
} from 'kysely'
import {
  InvalidArgumentError,
  invalidCount,
  invalidOrder,
  thenByWithoutOrderBy,
} from '../errors.js'
import { checkLimit } from '../support/check-limit.js'
import { writeColumn, type Columns } from './columns.js'
import type { QueryRunner } from './query-runner.js'
import { Plan, rowsOf } from './plan.js'
import { readRows } from './row-reader.js'

/** The name of a table in a Kysely database interface. */
export type TableName<DB> = keyof DB & string
/** A row of a table as it is read. */
export type Entity<DB, T extends TableName<DB>> = Selectable<DB[T]>
/** The name of a column of a table. */
export type ColumnName<DB, T extends TableName<DB>> = keyof Entity<DB, T> & string

/** What a set knows of its table. */
export interface SetModel {
  readonly table: string
  readonly key: string
  readonly columns: Columns
  readonly filter: ((query: Query<any, any, any>) => Query<any, any, any>) | undefined
}

interface QueryState {
  readonly plan: Plan
  readonly ordered: boolean
  readonly take: number | undefined
  readonly skip: number | undefined
  readonly filtered: boolean
  readonly timeout: number | undefined
  /** `build` may have joined, grouped or made rows distinct, so a count must count its rows. */
  readonly built: boolean
}

const STREAM_CHUNK = 100

/**
 * A query on one set. It is immutable: every method gives a new query, and nothing is sent before `toList`, `first`, `count`,
 * `any` or a `for await` loop. It dies with its context (C5).
 */
export class Query<DB, T extends TableName<DB>, O> implements AsyncIterable<O> {
  readonly #runner: QueryRunner
  readonly #model: SetModel
  #state: QueryState | undefined

  /** @internal */
  constructor(runner: QueryRunner, model: SetModel, state?: QueryState) {
    this.#runner = runner
    this.#model = model
    this.#state = state
  }

  /**
   * Keeps the rows that match. Several calls are joined by AND. A comparison with `null` by `=` or `!=` means IS NULL or IS NOT NULL.
   * @throws InvalidArgumentError for a value that a declared column does not take
   */
  where<RE extends ReferenceExpression<DB, T>, VE extends OperandValueExpressionOrList<DB, T, RE>>(
    lhs: RE,
    op: ComparisonOperatorExpression,
    rhs: VE,
  ): Query<DB, T, O>
  where<E extends ExpressionOrFactory<DB, T, SqlBool>>(expression: E): Query<DB, T, O>
  where(...args: [unknown] | [unknown, unknown, unknown]): Query<DB, T, O> {
    const { plan } = this.#current
    if (args.length === 1)
      return this.#with({ plan: Plan.of(plan.toSelect().where(args[0] as never)) })
    const [lhs, op, rhs] = args
    return this.#with({ plan: plan.where(lhs, op, this.#operand(lhs, rhs)) })
  }

  /** Orders by this column alone; an earlier order is replaced, as in LINQ. */
  orderBy(column: ColumnName<DB, T>): Query<DB, T, O> {
    return this.#order(column, 'asc', false)
  }

  orderByDescending(column: ColumnName<DB, T>): Query<DB, T, O> {
    return this.#order(column, 'desc', false)
  }

  /**
   * Orders rows that are equal so far.
   * @throws InvalidArgumentError without an `orderBy` before it
   */
  thenBy(column: ColumnName<DB, T>): Query<DB, T, O> {
    if (!this.#current.ordered) throw thenByWithoutOrderBy('thenBy')
    return this.#order(column, 'asc', true)
  }

  /** @throws InvalidArgumentError without an `orderBy` before it */
  thenByDescending(column: ColumnName<DB, T>): Query<DB, T, O> {
    if (!this.#current.ordered) throw thenByWithoutOrderBy('thenByDescending')
    return this.#order(column, 'desc', true)
  }

  /**
   * At most so many rows.
   * @throws InvalidArgumentError for anything but a whole number of rows, 0 or more
   */
  take(rows: number): Query<DB, T, O> {
    if (!isCount(rows)) throw invalidCount('take')
    return this.#with({ take: rows })
  }

  /**
   * Leaves out so many rows at the start.
   * @throws InvalidArgumentError for anything but a whole number of rows, 0 or more
   */
  skip(rows: number): Query<DB, T, O> {
    if (!isCount(rows)) throw invalidCount('skip')
    return this.#with({ skip: rows })
  }

  /** Rows that the context does not track (U3). */
  asNoTracking(): Query<DB, T, O> {
    return this.#with({})
  }

  /**
   * How long the statement may take (ms), in place of the context's `commandTimeout`.
   * @throws InvalidArgumentError for anything but a whole number of ms, 1 or more
   */
  commandTimeout(timeout: number): Query<DB, T, O> {
    checkLimit(InvalidArgumentError, 'commandTimeout', timeout, 'ms')
    return this.#with({ timeout })
  }

  /** Lifts the set's `filter` for this query (U6). */
  ignoreFilters(): Query<DB, T, O> {
    return this.#with({ filtered: false })
  }

  /**
   * Anything that Kysely can express: joins, projections, groups. The result is not tracked. Without a selection of its own the
   * rows of the set are selected.
   * @example users.build(q => q.innerJoin('orders', 'orders.userId', 'users.id').select(['users.name', 'orders.amount']))
   */
  build<R>(
    build: (query: SelectQueryBuilder<DB, T, {}>) => SelectQueryBuilder<any, any, R>,
  ): Query<DB, T, R> {
    const { plan, built } = this.#current
    const select = plan.toSelect()
    const changed = build(built ? select : select.clearSelect())
    const state = { ...this.#current, plan: Plan.of(changed), built: true }
    return new Query<DB, T, R>(this.#runner, this.#model, state)
  }

  /**
   * All rows.
   * @throws ConcurrentOperationError while the context is busy; ContextDisposedError after its end; TransactionEndedError for work
   *   that outlived its transaction; ConnectionTimeoutError; DatabaseError
   */
  toList(): Promise<O[]> {
    return this.#rows()
  }

  /** The first row, or `undefined`. Errors as for `toList`. */
  async first(): Promise<O | undefined> {
    const rows = await this.#rows(1)
    return rows[0]
  }

  /** How many rows `toList` would give. Errors as for `toList`. */
  async count(): Promise<number> {
    const state = this.#filtered(this.#current)
    const { built, take, skip, plan } = state
    const compiled =
      built || take !== undefined || skip !== undefined
        ? this.#runner.source.builder
            .selectFrom(this.#complete(state).toSelect().as('rows'))
            .select(sql<number>`count(*)`.as('count'))
            .compile()
        : plan.count().compile()
    const { rows } = await this.#runner.query<{ count: number | string | bigint }>(compiled, state)
    return Number(rows[0]!.count)
  }

  /** Whether there is a row at all. Errors as for `toList`. */
  async any(): Promise<boolean> {
    const state = atMost(1, this.#current)
    const { rows } = await this.#runner.query(this.#compile(state), state)
    return rows.length > 0
  }

  /**
   * The rows as they arrive, for results that are too large for memory. The context keeps its connection and refuses other
   * operations until the loop has ended (C4).
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<O, void> {
    const state = this.#current
    const compiled = this.#compile(state)
    const results = this.#runner.stream<O>(compiled, STREAM_CHUNK, state)
    for await (const { rows } of results) {
      this.#readRows(rows, compiled, state)
      for (const row of rows) {
        yield row
        results.assertOpen()
      }
    }
  }

  [inspect.custom](): string {
    return `${this.constructor.name}(${this.#model.table}) of ${this.#runner.id}`
  }

  get #current(): QueryState {
    this.#runner.assertAlive()
    return (this.#state ??= {
      plan: rowsOf(this.#runner.source, this.#model.table),
      ordered: false,
      take: undefined,
      skip: undefined,
      filtered: true,
      timeout: undefined,
      built: false,
    })
  }

  #with(change: Partial<QueryState>): Query<DB, T, O> {
    return new Query<DB, T, O>(this.#runner, this.#model, { ...this.#current, ...change })
  }

  #order(column: string, direction: 'asc' | 'desc', further: boolean): Query<DB, T, O> {
    const { plan } = this.#current
    if (typeof column !== 'string' || column === '') throw invalidOrder()
    const ordered = further ? plan.thenBy(column, direction) : plan.orderBy(column, direction)
    return this.#with({ plan: ordered, ordered: true })
  }

  /** A value that is compared with a declared column travels as that column does. */
  #operand(lhs: unknown, rhs: unknown): unknown {
    if (typeof lhs !== 'string') return rhs
    const { table, columns } = this.#model
    const name = lhs.startsWith(`${table}.`) ? lhs.slice(table.length + 1) : lhs
    if (!Object.hasOwn(columns, name) || isExpression(rhs)) return rhs
    const write = (value: unknown) => writeColumn(table, name, columns[name]!, value)
    return Array.isArray(rhs) ? rhs.map(write) : write(rhs)
  }

  /** The set's filter is asked anew each time, so that it reads what the context's fields say now (U6). */
  #filtered(state: QueryState): QueryState {
    const { filter } = this.#model
    if (!filter || !state.filtered) return state
    const plain = new Query<DB, T, O>(this.#runner, this.#model, { ...state, filtered: false })
    return filter(plain).#current
  }

  #complete({ plan, take, skip, built }: QueryState): Plan {
    let complete = plan
    if (built) {
      const select = plan.toSelect()
      if (!hasSelection(select)) complete = Plan.of(select.selectAll(this.#model.table))
    }
    if (take !== undefined) complete = complete.limit(take)
    return skip === undefined ? complete : complete.offset(skip, take !== undefined)
  }

  #compile(state: QueryState): CompiledQuery<O> {
    return this.#complete(this.#filtered(state)).compile()
  }

  async #rows(most?: number): Promise<O[]> {
    const state = most === undefined ? this.#current : atMost(most, this.#current)
    const compiled = this.#compile(state)
    const { rows } = await this.#runner.query<O>(compiled, state)
    this.#readRows(rows, compiled, state)
    return rows
  }

  /** Rows of the table as they are carry every declared column; what `build` selected has to be looked at. */
  #readRows(rows: O[], { query }: CompiledQuery, { built }: QueryState): void {
    const { table, columns, filter } = this.#model
    readRows(table, columns, rows as Record<string, unknown>[], built || filter ? query : undefined)
  }
}

function atMost(rows: number, state: QueryState): QueryState {
  return { ...state, take: Math.min(state.take ?? rows, rows) }
}

function isCount(rows: number): boolean {
  return Number.isSafeInteger(rows) && rows >= 0
}

function isExpression(value: unknown): boolean {
  return (
    typeof value === 'function' ||
    (typeof value === 'object' &&
      value !== null &&
      'toOperationNode' in value &&
      typeof value.toOperationNode === 'function')
  )
}

function hasSelection(select: SelectQueryBuilder<any, any, any>): boolean {
  return (select.toOperationNode().selections?.length ?? 0) > 0
}
