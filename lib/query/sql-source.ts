import type { DataSource } from '../connection/data-source.js'
import type { StoredColumns } from '../connection/driver.js'
import type { ColumnNames } from './names/column-names.js'

/** What statements are made with: a data source, or one whose statements say the names of a context's properties. */
export interface SqlSource extends Pick<DataSource, 'adapter' | 'builder' | 'compiler' | 'values'> {
  /** `undefined` where columns are called as their properties are. */
  readonly names?: ColumnNames | undefined
  /** What a set asks of its table, under the names of columns. */
  readonly storesOf?: ((stores: StoredColumns) => StoredColumns) | undefined
}

/** The name of a column. @param property by which the set knows it */
export function columnOf({ names }: SqlSource, table: string, property: string): string {
  return names ? names.columnOf(table, property) : property
}

export function columnsOf(
  source: SqlSource,
  table: string,
  properties: readonly string[],
): readonly string[] {
  return source.names ? properties.map(name => columnOf(source, table, name)) : properties
}
