import { CompiledQuery, type QueryResult } from 'kysely'
import { TableColumns, type ColumnFault } from '../../lib/connection/table-columns.js'
import type { MayflyQuery, StoredAs, StoredColumns } from '../../lib/connection/driver.js'
import { columnUnfit } from '../../lib/errors.js'

interface TypedColumn {
  readonly name: string
  readonly type: string
}

const COLUMN_TYPES =
  'select column_name as name, data_type as type from information_schema.columns where table_schema = coalesce(?, database()) and table_name = ?'

const TEXTS = new Set([
  'char',
  'varchar',
  'tinytext',
  'text',
  'mediumtext',
  'longtext',
  'enum',
  'set',
])
const NUMBERS: ReadonlySet<StoredAs> = new Set(['boolean', 'number', 'whole', 'decimal'])
const TIMES = new Set(['datetime', 'timestamp', 'date'])

/** What a driver knows of the tables of its database. */
export class MysqlTables extends TableColumns {
  /** Sets of tables that the server does not list: temporary ones. Nothing is known of them, and they are not asked for again. */
  readonly #unlisted = new WeakSet<StoredColumns>()

  constructor() {
    super(columnFault)
  }

  override isRight(stores: StoredColumns): boolean {
    return super.isRight(stores) || this.#unlisted.has(stores)
  }

  /**
   * Compares a set with its table, once for all connections: one round trip.
   * @param run sends a statement
   * @throws InvalidArgumentError for a column that does not fit
   */
  async compare(
    stores: StoredColumns,
    run: (query: MayflyQuery) => Promise<QueryResult<any>>,
  ): Promise<void> {
    await this.check(stores, async table => {
      const [name, schema = null] = table.split('.').toReversed()
      const query = CompiledQuery.raw(COLUMN_TYPES, [schema, name])
      const { rows } = await run({ ...query, ours: true })
      return new Map(
        (rows as TypedColumn[]).map(({ name: column, type }) => [column, type.toLowerCase()]),
      )
    })
    if (!this.isRight(stores)) this.#unlisted.add(stores)
  }
}

/** A column that would give other values than its set declares: numbers in one of text sort as text, and a time is not found in one. */
const columnFault: ColumnFault = (column, declared, as, type) => {
  const problem = problemOf(as, declared)
  return problem === undefined ? undefined : columnUnfit('MySQL', column, type, declared, problem)
}

function problemOf(as: StoredAs, declared: string): string | undefined {
  if (as === 'time' && !TIMES.has(declared))
    return 'finds and sorts no point in time by its value. Make the column datetime(3)'
  return NUMBERS.has(as) && TEXTS.has(declared)
    ? 'sorts numbers as text (10 before 9). Make the column decimal or bigint'
    : undefined
}
