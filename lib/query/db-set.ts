import type { DialectValues } from '../connection/dialect-values.js'
import {
  InvalidArgumentError,
  invalidKey,
  invalidKeyParts,
  keyConverted,
  upsertBy,
  upsertUnsupported,
} from '../errors.js'
import { anything, checkEachOption } from '../support/check-options.js'
import { orderColumn, wide } from './arguments.js'
import { writeColumn } from './column-values.js'
import type {
  AllColumns,
  ColumnName,
  Entity,
  Identified,
  Key,
  KeyValue,
  NewEntity,
  PartialColumns,
  TableName,
} from './database-types.js'
import { materialise } from './materialise.js'
import { isScalar } from './plan.js'
import { Query } from './query.js'
import { setOf } from './rows.js'
import type { Including, RelatedEntity, Target } from './relations.js'
import type { DeclaredSet } from './set-model.js'
import { declaring } from './statement.js'
import { rowsOf } from './table-plans.js'

/** It is looked at where it is given. */
const UPSERT_OPTIONS = { onConflict: anything }

/** How a context sees one table. */
export type SetOptions<
  DB,
  T extends TableName<DB>,
  K extends Key<DB, T> = Key<DB, T>,
  Complete extends boolean = false,
  R = {},
> = SetBasics<DB, T, K, R> & (Complete extends true ? CompleteSet<DB, T> : PartialSet<DB, T>)

interface SetBasics<DB, T extends TableName<DB>, K extends Key<DB, T>, R> {
  /** The column that identifies a row, or a list of several that do so together. */
  readonly key: K
  /**
   * A column that tells of another's change: whole numbers, which each save moves on by one; a `dateTime()`, which becomes the time of the save, of a
   * row that was loaded always a later one; or `generatedAlways()`, which the database moves on (a trigger). An update or delete of a row whose version has moved
   * meanwhile is an `UpdateConcurrencyError`.
   */
  readonly version?: ColumnName<DB, T> | undefined
  /**
   * What its rows lead to, by names that no column has: `{ orders: many('orders', 'userId'), user: one('users', 'userId') }`. Read by `include` and `load`;
   * a new row takes the key of a new row that it is given.
   */
  readonly relations?: R | undefined
  /** Which columns refer to rows of which tables, so that `saveChanges` writes them in an order that foreign keys allow. */
  readonly references?:
    { readonly [C in ColumnName<DB, T>]?: TableName<DB> | undefined } | undefined
  /**
   * Adds conditions to every query on the set, `find` too; it is asked at each execution, so it may read fields of the context. Only its conditions
   * count, and they are added to those of the query. `kysely` knows no filters.
   */
  readonly filter?: SetFilter<DB, T> | FilterOfSaves<DB, T> | undefined
}

/** Adds conditions to a query. */
export type SetFilter<DB, T extends TableName<DB>> = (
  query: Query<DB, T, Entity<DB, T>>,
) => Query<DB, T, Entity<DB, T>>

/** A filter that may hold for saves as well. */
export interface FilterOfSaves<DB, T extends TableName<DB>> {
  readonly where: SetFilter<DB, T>
  /**
   * Whether it stands in the updates and deletes of `saveChanges` too, one statement for each row then: a row that it hides, of another tenant say, is not
   * touched, though an object with its key was attached or removed. That is an `UpdateConcurrencyError`.
   */
  readonly forSaves?: boolean | undefined
}

interface PartialSet<DB, T extends TableName<DB>> {
  readonly complete?: false | undefined
  /** Columns whose values are the same JavaScript values on every dialect. */
  readonly columns?: PartialColumns<DB, T> | undefined
}

interface CompleteSet<DB, T extends TableName<DB>> {
  /**
   * The set names every column, with the rule that the interface has for it. Then it knows its columns when it runs, too: it reads those and no
   * others, refuses NULL where a column is not nullable, and a condition or an order by any other name is an `InvalidArgumentError`.
   */
  readonly complete: true
  readonly columns: AllColumns<DB, T>
}

/** The rows of one table, as a context sees them. */
export class DbSet<
  DB,
  T extends TableName<DB>,
  K extends Key<DB, T> = Key<DB, T>,
  R = {},
  Columns extends 'complete' | 'partial' = 'partial',
