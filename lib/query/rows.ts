import { inspect } from 'node:util'
import type { CompiledQuery, OperationNode } from 'kysely'
import {
  filterNotConditions,
  filterOfOtherRows,
  filterWithoutQuery,
  includeBuilt,
  includeInStream,
  lockOutsideTransaction,
  rowCount,
  twiceInMap,
} from '../errors.js'
import { aggregateValue, checkAggregate } from './aggregate.js'
import { operand, orderColumn, wide } from './arguments.js'
import type { BoundSet, Filter } from './bound-set.js'
import { materialise } from './materialise.js'
import type { Plan } from './plan.js'
import type { Aggregate } from './plan-steps.js'
import { qualified } from './qualified.js'
import {
  aggregateStatement,
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

/** What a query, or a set, asks its questions with. */
export let setOf: (rows: Rows<any>) => BoundSet

/** What a query has been told so far. @throws ContextDisposedError */
export let stateOf: (rows: Rows<any>) => QueryState

/** The same with the filter of its set, which is asked anew each time, so that it reads what the context's fields say now (U6). */
export let filteredStateOf: (rows: Rows<any>) => QueryState

/** What the filter of a set asks of its rows. */
export let conditionsOf: (set: BoundSet) => OperationNode | undefined

/** Rows that are related to others: those whose column has one of the keys. `take` and `skip` count for each of these. */
export let relatedRows: (
  rows: Rows<any>,
  column: string,
  keys: readonly unknown[],
  tracked: boolean,
) => Promise<RelatedRows>

interface RelatedRows {
  readonly rows: readonly unknown[]
  /** Of the rows of one key those that the query asked for. */
  readonly part: (rows: readonly unknown[]) => readonly unknown[]
  /** Whether the column was not asked for, so that it goes when the rows are where they belong. */
  readonly isBorrowed: boolean
}

/** A column whose values can be added up. */
type NumberColumn<O> = {
  [C in keyof O & string]: NonNullable<O[C]> extends number | bigint | string ? C : never
}[keyof O & string]

/** What a query gives, in the ways in which it can be asked for. Nothing is sent before. */
export class Rows<O> implements AsyncIterable<O> {
  static {
    setOf = rows => rows.#set
    stateOf = rows => rows.#current
    filteredStateOf = rows => rows.#filtered(rows.#current)
    conditionsOf = set => set.filter && new Rows(set).#conditionsOf(set.filter).condition
    relatedRows = (rows, column, keys, tracked) => rows.#related(column, keys, tracked)
  }

  readonly #set: BoundSet
  #state: QueryState | undefined

  /** @internal */
  constructor(set: BoundSet, state?: QueryState) {
    this.#set = set
    this.#state = state
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

  /** The first row. Errors as for `toList`. @throws RowCountError where there is none */
  async firstOrThrow(): Promise<O> {
    return (await this.first()) ?? this.#refuse('none')
  }

  /** The only row, or `undefined`. Errors as for `toList`. @throws RowCountError where there are several */
  async single(): Promise<O | undefined> {
    const rows = await this.#rows(2)
    return rows.length > 1 ? this.#refuse('several') : rows[0]
  }

  /** The only row. Errors as for `toList`. @throws RowCountError where there is none, or several */
  async singleOrThrow(): Promise<O> {
    return (await this.single()) ?? this.#refuse('none')
  }

  /**
   * The rows by the values of a column. Errors as for `toList`.
   * @throws InvalidArgumentError where several rows have the same value
   */
  async toMap<C extends keyof O & string>(column: C): Promise<Map<O[C], O>> {
    const map = new Map<O[C], O>()
    for (const row of await this.toList()) {
      if (map.has(row[column])) throw twiceInMap(this.#set.model.table, column)
      map.set(row[column], row)
    }
    return map
  }

  /** How many rows `toList` would give. Errors as for `toList`. */
  async count(): Promise<number> {
    const { runner, model } = this.#set
    const state = filteredStateOf(this)
    const { rows } = await runner.query<{ count: number | string | bigint }>(
      declaring(countStatement(state, model, runner.source), model, runner.source),
      state,
    )
    return Number(rows[0]!.count)
  }

  /** Whether there is a row at all. Errors as for `toList`. */
  async any(): Promise<boolean> {
    const { runner, model } = this.#set
    const state = filteredStateOf(this)
    const { rows } = await runner.query<{ present: unknown }>(
      declaring(presenceStatement(state, model, runner.source), model, runner.source),
      state,
    )
    return rows.length > 0 && Boolean(Number(rows[0]!.present))
  }

  /**
   * What the values of a column are together, as a value of the column; 0 where there is no row. Of a column without a declared type it is a number. Errors
   * as for `toList`. @throws InvalidArgumentError for a column that is declared as something else than a number
   */
  sum<C extends NumberColumn<O>>(column: C): Promise<NonNullable<O[C]>> {
    return this.#aggregate('sum', column) as Promise<NonNullable<O[C]>>
  }

  /** The least value of a column; `undefined` where there is none. Errors as for `toList`. */
  min<C extends keyof O & string>(column: C): Promise<NonNullable<O[C]> | undefined> {
    return this.#aggregate('min', column) as Promise<NonNullable<O[C]> | undefined>
  }

  /** The greatest value of a column; `undefined` where there is none. Errors as for `toList`. */
  max<C extends keyof O & string>(column: C): Promise<NonNullable<O[C]> | undefined> {
    return this.#aggregate('max', column) as Promise<NonNullable<O[C]> | undefined>
  }

  /** The mean of a column, a floating point number; `undefined` where there is none. Errors as for `sum`. */
  average<C extends NumberColumn<O>>(column: C): Promise<number | undefined> {
    return this.#aggregate('avg', column) as Promise<number | undefined>
  }

  /** What `toList` would send, with the filter of the set. @throws ContextDisposedError */
  toSql(): { readonly sql: string; readonly parameters: readonly unknown[] } {
    const { sql, parameters } = this.#compile(this.#current)
    return { sql, parameters }
  }

  /**
   * The rows as they arrive, for results that are too large for memory. The context keeps its connection and refuses other
   * operations until the loop has ended (C4). They are tracked as those of a list are: give millions of rows `asNoTracking()`.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<O, void> {
    const state = this.#current
    if (state.includes.length > 0) throw includeInStream(this.#set.model.table)
    this.#checkLock(state)
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

  #filtered(state: QueryState): QueryState {
    const { filter, model } = this.#set
    if (!filter || !state.filtered) return state
    const conditions = this.#conditionsOf(filter)
    const { plan, built } = state
    if (!built) return { ...state, plan: plan.whereAs(conditions) }
    // Beside other tables its columns are those of its own.
    const { condition } = conditions
    return condition ? { ...state, plan: plan.whereNode(qualified(condition, model.table)) } : state
  }

  /** Only its conditions are taken, and added: whatever a filter gives, it takes nothing away. */
  #conditionsOf(filter: Filter): Plan {
    const { runner, model, sets } = this.#set
    const all = allOf(rowsOf(runner.source, model))
    const query: unknown = filter(sets.open(this.#set, { ...all, filtered: false }))
    if (!(query instanceof Rows)) throw filterWithoutQuery(model.table, query)
    if (query.#set.runner !== runner || query.#set.model.table !== model.table)
      throw filterOfOtherRows(model.table, inspect(query))
    const { plan, ordered, take, skip, built, selected, distinct } = query.#current
    if (ordered || built || selected || distinct || take !== undefined || skip !== undefined)
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
    const { sets, runner, model } = this.#set
    if (built && includes.length > 0) throw includeBuilt(model.table)
    this.#checkLock(state)
    const compiled = this.#compile(state)
    const { rows } = await runner.query<O>(compiled, state)
    const read = this.#materialise(rows, compiled, state)
    if (includes.length > 0)
      await sets.readIncludes(this.#set, read as object[], includes, state.tracked ?? runner.tracks)
    return read
  }

  async #related(column: string, keys: readonly unknown[], tracked: boolean): Promise<RelatedRows> {
    const { model, runner } = this.#set
    const { plan, built, take, skip = 0, ...state } = this.#current
    if (built) throw includeBuilt(model.table)
    const { values } = runner.source
    const list = wide(operand(model, column, 'in', keys, values), values)
    const { selected } = state
    const isBorrowed = selected !== undefined && !selected.includes(column)
    const rows = await this.#read({
      ...state,
      selected: isBorrowed ? [...selected, column] : selected,
      plan: plan.where(column, 'in', list),
      built,
      take: undefined,
      skip: undefined,
      tracked: state.tracked ?? tracked,
    })
    const end = take === undefined ? undefined : skip + take
    return { rows, part: of => of.slice(skip, end), isBorrowed }
  }

  /** Rows of the table as they are carry every declared column; what was selected has to be looked at, and is tracked by nobody. */
  #materialise(rows: readonly O[], { query }: CompiledQuery, state: QueryState): O[] {
    const { built, selected, tracked } = state
    const { runner, model } = this.#set
    const isPart = built || selected !== undefined
    const read = materialise<O>(model, rows, runner.source, query, isPart)
    const isTracked = !isPart && (tracked ?? runner.tracks) && read.length > 0
    // Rows that were waited for when the context ended are nobody's.
    return isTracked && runner.isAlive ? runner.tracker.track(this.#set, read, state.locks) : read
  }

  async #aggregate(method: Aggregate, column: string): Promise<unknown> {
    const { runner, model } = this.#set
    const state = filteredStateOf(this)
    orderColumn(model, column, state.built)
    checkAggregate(model, method, column)
    const statement = aggregateStatement(method, column, state, model, runner.source)
    const { rows } = await runner.query<{ value: unknown }>(
      declaring(statement, model, runner.source),
      state,
    )
    return aggregateValue(model, method, column, rows[0]?.value, runner.source.values)
  }

  #checkLock({ locks }: QueryState): void {
    const { runner, model } = this.#set
    if (locks && !runner.isInTransaction) throw lockOutsideTransaction(model.table)
  }

  #refuse(found: 'none' | 'several'): never {
    throw rowCount(this.#set.model.table, found)
  }
}
