import type { DialectValues } from '../connection/dialect-values.js'
import type { AfterRule, ColumnRule } from './column-rule.js'

/** What a column keeps, as a schema would say it; `custom` where it is a `ColumnValue` of your own. */
export type ColumnTypeName =
  | 'bigInt'
  | 'boolean'
  | 'bytes'
  | 'custom'
  | 'date'
  | 'dateTime'
  | 'decimal'
  | 'integer'
  | 'json'
  | 'oneOf'
  | 'real'
  | 'text'
  | 'time'
  | 'uuid'

/** What a column's type was told, as far as it was. */
export interface ColumnFacets {
  /** Digits after the second. */
  readonly precision?: 0 | 3 | 6 | undefined
  /** Digits after the point. */
  readonly scale?: number | undefined
  /** The form in which a time or a decimal number is kept that is not of such a type. */
  readonly stored?: 'iso' | 'ms' | 's' | 'integer' | undefined
  /** All texts that there are. */
  readonly values?: readonly string[] | undefined
}

/**
 * How the values of a declared column travel, so that they are the same JavaScript values on every dialect. `null` is `null` everywhere and
 * never reaches these functions.
 */
export interface ColumnValue<V> {
  /** What the driver gave, as the value the user sees. */
  readonly fromDriver: (value: unknown, dialect: DialectValues) => V
  /** What the user gave, as something that the driver of this dialect stores and compares right. */
  readonly toDriver: (value: V, dialect: DialectValues) => unknown
  /**
   * Whether two values are the same to the database. By default numbers, text, dates, bytes and plain documents are compared by what they hold,
   * and other objects by identity. The pair `equals` and `snapshot` is EF Core's `ValueComparer`.
   */
  readonly equals?: ((a: V, b: V) => boolean) | undefined
  /** A copy that stays as it is when the value is changed in place. The value itself where it cannot be. */
  readonly snapshot?: ((value: V) => V) | undefined
}

/**
 * A declared column: how its values travel and compare, and its rule. The methods give another column and change nothing. In the types they say
 * what `InferDatabase` makes of the column, and what a complete set asks for; `modelOf(Context)` tells them at run time. A complete set also
 * refuses NULL where a column is not nullable.
 */
export interface Column<V, R extends ColumnRule = ColumnRule> extends ColumnValue<V> {
  /** What else was declared, for whoever makes a schema of the model. */
  readonly facets: ColumnFacets
  readonly equals: (a: V, b: V) => boolean
  readonly snapshot: (value: V) => V
  readonly type: ColumnTypeName
  /** `'required'`, `'nullable'`, `'generated'`, ... */
  readonly rule: R
  /** What `default(value)` was told. */
  readonly defaultValue: V | undefined
  /** Rows may have `null` here. */
  nullable(): Column<V, AfterRule['nullable'][R]>
  /** The database makes a value where none is given: Kysely's `Generated`. */
  generated(): Column<V, AfterRule['generated'][R]>
  /** As `generated`, and this is the value, for whoever makes a schema of the model. */
  default(value: V): Column<V, AfterRule['generated'][R]>
  /** The database makes the value, always: Kysely's `GeneratedAlways`. */
  generatedAlways(): Column<V, AfterRule['generatedAlways'][R]>
  /** Given when a row is made, and never changed: Kysely's `ColumnTypeName<V, V, never>`. */
  fixed(): Column<V, AfterRule['fixed'][R]>
}

/** A column of documents: through `kysely`, which knows no columns, they are written as text (Kysely's `JSONColumnType`). */
export interface JsonColumn<V, R extends ColumnRule = ColumnRule> extends Column<V, R> {
  readonly type: 'json'
  readonly toDriver: (value: V, dialect: DialectValues) => string
  nullable(): JsonColumn<V, AfterRule['nullable'][R]>
  generated(): JsonColumn<V, AfterRule['generated'][R]>
  default(value: V): JsonColumn<V, AfterRule['generated'][R]>
  generatedAlways(): JsonColumn<V, AfterRule['generatedAlways'][R]>
  fixed(): JsonColumn<V, AfterRule['fixed'][R]>
}

/** A column, whatever its values are. */
export type AnyColumn = Column<any>
