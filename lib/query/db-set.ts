import { invalidKey, invalidSet } from '../errors.js'
import { writeColumn, type Column } from './columns.js'
import { isScalar, rowsOf } from './plan.js'
import type { QueryRunner } from './query-runner.js'
import { readRows } from './row-reader.js'
import { Query, type ColumnName, type Entity, type SetModel, type TableName } from './query.js'

/** How a context sees one table. */
export interface SetOptions<DB, T extends TableName<DB>, K extends ColumnName<DB, T>> {
  /** The column that identifies a row. */
  readonly key: K
  /** Columns whose values are the same JavaScript values on every dialect (U9). */
  readonly columns?: { readonly [C in ColumnName<DB, T>]?: Column<NonNullable<Entity<DB, T>[C]>> }
  /** Applies to every query on the set; it is asked at each execution, so it may read fields of the context (U6). */
  readonly filter?: (query: Query<DB, T, Entity<DB, T>>) => Query<DB, T, Entity<DB, T>>
}

/** The rows of one table, as a context sees them. */
export class DbSet<
  DB,
  T extends TableName<DB>,
  K extends ColumnName<DB, T> = ColumnName<DB, T>,
> extends Query<DB, T, Entity<DB, T>> {
  readonly #runner: QueryRunner
  readonly #model: SetModel

  /** @internal */
  constructor(runner: QueryRunner, model: SetModel) {
    super(runner, model)
    this.#runner = runner
    this.#model = model
  }

  /**
   * The row with this key, or `undefined`. Errors as for `toList`.
   * @throws InvalidArgumentError for a key that is not one value: `undefined`, `null`, `NaN`, a list, an object, an expression
   */
  async find(key: Entity<DB, T>[K]): Promise<Entity<DB, T> | undefined> {
    const { table, key: name, columns, filter } = this.#model
    const column = columns[name]
    const value = column ? writeColumn(table, name, column, key) : key
    if (!isScalar(value) || Number.isNaN(value)) throw invalidKey(table, name)
    if (filter) return this.where(name as never, '=', key as never).first()
    // The shortest way to a row, because it is what applications do most.
    this.#runner.assertAlive()
    const plan = rowsOf(this.#runner.source, table).where(name, '=', value).limit(1)
    const { rows } = await this.#runner.query<any>(plan.compile())
    readRows(table, columns, rows)
    return rows[0]
  }
}

const NO_COLUMNS = {}

/** @throws RegistrationError for a set that cannot work */
export function setModel(
  context: string,
  table: unknown,
  options: SetOptions<any, any, any>,
): SetModel {
  if (typeof table !== 'string' || table === '')
    throw invalidSet(context, String(table), 'needs the name of its table')
  if (typeof options?.key !== 'string' || options.key === '') {
    throw invalidSet(
      context,
      table,
      "needs the column that identifies a row: set('users', { key: 'id' })",
    )
  }
  const { key, columns = NO_COLUMNS, filter } = options
  return { table, key, columns, filter }
}
