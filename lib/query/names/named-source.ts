import type { Kysely, KyselyPlugin } from 'kysely'
import type { DataSource } from '../../connection/data-source.js'
import type { StoredColumns } from '../../connection/driver.js'
import type { SqlSource } from '../sql-source.js'
import type { ColumnNames } from './column-names.js'
import { NamesPlugin } from './names-plugin.js'

/** A data source as the contexts of one class see it, whose columns have names of their own. */
export class NamedSource implements SqlSource {
  readonly adapter: DataSource['adapter']
  readonly compiler: DataSource['compiler']
  readonly values: DataSource['values']
  readonly builder: Kysely<any>
  readonly names: ColumnNames
  readonly plugin: KyselyPlugin
  readonly #stores = new WeakMap<StoredColumns, StoredColumns>()

  constructor({ adapter, compiler, values, builder }: DataSource, names: ColumnNames) {
    this.adapter = adapter
    this.compiler = compiler
    this.values = values
    this.names = names
    this.plugin = new NamesPlugin(names)
    this.builder = builder.withPlugin(this.plugin)
  }

  readonly storesOf = (stores: StoredColumns): StoredColumns => {
    let named = this.#stores.get(stores)
    if (!named) {
      const { table, columns } = stores
      named = {
        table,
        columns: columns.map(([name, ...as]) => [this.names.columnOf(table, name), ...as] as const),
      }
      this.#stores.set(stores, named)
    }
    return named
  }
}
