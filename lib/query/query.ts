import { inspect } from 'node:util'
import {
  type ComparisonOperatorExpression,
  type CompiledQuery,
  type ExpressionOrFactory,
  type OperandValueExpressionOrList,
  type ReferenceExpression,
  type SelectQueryBuilder,
  type SqlBool,
} from 'kysely'
import {
  filterNotConditions,
  filterOfOtherRows,
  filterWithoutQuery,
  includeBuilt,
  includeInStream,
  InvalidArgumentError,
  invalidCount,
  orderWithDirection,
  thenByWithoutOrderBy,
} from '../errors.js'
import { checkLimit } from '../support/check-limit.js'
import type { BoundSet, Filter } from './bound-set.js'
import { condition, directionOf, leftSide, operand, operator, orderColumn } from './arguments.js'
import type { ColumnName, TableName } from './database-types.js'
import type { Including, RelatedEntity, Target } from './relations.js'
import { materialise } from './materialise.js'
import { Plan } from './plan.js'
import {
  allOf,
  atMost,
  countStatement,
  declaring,
  presenceStatement,
  rowsStatement,
  type QueryState,
} from './statement.js'
import { rowsOf } from './table-plans.js'

const STREAM_CHUNK = 100

/** The rows of a query whose builder selected `P`: where that is nothing, they stay as they were. */
type Built<O, P> = [keyof P] extends [never] ? O : P

/** What a query, or a set, asks its questions with. */
export let setOf: (query: Query<any, any, any, any>) => BoundSet

/** Rows that are related to others: those whose column has one of the keys. `take` and `skip` count for each of these. */
export let relatedRows: (
  query: Query<any, any, any, any>,
  column: string,
  keys: readonly unknown[],
  tracked: boolean,
) => Promise<RelatedRows>

interface RelatedRows {
  readonly rows: readonly unknown[]
  /** Of the rows of one key those that the query asked for. */
  readonly part: (rows: readonly unknown[]) => readonly unknown[]
}

/**
 * A query on one set. It is immutable: every method gives a new query, and nothing is sent before `toList`, `first`, `count`,
 * `any` or a `for await` loop. It dies with its context (C5).
 */
export class Query<DB, T extends TableName<DB>, O, R = {}> implements AsyncIterable<O> {
  static {
    setOf = query => query.#set
    relatedRows = (query, column, keys, tracked) => query.#related(column, keys, tracked)
  }

  readonly #set: BoundSet
  #state: QueryState | undefined

  /** @internal */
  constructor(set: BoundSet, state?: QueryState) {
    this.#set = set
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
  ): Query<DB, T, O, R>
  where<E extends ExpressionOrFactory<DB, T, SqlBool>>(expression: E): Query<DB, T, O, R>
  where(...args: [unknown] | [unknown, unknown, unknown]): Query<DB, T, O, R> {
    const { plan, built } = this.#current
    const { runner, model } = this.#set
    const { table } = model
    if (args.length === 1) return this.#with({ plan: plan.whereNode(condition(table, args[0])) })
    const { values } = runner.source
    const [left, op, right] = args
    const column = leftSide(model, left, built)
    const compares = operator(table, op, values)
    const compared = plan.where(column, compares, operand(model, left, compares, right, values))
    return this.#with({ plan: compared })
  }

  /** Orders by this column alone; an earlier order is replaced, as in LINQ. */
  orderBy(column: ColumnName<DB, T>): Query<DB, T, O, R>
  orderBy(column: ColumnName<DB, T>, ...more: readonly unknown[]): Query<DB, T, O, R> {
    const ordered = this.#order(column, true, false)
    if (more.length > 0) throw orderWithDirection('orderBy')
    return ordered
  }

  orderByDescending(column: ColumnName<DB, T>): Query<DB, T, O, R> {
    return this.#order(column, false, false)
  }

