import {
  type CompiledQuery,
  type ExpressionBuilder,
  type ExpressionOrFactory,
  type SelectQueryBuilder,
  type SelectType,
  type SqlBool,
} from 'kysely'
import {
  includeOfSelection,
  InvalidArgumentError,
  invalidCount,
  listNeeded,
  notText,
  orderNeeded,
  orderWithDirection,
  thenByWithoutOrderBy,
} from '../errors.js'
import { anything, checkEachOption } from '../support/check-options.js'
import { checkLimit } from '../support/check-limit.js'
import {
  condition,
  directionOf,
  leftSide,
  operand,
  operator,
  orderColumn,
  wide,
} from './arguments.js'
import type { ColumnName, Entity, TableName } from './database-types.js'
import { DeclaredValues } from './declared-values.js'
import { afterRow, totalOrder } from './keyset.js'
import { lockOf, type LockOptions } from './lock.js'
import { Plan } from './plan.js'
import type { Built, Operand, Operator, Page, SetBasedChanges, TextColumn } from './query-types.js'
import type { Including, RelatedEntity, Target } from './relations.js'
import { filteredStateOf, Rows, setOf, stateOf } from './rows.js'
import { deleteStatement, updateStatement } from './set-based.js'
import type { Order, QueryState } from './statement.js'
import { tagOf } from './tag.js'

/** Both are looked at when it is asked. */
const PAGE_OPTIONS = { size: anything, number: anything }

/**
 * A query on one set. It is immutable: every method gives a new query, and nothing is sent before `toList`, `first`, `count`,
 * `any` or a `for await` loop. It dies with its context (C5).
 */
export class Query<DB, T extends TableName<DB>, O, R = {}> extends Rows<O> {
  /**
   * Keeps the rows that match. Several calls are joined by AND. A comparison with `null` by `=` or `!=` means IS NULL or IS NOT NULL.
   * @throws InvalidArgumentError for a value that a declared column does not take
   */
  where<C extends keyof DB[T] & string, Op extends Operator>(
    column: C | `${T}.${C}`,
    operator: Op,
    value: Operand<SelectType<DB[T][C]>, Op>,
  ): Query<DB, T, O, R>
  where<E extends ExpressionOrFactory<DB, T, SqlBool>>(expression: E): Query<DB, T, O, R>
  where(...args: [unknown] | [unknown, unknown, unknown]): Query<DB, T, O, R> {
    const { plan, built } = stateOf(this)
    const { runner, model } = setOf(this)
    const { table } = model
    const { values } = runner.source
    if (args.length === 1) {
      const given = condition(table, args[0])
      return this.#with({ plan: plan.whereNode(DeclaredValues.in(given, model, values, built)) })
    }
    const [left, op, right] = args
    const column = leftSide(model, left, built)
    const compares = operator(table, op, values)
    const value = wide(operand(model, left, compares, right, values, built), values)
    const compared = plan.where(column, compares, value)
    return this.#with({ plan: compared })
  }

  /** Keeps the rows whose column has one of the values: of none of them where there are none. Errors as for `where`. */
  in<C extends ColumnName<DB, T>>(
    column: C,
    values: Iterable<Entity<DB, T>[C]>,
  ): Query<DB, T, O, R> {
    const { model } = setOf(this)
    stateOf(this)
    const list: unknown =
      typeof values === 'object' && values !== null ? Array.from(values) : values
    if (!Array.isArray(list)) throw listNeeded(model.table, 'in')
    return this.where(column as never, 'in', list as never)
  }

  /**
   * Keeps the rows whose text has this in it; `%` and `_` mean themselves. Whether capital letters matter is the database's business: on SQLite and
   * mostly on MySQL they do not, on PostgreSQL they do.
   * @throws InvalidArgumentError for what is no text, and for a column that is declared as something else
   */
  contains(column: TextColumn<DB, T>, text: string): Query<DB, T, O, R> {
    return this.#like('contains', column, text, '%')
  }

  /** Keeps the rows whose text begins with this. As `contains`. */
  startsWith(column: TextColumn<DB, T>, text: string): Query<DB, T, O, R> {
    return this.#like('startsWith', column, text, '')
  }

