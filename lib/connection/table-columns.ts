import type { StoredAs, StoredColumns } from './driver.js'

/** The declared types of a table's columns, by their names. */
export type DeclaredTypes = ReadonlyMap<string, string>

/**
 * What is wrong with a column, if something is.
 * @param column with its table
 * @param declared its type in the table
 * @param type that its set gives it: `decimal`
 */
export type ColumnFault = (
  column: string,
  declared: string,
  as: StoredAs,
  type: string,
) => Error | undefined

/** How many tables of a database are remembered. Then all are forgotten, and the next ones are learned. */
const MOST_TABLES = 1000

/** What a driver knows of the tables of its database: each is read once, by the connection that first needs it. */
export class TableColumns {
  readonly #faultOf: ColumnFault
  readonly #types = new Map<string, DeclaredTypes>()
  /** Sets that have been compared with their table. */
  readonly #right = new WeakSet<StoredColumns>()

  constructor(faultOf: ColumnFault) {
    this.#faultOf = faultOf
  }

  isRight(stores: StoredColumns): boolean {
    return this.#right.has(stores)
  }

  /**
   * Compares a set with its table. A table or a column that is not there is left to the statement.
   * @param read asks the database for the types of the table's columns
   * @throws what is wrong with a column
   */
  async check(
    stores: StoredColumns,
    read: (table: string) => Promise<DeclaredTypes>,
  ): Promise<void> {
    const { table } = stores
    const known = this.#types.get(table)
    const types = known ?? (await read(table))
    if (types.size === 0) return
    const fault = this.#firstFault(stores, types)
    if (fault) {
      // The table may have been mended meanwhile, or will be.
      this.#types.delete(table)
      if (!known) throw fault
      return this.check(stores, read)
    }
    if (this.#types.size >= MOST_TABLES) this.#types.clear()
    this.#types.set(table, types)
    this.#right.add(stores)
  }

  #firstFault({ table, columns }: StoredColumns, types: DeclaredTypes): Error | undefined {
    for (const [name, as, type] of columns) {
      const declared = types.get(name) ?? types.get(name.toLowerCase())
      const fault =
        declared === undefined ? undefined : this.#faultOf(`${table}.${name}`, declared, as, type)
      if (fault) return fault
    }
    return undefined
  }
}
