import { sql, type RawBuilder } from 'kysely'
import type { MayflyQuery } from '../../connection/driver.js'
import type { DeclaredSet } from '../../query/set-model.js'
import { columnsOf, type SqlSource } from '../../query/sql-source.js'
import type { InsertRow } from './driver-row.js'
import { compiled, marked, movedOn, names, typed, VALUES } from './text-parts.js'

/** The properties that an insert gives back: `undefined` for all, none for none. */
export type Returning = readonly string[] | undefined

/** The place of a row among those of a statement, under a name that no column has. */
const PLACE = sql.id('mayfly_n')
/** One or several new rows with the same columns. */
export function insertText(
  source: SqlSource,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
  returning: Returning,
): MayflyQuery {
  const into = sql`insert into ${sql.table(table)}`
  if (columns.length === 0) {
    const nothing = source.values.family === 'mysql' ? sql`() values ()` : sql`default values`
    return compiled(source, sql`${into} ${nothing}${returned(source, table, returning)}`, 1)
  }
  return joined(
    source,
    sql`${into} (${names(columns)}) values `,
    rows,
    returned(source, table, returning),
  )
}

/** One row, which takes the place of what is there by the same key. */
export function upsertText(source: SqlSource, row: InsertRow, returning: Returning): MayflyQuery {
  const { columns, values, change } = row
  const { table, keys, version } = change.model
  const [by, others] = [change.conflict ?? keys, [...keys, ...(version ? [version] : [])]].map(
    properties => columnsOf(source, table, properties),
  ) as [readonly string[], readonly string[]]
  const fixed = new Set(columnsOf(source, table, fixedColumns(change.model)))
  const written = columns.filter(name => ![...by, ...others].includes(name) && !fixed.has(name))
  const isMysql = source.values.family === 'mysql'
  const given = (name: string) =>
    isMysql ? sql`values(${sql.id(name)})` : sql`excluded.${sql.id(name)}`
  // Something must be set, or the row would not be given back.
  const set = (written.length > 0 ? written : by.slice(0, 1)).map(
    name => sql`${sql.id(name)} = ${given(name)}`,
  )
  if (version !== undefined) {
    const [name] = columnsOf(source, table, [version])
    if (change.model.versionKind === 'number') set.push(movedOn(table, name!))
    else if (change.model.versionKind === 'time') set.push(sql`${sql.id(name!)} = ${given(name!)}`)
  }
  const instead = isMysql
    ? sql` on duplicate key update ${sql.join(set)}`
    : sql` on conflict (${names(by)}) do update set ${sql.join(set)}`
  const into = sql`insert into ${sql.table(table)} (${names(columns)}) values `
  return joined(source, into, [values], sql`${instead}${returned(source, table, returning)}`)
}

function fixedColumns({ declared }: DeclaredSet): string[] {
  return declared.flatMap(([name, { rule }]) => (rule.includes('fixed') ? [name] : []))
}

/**
 * New rows whose keys PostgreSQL makes in the order in which they are given, which it promises of nothing but `order by`. Its first row takes the types of
 * the table and is left out.
 */
export function orderedInsertText(
  source: SqlSource,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
  returning: Returning,
): MayflyQuery {
  const list = names(columns)
  const head = sql`insert into ${sql.table(table)} (${list}) select ${list} from (values ${typed(table, columns, true)}, `
  const tail = sql`) as ${VALUES} (${list}, ${PLACE}) where ${PLACE} > 0 order by ${PLACE}${returned(source, table, returning)}`
  return joined(source, head, rows, tail, i => `, ${i + 1}`)
}

/**
 * A statement with a list of rows. The list is written as it is, because Kysely makes nodes of each of its values, which costs several times as much as
 * everything else about a new row (bench row '1000 new rows').
 * @param more what stands at the end of the nth row, from 0
 */
function joined(
  source: SqlSource,
  head: RawBuilder<unknown>,
  rows: readonly (readonly unknown[])[],
  tail: RawBuilder<unknown>,
  more: (row: number) => string = () => '',
): MayflyQuery {
  const isNumbered = source.values.family === 'postgres'
  const parameters: unknown[] = []
  const lists = rows.map((row, i) => {
    const places = row.map(value =>
      isNumbered ? `$${parameters.push(value)}` : (parameters.push(value), '?'),
    )
    return `(${places.join(', ')}${more(i)})`
  })
  const [begin, end] = [head, tail].map(part => part.compile(source.builder))
  return marked(
    { ...begin!, sql: `${begin!.sql}${lists.join(', ')}${end!.sql}`, parameters },
    rows.length,
  )
}

function returned(source: SqlSource, table: string, properties: Returning): RawBuilder<unknown> {
  if (properties === undefined) return sql` returning *`
  if (properties.length === 0) return sql``
  return sql` returning ${names(columnsOf(source, table, properties))}`
}