  /** Orders by this column alone; an earlier order is replaced, as in LINQ. */
  orderBy(column: keyof DB[T] & string): Query<DB, T, O, R>
  orderBy(column: keyof DB[T] & string, ...more: readonly unknown[]): Query<DB, T, O, R> {
    const ordered = this.#order(column, true, false)
    if (more.length > 0) throw orderWithDirection('orderBy')
    return ordered
  }

  orderByDescending(column: keyof DB[T] & string): Query<DB, T, O, R> {
    return this.#order(column, false, false)
  }

  /**
   * Orders rows that are equal so far.
   * @throws InvalidArgumentError without an `orderBy` before it
   */
  thenBy(column: keyof DB[T] & string): Query<DB, T, O, R>
  thenBy(column: keyof DB[T] & string, ...more: readonly unknown[]): Query<DB, T, O, R> {
    if (!stateOf(this).ordered) throw thenByWithoutOrderBy('thenBy')
    if (more.length > 0) throw orderWithDirection('thenBy')
    return this.#order(column, true, true)
  }

  /** @throws InvalidArgumentError without an `orderBy` before it */
  thenByDescending(column: keyof DB[T] & string): Query<DB, T, O, R> {
    if (!stateOf(this).ordered) throw thenByWithoutOrderBy('thenByDescending')
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
   * Rows of these columns only, which nobody tracks.
   * @throws InvalidArgumentError for what is no column of the set
   */
  select<const C extends keyof O & ColumnName<DB, T>>(
    ...columns: [C, ...C[]]
  ): Query<DB, T, Pick<O, C>> {
    const { model } = setOf(this)
    const state = stateOf(this)
    for (const column of columns) orderColumn(model, column, state.built)
    return new Query<DB, T, Pick<O, C>>(setOf(this), {
      ...state,
      selected: [...columns],
      includes: [],
    })
  }

  /** Equal rows once. With `select`, because whole rows differ by their key. */
  distinct(): Query<DB, T, O, R> {
    return this.#with({ distinct: true })
  }

  /**
   * The statement says this of itself, in a comment before it, for whoever reads the server's log. What could end the comment, or means something to a
   * driver, becomes `_`; 200 characters at most.
   */
  tagWith(text: string): Query<DB, T, O, R> {
    return this.#with({ tag: tagOf(text) })
  }

  /**
   * Locks the rows until the transaction ends, so that nobody else changes them. SQLite, where a transaction that writes has the database for itself,
   * needs no lock and takes no options.
   * @throws TransactionStateError outside of a transaction, when it is sent; InvalidArgumentError for options that the database does not have
   */
  forUpdate(options: LockOptions = {}): Query<DB, T, O, R> {
    const { model, runner } = setOf(this)
    runner.assertAlive()
    const lock = lockOf(model.table, 'update', options, runner.source.values.family)
    return this.#with({ lock, locks: true })
  }

  /** Locks the rows so that others may read and nobody may change them. As `forUpdate`. */
  forShare(): Query<DB, T, O, R> {
    const { model, runner } = setOf(this)
    runner.assertAlive()
    const lock = lockOf(model.table, 'share', {}, runner.source.values.family)
    return this.#with({ lock, locks: true })
  }

  /**
   * The rows that come after this one in the order, which the key completes: for pages that are as fast at the end as at the beginning, and that new rows
   * do not shift.
   * @param row the last row of the page before, or its ordered columns and its key; `undefined` for the first page, which is in the same order then
   * @throws InvalidArgumentError without an `orderBy` before it, and for a row without one of these columns
   * @example db.orders.orderByDescending('createdAt').after(last).take(50)
   */
  after(row: Partial<Entity<DB, T>> | undefined): Query<DB, T, O, R> {
    const { model, runner } = setOf(this)
    const { order, plan } = stateOf(this)
    if (order.length === 0) throw orderNeeded(model.table, 'after')
    const total = totalOrder(order, model)
    if (row === undefined) return this.#inOrder(total, {})
    const beyond = afterRow(model, total, row, runner.source.values)
    return this.#inOrder(total, { plan: plan.whereNode(beyond.toOperationNode()) })
  }

  /**
   * One page of the order, which the key completes, and how many rows there are in all: two statements. Errors as for `toList`.
   * @param size rows of a page @param number which page, from 1
   * @throws InvalidArgumentError without an `orderBy` before it, and for anything but whole numbers, 1 or more
   */
  async page(wanted: { size: number; number: number }): Promise<Page<O>> {
    const { model } = setOf(this)
    const { order, take, skip } = stateOf(this)
    checkEachOption(InvalidArgumentError, `page() on '${model.table}'`, wanted, PAGE_OPTIONS)
    const { size, number } = wanted
    if (order.length === 0) throw orderNeeded(model.table, 'page')
    for (const count of [size, number]) checkLimit(InvalidArgumentError, 'page', count, 'rows')
    const total = await this.count()
    // A page of a query that takes some rows has none but these.
    const before = (number - 1) * size
    const rows = await this.#inOrder(totalOrder(order, model), {
      take: Math.max(0, Math.min(size, (take ?? Infinity) - before)),
      skip: (skip ?? 0) + before,
    }).toList()
    return { rows, total, size, number, pages: Math.ceil(total / size) }
  }

  /**
   * Changes all rows of the query by one statement, without loading them; the filter of the set holds, and a version is moved on. What the context has
   * loaded of the table is read anew when it is asked for next.
   * @returns how many rows
   * @throws InvalidArgumentError for a query that is more than conditions, for nothing to change, and for a key or another column that is never changed;
   *   and as `toList`
   * @example db.users.where('name', '=', 'Ada').executeUpdate(eb => ({ logins: eb('logins', '+', 1) }))
   */
  async executeUpdate(
    changes: SetBasedChanges<DB, T> | ((eb: ExpressionBuilder<DB, T>) => SetBasedChanges<DB, T>),
  ): Promise<number> {
    const { model, runner } = setOf(this)
    const state = filteredStateOf(this)
    return this.#execute(updateStatement(state, model, runner.source, changes), state)
  }

  /** Deletes all rows of the query by one statement, without loading them. As `executeUpdate`. @returns how many rows */
  async executeDelete(): Promise<number> {
    const { model, runner } = setOf(this)
    const state = filteredStateOf(this)
    return this.#execute(deleteStatement(state, model, runner.source), state)
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
    const { includes, selected } = stateOf(this)
    if (selected) throw includeOfSelection(setOf(this).model.table)
    const include = setOf(this).sets.include(setOf(this), relation, related)
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
    const { plan, built } = stateOf(this)
    const select = plan.toSelect()
    const changed = build(built ? select : select.clearSelect())
    const state = { ...stateOf(this), plan: Plan.of(changed), built: true }
    return new Query<DB, T, Built<O, P>>(setOf(this), state)
  }

  async #execute(statement: CompiledQuery, state: QueryState): Promise<number> {
    const { model, runner } = setOf(this)
    const { numAffectedRows = 0n } = await runner.query(statement, state)
    if (runner.isAlive) runner.tracker.outdate(model)
    return Number(numAffectedRows)
  }

  #with(change: Partial<QueryState>): Query<DB, T, O, R> {
    return new Query<DB, T, O, R>(setOf(this), { ...stateOf(this), ...change })
  }

  #like(method: string, column: string, text: unknown, before: string): Query<DB, T, O, R> {
    const { model } = setOf(this)
    const { plan, built } = stateOf(this)
    orderColumn(model, column, built)
    const type = model.column(column)?.type
    const isText = type === undefined || type === 'text' || type === 'oneOf'
    if (typeof text !== 'string' || !isText) throw notText(model.table, method)
    const pattern = `${before}${text.replace(/[!%_]/g, '!$&')}%`
    return this.#with({ plan: plan.like(column, pattern) })
  }

  #order(column: string, ascending: boolean, further: boolean): Query<DB, T, O, R> {
    orderColumn(setOf(this).model, column, stateOf(this).built)
    const before = further ? stateOf(this).order : []
    return this.#inOrder([...before, { column, ascending }], {})
  }

  #inOrder(order: readonly Order[], change: Partial<QueryState>): Query<DB, T, O, R> {
    const { plan, built } = { ...stateOf(this), ...change }
    const { model, runner } = setOf(this)
    let ordered = plan
    for (const [i, { column, ascending }] of order.entries()) {
      const direction = directionOf(model, column, ascending, built, runner.source.values)
      ordered = i === 0 ? ordered.orderBy(column, direction) : ordered.thenBy(column, direction)
    }
    return this.#with({ ...change, plan: ordered, order, ordered: true })
  }
}

function isCount(rows: number): boolean {
  return Number.isSafeInteger(rows) && rows >= 0
}
