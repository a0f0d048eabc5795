import type { StoredColumns } from '../../lib/connection/driver.js'
import { affinityOf, keeps } from './column-affinity.js'
import { sqliteColumnKeeps } from './errors.js'

/** The declared types of a table's columns, by their names. */
export type DeclaredTypes = ReadonlyMap<string, string>

/** How many tables of a database are remembered. Then all are forgotten, and the next ones are learned. */
const MOST_TABLES = 1000

/** What a driver knows of the tables of its database: each is read once, by the connection that first needs it. */
export class TableColumns {
  readonly #types = new Map<string, DeclaredTypes>()
  /** Sets that have been compared with their table. */
  readonly #right = new WeakSet<StoredColumns>()

  isRight(stores: StoredColumns): boolean {
    return this.#right.has(stores)
  }

  /**
   * Compares a set with its table. A table or a column that is not there is left to the statement.
   * @param read asks the database for the types of the table's columns
   * @throws InvalidArgumentError for a column whose values SQLite would make something else of
   */
  async check(
    stores: StoredColumns,
    read: (table: string) => Promise<DeclaredTypes>,
  ): Promise<void> {
    const { table, columns } = stores
    const types = this.#types.get(table) ?? (await read(table))
    if (types.size === 0) return
    if (this.#types.size >= MOST_TABLES) this.#types.clear()
    this.#types.set(table, types)
    for (const [name, as, type] of columns) {
      const declared = types.get(name.toLowerCase())
      if (declared === undefined || keeps(affinityOf(declared), as)) continue
      throw sqliteColumnKeeps(`${table}.${name}`, declared, as, type)
    }
    this.#right.add(stores)
  }
}
