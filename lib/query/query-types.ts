import type {
  Expression,
  ExpressionBuilder,
  ExpressionOrFactory,
  SelectType,
  UpdateType,
} from 'kysely'
import type { ColumnName, Entity, TableName } from './database-types.js'

/** The rows of a query whose builder selected `P`: where that is nothing, they stay as they were. */
export type Built<O, P> = [keyof P] extends [never] ? O : P

/** Columns of text. */
export type TextColumn<DB, T extends TableName<DB>> = {
  [C in ColumnName<DB, T>]: NonNullable<Entity<DB, T>[C]> extends string ? C : never
}[ColumnName<DB, T>]

/** How a column is compared with a value. What only some databases have goes through an expression: `where(eb => eb('name', 'ilike', 'a%'))`. */
export type Operator =
  | '='
  | '!='
  | '<>'
  | '<'
  | '<='
  | '>'
  | '>='
  | 'in'
  | 'not in'
  | 'is'
  | 'is not'
  | 'like'
  | 'not like'

type Computed = Expression<any> | ((eb: ExpressionBuilder<any, any>) => Expression<any>)

/** What a column of such values is compared with: a list for `in`, `null` only where the column may be `null`, and expressions. */
export type Operand<V, Op> = Op extends 'in' | 'not in'
  ? readonly V[] | Computed
  : Op extends 'is' | 'is not'
    ? Extract<V, null | boolean>
    : Op extends 'like' | 'not like'
      ? string | Computed
      : V | Computed

/** What `executeUpdate` writes: values, or expressions that make them. */
export type SetBasedChanges<DB, T extends TableName<DB>> = {
  readonly [C in keyof DB[T] & string as [UpdateType<DB[T][C]>] extends [never] ? never : C]?:
    ExpressionOrFactory<DB, T, SelectType<DB[T][C]>> | SelectType<DB[T][C]>
}

/** Some rows of an order, and how many there are in all. */
export interface Page<O> {
  readonly rows: O[]
  /** Rows without pages. */
  readonly total: number
  /** Rows of a page. */
  readonly size: number
  /** Which page it is, from 1. */
  readonly number: number
  /** How many pages there are. */
  readonly pages: number
}
