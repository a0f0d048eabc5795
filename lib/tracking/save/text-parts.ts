import {
  ExpressionWrapper,
  sql,
  type CompiledQuery,
  type OperationNode,
  type RawBuilder,
} from 'kysely'
import type { MayflyQuery } from '../../connection/driver.js'
import type { SqlSource } from '../../query/sql-source.js'
import type { DriverRow } from './driver-row.js'

/** The values of several rows, under a name that no table has. */
export const VALUES_NAME = 'mayfly_v'
export const VALUES = sql.id(VALUES_NAME)

export const AND = sql` and `
const OR = sql` or `

/** The rows with these keys and versions. */
export function anyOf(rows: readonly Pick<DriverRow, 'where' | 'found'>[]): RawBuilder<unknown> {
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

export function matching({
  where,
  found,
}: Pick<DriverRow, 'where' | 'found'>): RawBuilder<unknown> {
  const parts = where.map((name, i) =>
    found[i] === null ? sql`${sql.id(name)} is null` : sql`${sql.id(name)} = ${found[i]}`,
  )
  return sql.join(parts, AND)
}

export function names(columns: readonly string[]): RawBuilder<unknown> {
  return sql.join(columns.map(name => sql.id(name)))
}

export function of(table: string, column: string): RawBuilder<unknown> {
  return sql.id(...table.split('.'), column)
}

export function tuple(values: readonly unknown[]): RawBuilder<unknown> {
  return sql`(${sql.join(values)})`
}

export function typed(
  table: string,
  columns: readonly string[],
  isPlaced: boolean,
): RawBuilder<unknown> {
  const nulls = columns.map(name => sql`(null::${sql.table(table)}).${sql.id(name)}`)
  return tuple(isPlaced ? [...nulls, sql.lit(0)] : nulls)
}

/** A version that is a number. */
export function movedOn(table: string, version: string): RawBuilder<unknown> {
  return sql`${sql.id(version)} = coalesce(${of(table, version)}, 0) + 1`
}

/** One row, where the filter of its set lets it be. Its conditions are of the user's making. */
export function filtered(
  source: SqlSource,
  text: RawBuilder<unknown>,
  conditions: OperationNode,
): MayflyQuery {
  const also = new ExpressionWrapper<any, any, any>(conditions)
  return { ...sql`${text} and (${also})`.compile(source.builder), ofSet: true }
}

/** Up to how many rows a statement is prepared, whatever their number is. */
const MOST_PREPARED = 16

/**
 * Mayfly's own, and prepared, where its text is one of few: of some rows, or of a power of two. What is sent once in a while with any other number of rows
 * would only push others out.
 */
export function compiled(source: SqlSource, text: RawBuilder<unknown>, rows: number): MayflyQuery {
  return marked(text.compile(source.builder), rows)
}

export function marked(query: CompiledQuery, rows: number): MayflyQuery {
  const isOneOfFew = rows <= MOST_PREPARED || (rows & (rows - 1)) === 0
  return isOneOfFew ? { ...query, ours: true } : { ...query, ofSet: true }
}