  /**
   * Orders rows that are equal so far.
   * @throws InvalidArgumentError without an `orderBy` before it
   */
  thenBy(column: ColumnName<DB, T>): Query<DB, T, O, R>
  thenBy(column: ColumnName<DB, T>, ...more: readonly unknown[]): Query<DB, T, O, R> {
    if (!this.#current.ordered) throw thenByWithoutOrderBy('thenBy')
    if (more.length > 0) throw orderWithDirection('thenBy')
    return this.#order(column, true, true)
  }

  /** @throws InvalidArgumentError without an `orderBy` before it */
  thenByDescending(column: ColumnName<DB, T>): Query<DB, T, O, R> {
    if (!this.#current.ordered) throw thenByWithoutOrderBy('thenByDescending')
    return this.#order(column, false, true)
  }

  /**
   * At most so many rows.
   * @throws InvalidArgumentError for anything but a whole number of rows, 0 or more
   */
  take(rows: number): Query<DB, T, O, R> {
    if (!isCount(rows)) throw invalidCount('take')
    return this.#with({ take: rows })
  }

  /**
   * Leaves out so many rows at the start.
   * @throws InvalidArgumentError for anything but a whole number of rows, 0 or more
   */
  skip(rows: number): Query<DB, T, O, R> {
    if (!isCount(rows)) throw invalidCount('skip')
    return this.#with({ skip: rows })
  }

  /** Rows that the context does not track: fresh objects each time, whose changes nobody saves (U3). */
  asNoTracking(): Query<DB, T, O, R> {
    return this.#with({ tracked: false })
  }

  /** Rows that the context tracks, where its `tracking` is `false`. What `build` made of a query is never tracked. */
  asTracking(): Query<DB, T, O, R> {
    return this.#with({ tracked: true })
  }

  /**
   * How long the statement may take (ms), in place of the context's `commandTimeout`.
   * @throws InvalidArgumentError for anything but a whole number of ms, 1 or more
   */
  commandTimeout(timeout: number): Query<DB, T, O, R> {
    checkLimit(InvalidArgumentError, 'commandTimeout', timeout, 'ms')
    return this.#with({ timeout })
  }

  /** Lifts the set's `filter` for this query (U6). */
  ignoreFilters(): Query<DB, T, O, R> {
    return this.#with({ filtered: false })
  }

  /**
   * Reads what is related with the rows, by one query more for each relation, and puts it into a property of its name. What is read is tracked as the
   * rows are; the set of the other table, with its filter, is the context's.
   * @param related what of it is read: a query on the other set, which may include more, or a function that makes one. `take` and `skip` count for each row.
   * @throws InvalidArgumentError for a relation that the set does not have; where the context has no set of the other table, or several; for a query on
   *   another table; when a row under `one` is not there
   * @example db.users.include('orders', db.orders.include('lines').orderBy('id')).toList()
   */
  include<N extends keyof R & string>(
    relation: N,
  ): Query<DB, T, O & Including<DB, T, N, R[N], RelatedEntity<DB, R[N]>>, R>
  include<N extends keyof R & string, P>(
    relation: N,
    related:
      | Query<DB, Target<R[N]> & TableName<DB>, P, any>
      | ((
          query: Query<DB, Target<R[N]> & TableName<DB>, RelatedEntity<DB, R[N]>>,
        ) => Query<DB, Target<R[N]> & TableName<DB>, P, any>),
  ): Query<DB, T, O & Including<DB, T, N, R[N], P>, R>
  include(relation: string, related?: unknown): Query<DB, T, any, R> {
    const { includes } = this.#current
    const include = this.#set.sets.include(this.#set, relation, related)
    const others = includes.filter(({ name }) => name !== include.name)
    return this.#with({ includes: [...others, include] })
  }

  /**
   * Anything that Kysely can express: joins, projections, groups. The result is not tracked. Without a selection of its own it gives
   * the rows that the query gave before.
   * @example users.build(q => q.innerJoin('orders', 'orders.userId', 'users.id').select(['users.name', 'orders.amount']))
   */
  build<P>(
    build: (query: SelectQueryBuilder<DB, T, {}>) => SelectQueryBuilder<any, any, P>,
  ): Query<DB, T, Built<O, P>> {
    const { plan, built } = this.#current
    const select = plan.toSelect()
    const changed = build(built ? select : select.clearSelect())
    const state = { ...this.#current, plan: Plan.of(changed), built: true }
    return new Query<DB, T, Built<O, P>>(this.#set, state)
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
    const { runner, model } = this.#set
    const state = this.#filtered(this.#current)
    const { rows } = await runner.query<{ count: number | string | bigint }>(
      declaring(countStatement(state, model, runner.source), model, runner.source),
      state,
    )
    return Number(rows[0]!.count)
  }

  /** Whether there is a row at all. Errors as for `toList`. */
  async any(): Promise<boolean> {
    const { runner, model } = this.#set
    const state = this.#filtered(this.#current)
    const { rows } = await runner.query<{ present: unknown }>(
      declaring(presenceStatement(state, model, runner.source), model, runner.source),
      state,
    )
    return rows.length > 0 && Boolean(Number(rows[0]!.present))
  }

  /**
   * The rows as they arrive, for results that are too large for memory. The context keeps its connection and refuses other
   * operations until the loop has ended (C4).
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<O, void> {
    const state = this.#current
    if (state.includes.length > 0) throw includeInStream(this.#set.model.table)
    const compiled = this.#compile(state)
    const results = this.#set.runner.stream<O>(compiled, STREAM_CHUNK, state)
    for await (const { rows } of results) {
      for (const row of this.#materialise(rows, compiled, state)) {
        yield row
        results.assertOpen()
      }
    }
  }

  [inspect.custom](): string {
    return `${this.constructor.name}(${this.#set.model.table}) of ${this.#set.runner.id}`
  }

  get #current(): QueryState {
    const { runner, model } = this.#set
    runner.assertAlive()
    return (this.#state ??= allOf(rowsOf(runner.source, model)))
  }

  #with(change: Partial<QueryState>): Query<DB, T, O, R> {
    return new Query<DB, T, O, R>(this.#set, { ...this.#current, ...change })
  }

  #order(column: string, ascending: boolean, further: boolean): Query<DB, T, O, R> {
    const { plan, built } = this.#current
    const { runner, model } = this.#set
    orderColumn(model, column, built)
    const direction = directionOf(model, column, ascending, built, runner.source.values)
    const ordered = further ? plan.thenBy(column, direction) : plan.orderBy(column, direction)
    return this.#with({ plan: ordered, ordered: true })
  }

  /** The set's filter is asked anew each time, so that it reads what the context's fields say now (U6). */
  #filtered(state: QueryState): QueryState {
    const { filter } = this.#set
    return filter && state.filtered
      ? { ...state, plan: state.plan.whereAs(this.#conditionsOf(filter)) }
      : state
  }

  /** Only its conditions are taken, and added: whatever a filter gives, it takes nothing away. */
  #conditionsOf(filter: Filter): Plan {
    const { runner, model } = this.#set
    const all = allOf(rowsOf(runner.source, model))
    const query: unknown = filter(new Query(this.#set, { ...all, filtered: false }))
    if (!(query instanceof Query)) throw filterWithoutQuery(model.table, query)
    if (query.#set.runner !== runner || query.#set.model.table !== model.table)
      throw filterOfOtherRows(model.table, inspect(query))
    const { plan, ordered, take, skip, built } = query.#current
    if (ordered || built || take !== undefined || skip !== undefined)
      throw filterNotConditions(model.table)
    return plan
  }

  #compile(state: QueryState): CompiledQuery<O> {
    const { runner, model } = this.#set
    return declaring(rowsStatement(this.#filtered(state), model), model, runner.source)
  }

  async #rows(most?: number): Promise<O[]> {
    return this.#read(most === undefined ? this.#current : atMost(most, this.#current))
  }

  async #read(state: QueryState): Promise<O[]> {
    const { includes, built } = state
    if (built && includes.length > 0) throw includeBuilt(this.#set.model.table)
    const compiled = this.#compile(state)
    const { rows } = await this.#set.runner.query<O>(compiled, state)
    const read = this.#materialise(rows, compiled, state)
    if (includes.length > 0) {
      const { sets, runner } = this.#set
      await sets.readIncludes(this.#set, read as object[], includes, state.tracked ?? runner.tracks)
    }
    return read
  }

  async #related(column: string, keys: readonly unknown[], tracked: boolean): Promise<RelatedRows> {
    const { model, runner } = this.#set
    const { plan, built, take, skip = 0, ...state } = this.#current
    if (built) throw includeBuilt(model.table)
    const list = operand(model, column, 'in', keys, runner.source.values)
    const rows = await this.#read({
      ...state,
      plan: plan.where(column, 'in', list),
      built,
      take: undefined,
      skip: undefined,
      tracked: state.tracked ?? tracked,
    })
    const end = take === undefined ? undefined : skip + take
    return { rows, part: of => of.slice(skip, end) }
  }

  /** Rows of the table as they are carry every declared column; what `build` selected has to be looked at, and is tracked by nobody. */
  #materialise(rows: readonly O[], { query }: CompiledQuery, { built, tracked }: QueryState): O[] {
    const { runner, model } = this.#set
    const read = materialise<O>(model, rows, runner.source.values, built ? query : undefined)
    const isTracked = !built && (tracked ?? runner.tracks) && read.length > 0
    // Rows that were waited for when the context ended are nobody's.
    return isTracked && runner.isAlive ? runner.tracker.track(this.#set, read) : read
  }
}

function isCount(rows: number): boolean {
  return Number.isSafeInteger(rows) && rows >= 0
}
