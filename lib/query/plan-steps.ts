import { sql, type Kysely, type SelectQueryBuilder } from 'kysely'

export type Select = SelectQueryBuilder<any, any, any>
/** Where NULL comes is said to a database that has it last when it ascends (U13). */
export type Direction = 'asc' | 'desc' | 'asc nulls first' | 'desc nulls last'

/** What a step of a plan does to a select. `words` are part of the text, beginning with the name of the step; the value is not. */
export type Step = (select: Select, words: readonly string[], value: unknown) => Select

export const where: Step = (select, [, column, operator], value) =>
  select.where(column!, operator as never, value as never)
export const whereNull: Step = (select, [, column, operator]) =>
  select.where(column!, operator as never, null)
/** `in` an empty list, which not every database has a text for. */
export const whereNever: Step = select => select.where(sql<boolean>`1 = 0`)
export const orderBy: Step = (select, words, value) => thenBy(select.clearOrderBy(), words, value)
export const thenBy: Step = (select, [, column, direction]) => {
  switch (direction as Direction) {
    case 'asc nulls first':
      return select.orderBy(column!, by => by.asc().nullsFirst())
    case 'desc nulls last':
      return select.orderBy(column!, by => by.desc().nullsLast())
    default:
      return select.orderBy(column!, direction as 'asc' | 'desc')
  }
}
export const limit: Step = (select, _, rows) => select.limit(rows as number)
export const limitToOne: Step = select => select.limit(sql.lit(1))
export const noLimit: Step = select => select.limit(sql.lit(Number.MAX_SAFE_INTEGER))
export const offset: Step = (select, _, rows) => select.offset(rows as number)
export const count: Step = select =>
  select
    .clearSelect()
    .clearOrderBy()
    .select(sql<number>`count(*)`.as('count'))
/** For rows that are only a part, or were built. */
export const countRows =
  (builder: Kysely<any>): Step =>
  select =>
    builder.selectFrom(withoutOrder(select).as('rows')).select(sql<number>`count(*)`.as('count'))

export type Aggregate = 'sum' | 'min' | 'max' | 'avg'

const aggregated = (of: string, column: string) =>
  sql`${sql.raw(of)}(${sql.ref(column)})`.as('value')

/** `words`: the step, the aggregate function and the column. */
export const aggregate: Step = (select, [, of, column]) =>
  select.clearSelect().clearOrderBy().select(aggregated(of!, column!))
/** For rows that are only a part, or were built. */
export const aggregateRows =
  (builder: Kysely<any>): Step =>
  (select, [, of, column]) =>
    builder.selectFrom(withoutOrder(select).as('rows')).select(aggregated(of!, column!))

/** `words`: the step and the columns. */
export const selectColumns: Step = (select, [, ...columns]) => select.clearSelect().select(columns)
export const distinct: Step = select => select.distinct()
/** `words`: the step and what the database calls the lock. */
export const lock: Step = (select, [, text]) => select.modifyEnd(sql.raw(text!))
/** A text that is found by what it holds: `!` takes the meaning of the character after it away. */
export const like: Step = (select, [, column], value) =>
  select.where(sql<boolean>`${sql.ref(column!)} like ${value} escape '!'`)

/** Whether there is a row asks for none of its columns, in no order. */
export const presence: Step = select =>
  select.clearSelect().clearOrderBy().select(sql.lit(1).as('present'))

/** The steps that are conditions. */
export const CONDITIONS: ReadonlySet<Step | undefined> = new Set([
  where,
  whereNull,
  whereNever,
  like,
])

/** The order of rows that are only counted is work for nothing, unless it says which rows there are. */
function withoutOrder(select: Select): Select {
  const node = select.toOperationNode()
  return node.limit || node.offset || node.top || node.fetch ? select : select.clearOrderBy()
}
