import { RawNode, type CompiledQuery, type RawBuilder } from 'kysely'
import type { MayflyQuery } from '../../connection/driver.js'
import type { SqlSource } from '../../query/sql-source.js'
import type { DriverRow } from './driver-row.js'
import { marked } from './text-parts.js'

/** Stands for a value while a text is made. */
class Place {
  readonly index: number

  constructor(index: number) {
    this.index = index
  }
}

interface RememberedText {
  readonly query: CompiledQuery
  /** Which of the rows' values is which parameter. */
  readonly order: readonly number[]
}

/** How many texts of updates a data source is known to have. Then all are forgotten, and the next ones are learned. */
const MOST_TEXTS = 500

const textsOf = new WeakMap<SqlSource, Map<string, RememberedText>>()

/** The same rows with other values have the same text, which Kysely makes once (bench row '20 rows loaded, 3 changed, saved'). */
export function remembered(
  source: SqlSource,
  table: string,
  rows: readonly DriverRow[],
  write: (table: string, rows: readonly DriverRow[]) => RawBuilder<unknown>,
): MayflyQuery {
  let texts = textsOf.get(source)
  if (!texts) textsOf.set(source, (texts = new Map()))
  const { columns, where, found: first, moved } = rows[0]!
  // A row that is found by a NULL is alone.
  const isNull = first.map(value => (value === null ? 1 : 0)).join('')
  const key = [table, ...columns, '', ...where, '', rows.length, isNull, moved ?? ''].join('\0')
  let text = texts.get(key)
  if (!text) {
    if (texts.size >= MOST_TEXTS) texts.clear()
    texts.set(key, (text = textWith(source, table, rows, write)))
  }
  const values = rows.flatMap(({ found, values: written }) => [...found, ...written])
  const parameters = text.order.map(i => values[i])
  return marked({ ...text.query, parameters }, rows.length)
}

function textWith(
  source: SqlSource,
  table: string,
  rows: readonly DriverRow[],
  write: (table: string, rows: readonly DriverRow[]) => RawBuilder<unknown>,
): RememberedText {
  let places = 0
  const empty = rows.map(row => ({
    ...row,
    found: row.found
      .map(value => [new Place(places++), value] as const)
      .map(([place, value]) => (value === null ? null : place)),
    values: row.values.map(() => new Place(places++)),
  }))
  const query = write(table, empty).compile(source.builder)
  const order = (query.parameters as readonly Place[]).map(({ index }) => index)
  // Its nodes are many times as large as its text.
  return { query: { ...query, query: RawNode.createWithSql(query.sql) }, order }
}
