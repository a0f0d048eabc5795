import {
  ExpressionWrapper,
  RawNode,
  sql,
  type CompiledQuery,
  type OperationNode,
  type RawBuilder,
} from 'kysely'
import { columnsOf, type SqlSource } from '../../query/sql-source.js'
import type { MayflyQuery } from '../../connection/driver.js'
import type { DeclaredSet } from '../../query/set-model.js'
import type { DriverRow, InsertRow } from './driver-row.js'

/** The properties that an insert gives back: `undefined` for all, none for none. */
export type Returning = readonly string[] | undefined

/** The place of a row among those of a statement, under a name that no column has. */
const PLACE = sql.id('mayfly_n')
/** The values of several rows, those of them that are there, and how many these are: under names that no table has. */
const VALUES_NAME = 'mayfly_v'
const VALUES = sql.id(VALUES_NAME)
const THERE = sql.id('mayfly_t')
const COUNTED = sql.id('mayfly_c')

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

/** One row. */
export function updateText(source: SqlSource, table: string, row: DriverRow): MayflyQuery {
  const { change } = row
  if (change.kind === 'insert' || !change.conditions)
    return remembered(source, table, [row], singleUpdate)
  return filtered(source, singleUpdate(table, [row]), change.conditions)
}

/** One row, where the filter of its set lets it be. Its conditions are of the user's making. */
function filtered(
  source: SqlSource,
  text: RawBuilder<unknown>,
  conditions: OperationNode,
): MayflyQuery {
  const also = new ExpressionWrapper<any, any, any>(conditions)
  return { ...sql`${text} and (${also})`.compile(source.builder), ofSet: true }
}

function singleUpdate(table: string, [row]: readonly DriverRow[]): RawBuilder<unknown> {
  const set = row!.columns.map((name, i) => sql`${sql.id(name)} = ${row!.values[i]}`)
  set.push(...unknownVersion(table, row!))
  return sql`update ${sql.table(table)} set ${sql.join(set)} where ${matching(row!)}`
}

/**
 * Several rows that write the same columns, all of them or none: where one of them is not there as it was known, no row is touched. The rows are joined with
 * a list of their values, never `case`, which has one type for all rows and touches others.
 */
export function groupedUpdateText(
  source: SqlSource,
  table: string,
  rows: readonly DriverRow[],
): MayflyQuery {
  const { family } = source.values
  const write =
    family === 'mysql' ? joinedUpdate : family === 'postgres' ? typedUpdate : plainUpdate
  return remembered(source, table, rows, write)
}

/** A version that is not known. */
function unknownVersion(table: string, { moved }: DriverRow): RawBuilder<unknown>[] {
  return moved === undefined ? [] : [movedOn(table, moved)]
}

function movedOn(table: string, version: string): RawBuilder<unknown> {
  return sql`${sql.id(version)} = coalesce(${of(table, version)}, 0) + 1`
}

/** MySQL and MariaDB: the rows that are there are counted, and locked, by the statement that writes them. */
function joinedUpdate(table: string, rows: readonly DriverRow[]): RawBuilder<unknown> {
  const { columns, where } = rows[0]!
  const list = rows.map(({ found, values }) => [...found, ...values])
  const v = (index: number) => sql.id(VALUES_NAME, `c${index}`)
  const on = where.map((name, i) => sql`${of(table, name)} = ${v(i)}`)
  const set = columns.map((name, i) => sql`${of(table, name)} = ${v(where.length + i)}`)
  set.push(...unknownVersion(table, rows[0]!))
  const there = sql`select ${sql.id(where[0]!)} from ${sql.table(table)} where ${anyOf(rows)} for update`
  return sql`update ${sql.table(table)} join (${sql.join(list.map(selected), sql` union all `)}) as ${VALUES} on ${sql.join(on, AND)} join (select count(*) as n from (${there}) as ${THERE}) as ${COUNTED} on ${COUNTED}.n = ${sql.lit(rows.length)} set ${sql.join(set)}`
}

/** PostgreSQL: the first row takes the types of the table, and is none of them. */
function typedUpdate(table: string, rows: readonly DriverRow[]): RawBuilder<unknown> {
  const { columns, where } = rows[0]!
  const all = [...where, ...columns]
  const list = rows.map(({ found, values }) => [...found, ...values])
  const v = (index: number) => sql.id(VALUES_NAME, `c${index}`)
  const on = where.map((name, i) => sql`${of(table, name)} = ${v(i)}`)
  const set = columns.map((name, i) => sql`${sql.id(name)} = ${v(where.length + i)}`)
  set.push(...unknownVersion(table, rows[0]!))
  const t = sql.table(table)
  const aliases = sql.join(all.map((_, i) => sql.id(`c${i}`)))
  const values = sql`values ${typed(table, all, false)}, ${sql.join(list.map(tuple))}`
  const there = sql`select 1 from ${t} join ${VALUES} on ${sql.join(on, AND)} order by ${v(0)} for update of ${sql.id(table.split('.').at(-1)!)}`
  return sql`with ${VALUES} (${aliases}) as (${values}), ${THERE} as (${there}) update ${t} set ${sql.join(set)} from ${VALUES} where ${sql.join(on, AND)} and (select count(*) from ${THERE}) = ${sql.lit(rows.length)}`
}

/** SQLite. */
function plainUpdate(table: string, rows: readonly DriverRow[]): RawBuilder<unknown> {
  const { columns, where } = rows[0]!
  const list = rows.map(({ found, values }) => [...found, ...values])
  const v = (index: number) => sql.id(VALUES_NAME, `column${index + 1}`)
  const on = where.map((name, i) => sql`${of(table, name)} = ${v(i)}`)
  const set = columns.map((name, i) => sql`${sql.id(name)} = ${v(where.length + i)}`)
  set.push(...unknownVersion(table, rows[0]!))
  const t = sql.table(table)
  const there = sql`select count(*) from ${t} join ${VALUES} on ${sql.join(on, AND)}`
  return sql`with ${VALUES} as (values ${sql.join(list.map(tuple))}) update ${t} set ${sql.join(set)} from ${VALUES} where ${sql.join(on, AND)} and (${there}) = ${sql.lit(rows.length)}`
}