> extends Query<DB, T, Entity<DB, T>, R> {
  /**
   * The row with this key, or `undefined`; the parts of a key of several columns are given by name: `find({ orderId: 7, line: 1 })`. A row that the context tracks already is given without asking the database, but for a set with a filter.
   * Errors as for `toList`.
   * @throws InvalidArgumentError for a key that is not one value: `undefined`, `null`, `NaN`, a list, an object, an expression; one that its
   *   declared column does not take; one that only a conversion by the server has found, where the column is not declared
   */
  async find(key: KeyValue<DB, T, K>): Promise<Entity<DB, T> | undefined> {
    const { runner, model, filter } = setOf(this)
    const { table, key: name, keyColumn } = model
    if (model.keys.length > 1) return this.#findByParts(key)
    const value = keyPart(model, name, key, runner.source.values)
    runner.assertAlive()
    const known = this.#known([key])
    if (known) return known.entity
    if (filter) {
      const row = await this.where(name as never, '=', key as never).first()
      if (row && !keyColumn) checkFound(table, name, value, row)
      return row
    }
    // The shortest way to a row, because it is what applications do most (bench row 'find(id)').
    const plan = rowsOf(runner.source, model)
      .where(name, '=', wide(value, runner.source.values))
      .limit(1)
    const query = declaring(plan.compile(), model, runner.source)
    const { rows } = await runner.query<Entity<DB, T>>(query)
    const found = materialise<Entity<DB, T>>(model, rows, runner.source, query.query, false)
    if (found.length === 0) return undefined
    if (!keyColumn) checkFound(table, name, value, found[0]!)
    return runner.tracks && runner.isAlive
      ? runner.tracker.track(setOf(this), found, false)[0]
      : found[0]
  }

  /**
   * Reads what is related to a row that is there already, and puts it into the property of the relation's name.
   * @returns the same object
   * @throws as `include`
   * @example const { orders } = await db.users.load(user, 'orders')
   */
  async load<X extends Identified<DB, T, K>, N extends keyof R & string>(
    entity: X,
    relation: N,
    related?: Query<DB, Target<R[N]> & TableName<DB>, any, any>,
  ): Promise<X & Including<DB, T, N, R[N], RelatedEntity<DB, R[N]>>> {
    const set = setOf(this)
    set.runner.assertAlive()
    const include = set.sets.include(set, relation, related)
    await set.sets.readIncludes(set, [entity], [include], set.runner.tracks)
    return entity as never
  }

  /** What need not be asked: the tracked object, or that it is to be deleted. What a filter says of it only the database knows. */
  #known(key: readonly unknown[]): { readonly entity: Entity<DB, T> | undefined } | undefined {
    const { runner, filter } = setOf(this)
    if (!runner.tracks) return undefined
    if (runner.tracker.isDeleted(setOf(this), key)) return { entity: undefined }
    const known = filter ? undefined : runner.tracker.find(setOf(this), key)
    return known && { entity: known as Entity<DB, T> }
  }

  async #findByParts(key: unknown): Promise<Entity<DB, T> | undefined> {
    const { runner, model } = setOf(this)
    const { table, keys } = model
    const isNamed = typeof key === 'object' && key !== null
    const names = isNamed ? Object.keys(key) : []
    if (names.length !== keys.length || !keys.every(name => names.includes(name)))
      throw invalidKeyParts(table, keys)
    runner.assertAlive()
    const values = keys.map(name => (key as Record<string, unknown>)[name])
    for (const [i, name] of keys.entries()) keyPart(model, name, values[i], runner.source.values)
    const known = this.#known(values)
    if (known) return known.entity
    let query: Query<DB, T, Entity<DB, T>, R> = this
    for (const [i, name] of keys.entries())
      query = query.where(name as never, '=', values[i] as never)
    return query.first()
  }

  /**
   * A new row, inserted by `saveChanges`. The object that is given is the entity from then on; what the database makes of it (its key) is there after the
   * save, and an error before.
   * @returns the same object
   * @throws InvalidArgumentError for what is no object, cannot be written to, or is tracked already; for a property that a complete set does not have;
   *   IdentityConflictError for a key that another object has; ContextDisposedError
   * @example const user = db.users.add({ name: 'Ada' }); await db.saveChanges(); user.id
   */
  add(row: NewEntity<DB, T, R, Columns>): Entity<DB, T> {
    setOf(this).runner.tracker.add(setOf(this), row)
    return row as never
  }

  /** Several new rows, in their order. Errors as for `add`; those before the one that is refused are added. */
  addRange(rows: Iterable<NewEntity<DB, T, R, Columns>>): Entity<DB, T>[] {
    setOf(this).runner.assertAlive()
    return Array.from(rows, row => this.add(row))
  }

  /**
   * A new row, or the row that is there already by the same key: `saveChanges` inserts it, or writes everything that was given over the other one, in one
   * statement. Its version is moved on, and what was not given stays; the object has it after the save. On MySQL and MariaDB any unique key of the table is
   * one by which a row is there. Where the context knows the row under another object, that one is read anew when it is asked for next, and this one is not
   * tracked.
   * @param options.onConflict the columns by which a row is known; by default its key
   * @returns the same object
   * @throws as `add`; InvalidArgumentError without a value for one of these columns, and for a set whose filter holds for saves
   * @example db.users.upsert({ email: 'ada@example.org', name: 'Ada' }, { onConflict: ['email'] })
   */
  upsert(
    row: NewEntity<DB, T, R, Columns>,
    options: { readonly onConflict?: readonly ColumnName<DB, T>[] | undefined } = {},
  ): Entity<DB, T> {
    const set = setOf(this)
    const { runner, model } = set
    runner.assertAlive()
    checkEachOption(InvalidArgumentError, `upsert() on '${model.table}'`, options, UPSERT_OPTIONS)
    const { onConflict = model.keys } = options
    const isRight = Array.isArray(onConflict) && onConflict.length > 0
    if (!isRight) throw upsertBy(model.table)
    for (const name of onConflict) orderColumn(model, name, false)
    if (runner.source.values.family === 'other') throw upsertUnsupported(model.table)
    runner.tracker.upsert(set, row, [...onConflict])
    return row as never
  }

  /**
   * An object that stands for a row that is in the database, as it was given: what is changed on it from then on is saved. One without a key is added.
   * @returns the same object
   * @throws as `add`
   */
  attach<A extends Identified<DB, T, K>>(row: A): A & Partial<Entity<DB, T>> {
    setOf(this).runner.tracker.attach(setOf(this), row)
    return row
  }

  /**
   * An object that stands for a row that is in the database, all of whose properties are written by `saveChanges`, changed or not. One without a key
   * is added.
   * @throws as `add`
   */
  update(row: Identified<DB, T, K>): void {
    setOf(this).runner.tracker.update(setOf(this), row)
  }

  /**
   * Its row is deleted by `saveChanges`. It need not have been loaded: its key will do. One that was only added is forgotten.
   * @throws as `add`; InvalidArgumentError without a key
   */
  remove(row: Identified<DB, T, K>): void {
    setOf(this).runner.tracker.remove(setOf(this), row)
  }
}

/** A part of a key as the driver takes it. @throws InvalidArgumentError for anything but one value */
function keyPart(model: DeclaredSet, name: string, part: unknown, dialect: DialectValues): unknown {
  const column = model.column(name)
  const value = column ? writeColumn(model.table, name, column, part, dialect) : part
  if (!isScalar(value) || Number.isNaN(value)) throw invalidKey(model.table, name)
  return value
}

/**
 * MySQL takes the text '1 or 1=1' for the number 1, and the number 0 for any text without digits. Where the type of the key is not declared, the
 * row tells.
 */
function checkFound(table: string, name: string, key: unknown, row: object): void {
  const found = (row as Record<string, unknown>)[name]
  if (typeof found === typeof key || !isText(found) || !isText(key)) return
  const [asked, has] = [String(key), String(found)]
  if (asked === has || (NUMBER.test(asked) && NUMBER.test(has) && Number(asked) === Number(has)))
    return
  throw keyConverted(table, name, typeof key, typeof found)
}

/** Whether a server may take one for the other. */
function isText(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
}

const NUMBER = /^-?\d+(?:\.\d+)?$/