export function deleteText(
  source: SqlSource,
  table: string,
  rows: readonly DriverRow[],
): MayflyQuery {
  const text = sql`delete from ${sql.table(table)} where ${anyOf(rows)}`
  const { change } = rows[0]!
  return change.kind === 'insert' || !change.conditions
    ? compiled(source, text, rows.length)
    : filtered(source, text, change.conditions)
}

/** Which of these rows are there, by their keys and versions. @param locks whether to lock them, so that what is read is what is there now */
export function presentText(
  source: SqlSource,
  table: string,
  rows: readonly DriverRow[],
  locks: boolean,
): MayflyQuery {
  const lock = locks ? sql` for update` : sql``
  const keys = columnsOf(source, table, rows[0]!.change.model.keys)
  const text = sql`select ${names(keys)} from ${sql.table(table)} where ${anyOf(rows)}${lock}`
  return compiled(source, text, rows.length)
}

/** All or some columns of rows with these keys. @param keys and @param columns are properties */
export function readBackText(
  source: SqlSource,
  table: string,
  keys: readonly string[],
  values: readonly (readonly unknown[])[],
  columns: Returning,
): MayflyQuery {
  const where = columnsOf(source, table, keys)
  const found = values.map(row => ({ where, found: row }))
  const list = columns ? names([...where, ...columnsOf(source, table, columns)]) : sql`*`
  return compiled(
    source,
    sql`select ${list} from ${sql.table(table)} where ${anyOf(found)}`,
    values.length,
  )
}

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
function remembered(
  source: SqlSource,
  table: string,
  rows: readonly DriverRow[],
  write: (table: string, rows: readonly DriverRow[]) => RawBuilder<unknown>,
): MayflyQuery {
  let texts = textsOf.get(source)
  if (!texts) textsOf.set(source, (texts = new Map()))
  const { columns, where, moved } = rows[0]!
  const isNull = rows.map(({ found }) => found.map(value => (value === null ? 1 : 0)).join(''))
  const key = [table, ...columns, '', ...where, '', ...isNull, moved ?? ''].join('\0')
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

/** Up to how many rows a statement is prepared, whatever their number is. */
const MOST_PREPARED = 16

/**
 * Mayfly's own, and prepared, where its text is one of few: of some rows, or of a power of two. What is sent once in a while with any other number of rows
 * would only push others out.
 */
function compiled(source: SqlSource, text: RawBuilder<unknown>, rows: number): MayflyQuery {
  return marked(text.compile(source.builder), rows)
}

function marked(query: CompiledQuery, rows: number): MayflyQuery {
  const isOneOfFew = rows <= MOST_PREPARED || (rows & (rows - 1)) === 0
  return isOneOfFew ? { ...query, ours: true } : { ...query, ofSet: true }
}

const AND = sql` and `
const OR = sql` or `

function anyOf(rows: readonly Pick<DriverRow, 'where' | 'found'>[]): RawBuilder<unknown> {
  const { where } = rows[0]!
  if (rows.length > 1 && where.length === 1)
    return sql`${sql.id(where[0]!)} in (${sql.join(rows.map(({ found }) => found[0]))})`
  return eitherOf(rows.map(row => (rows.length === 1 ? matching(row) : sql`(${matching(row)})`)))
}

/** In halves of halves: a row of conditions is as deep as it is long, and SQLite takes a depth of 1,000. */
function eitherOf(conditions: readonly RawBuilder<unknown>[]): RawBuilder<unknown> {
  if (conditions.length <= MOST_IN_A_ROW) return sql.join(conditions, OR)
  const middle = conditions.length >> 1
  const halves = [conditions.slice(0, middle), conditions.slice(middle)].map(eitherOf)
  return sql`(${sql.join(halves, sql`) or (`)})`
}

const MOST_IN_A_ROW = 100

function matching({ where, found }: Pick<DriverRow, 'where' | 'found'>): RawBuilder<unknown> {
  const parts = where.map((name, i) =>
    found[i] === null ? sql`${sql.id(name)} is null` : sql`${sql.id(name)} = ${found[i]}`,
  )
  return sql.join(parts, AND)
}

function names(columns: readonly string[]): RawBuilder<unknown> {
  return sql.join(columns.map(name => sql.id(name)))
}

function of(table: string, column: string): RawBuilder<unknown> {
  return sql.id(...table.split('.'), column)
}

function tuple(values: readonly unknown[]): RawBuilder<unknown> {
  return sql`(${sql.join(values)})`
}

function selected(values: readonly unknown[], index: number): RawBuilder<unknown> {
  const columns = values.map((value, i) =>
    index > 0 ? sql`${value}` : sql`${value} as ${sql.id(`c${i}`)}`,
  )
  return sql`select ${sql.join(columns)}`
}

function typed(table: string, columns: readonly string[], isPlaced: boolean): RawBuilder<unknown> {
  const nulls = columns.map(name => sql`(null::${sql.table(table)}).${sql.id(name)}`)
  return tuple(isPlaced ? [...nulls, sql.lit(0)] : nulls)
}

function returned(source: SqlSource, table: string, properties: Returning): RawBuilder<unknown> {
  if (properties === undefined) return sql` returning *`
  if (properties.length === 0) return sql``
  return sql` returning ${names(columnsOf(source, table, properties))}`
}
