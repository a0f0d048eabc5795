import type {
  ColumnType,
  Generated,
  GeneratedAlways,
  InsertType,
  Selectable,
  SelectType,
  UpdateType,
} from 'kysely'
import type { AfterRule, ColumnRule } from './column-rule.js'
import type { Column, ColumnValue, JsonColumn } from './column.js'

/** The name of a table in a Kysely database interface. */
export type TableName<DB> = keyof DB & string
/** A row of a table as it is read. */
export type Entity<DB, T extends TableName<DB>> = Selectable<DB[T]>
/** The name of a column of a table. */
export type ColumnName<DB, T extends TableName<DB>> = keyof Entity<DB, T> & string

/**
 * A row that is to be inserted, of the values that rows have when they are read: the object is the entity from then on. What the database makes may be left
 * out, a column that refers to a row where that row is given by its relation, and in a complete set, which knows its columns, what may be `null`.
 */
export type NewEntity<DB, T extends TableName<DB>, R = {}, Columns = 'partial'> = {
  [
    C in Exclude<keyof DB[T] & string, ReferringColumn<R>> as Insertion<
      DB[T][C],
      Columns
    > extends 'needed'
      ? C
      : never
  ]: SelectType<DB[T][C]>
} & {
  [
    C in keyof DB[T] & string as MayBeLeftOut<C, DB[T][C], R, Columns> extends true ? C : never
  ]?: SelectType<DB[T][C]>
} & { readonly [N in keyof R as R[N] extends ToOne ? N : never]?: RelatedRow<DB, R[N]> }

interface ToOne {
  readonly kind: 'one' | 'oneOrNone'
  readonly by: string
}

type ReferringColumn<R> = {
  [N in keyof R]: R[N] extends ToOne ? R[N]['by'] : never
}[keyof R]

type MayBeLeftOut<Name, C, R, Columns> =
  Insertion<C, Columns> extends 'optional'
    ? true
    : Name extends ReferringColumn<R>
      ? Insertion<C, Columns> extends 'needed'
        ? true
        : false
      : false

type RelatedRow<DB, Rel> = Rel extends { readonly table: infer U extends TableName<DB> }
  ? Entity<DB, U> | null
  : never

type Insertion<C, Columns> = [InsertType<C>] extends [never]
  ? 'made'
  : undefined extends InsertType<C>
    ? 'optional'
    : Columns extends 'complete'
      ? null extends InsertType<C>
        ? 'optional'
        : 'needed'
      : 'needed'

/** The column that identifies a row, or several of them that do so together. */
export type Key<DB, T extends TableName<DB>> =
  ColumnName<DB, T> | readonly [ColumnName<DB, T>, ColumnName<DB, T>, ...ColumnName<DB, T>[]]

type KeyNames<K> = K extends readonly (infer C)[] ? C : K

/** What `find` takes: the value, or of several columns their values by name. */
export type KeyValue<DB, T extends TableName<DB>, K> = K extends keyof Entity<DB, T>
  ? Entity<DB, T>[K]
  : Pick<Entity<DB, T>, KeyNames<K> & keyof Entity<DB, T>>

/** What identifies a row, and whatever else is known of it. */
export type Identified<DB, T extends TableName<DB>, K> = Pick<
  Entity<DB, T>,
  KeyNames<K> & keyof Entity<DB, T>
> &
  Partial<Entity<DB, T>>

type ValueOf<C> = NonNullable<SelectType<C>>

/** Some of a table's columns, with their types. */
export type PartialColumns<DB, T extends TableName<DB>> = {
  readonly [C in keyof DB[T] & string]?: ColumnValue<ValueOf<DB[T][C]>> | undefined
}

/** Every column of a table, with its type and the rule that the interface says. */
export type AllColumns<DB, T extends TableName<DB>> = {
  readonly [C in keyof DB[T] & string]: Column<ValueOf<DB[T][C]>, RuleOf<DB[T][C]>>
}

type RuleOf<C> = null extends SelectType<C> ? AfterRule['nullable'][BareRule<C>] : BareRule<C>

type BareRule<C> = [InsertType<C>] extends [never]
  ? 'generated always'
  : undefined extends InsertType<C>
    ? [UpdateType<C>] extends [never]
      ? 'generated fixed'
      : 'generated'
    : [UpdateType<C>] extends [never]
      ? 'fixed'
      : 'required'

/**
 * The Kysely database interface of tables whose columns are declared, so that nobody writes both. Make an interface of it: its name is what
 * editors and messages show.
 * @example
 * const tables = { users: { id: integer().generated(), name: text(), email: text().nullable() } }
 * interface ShopDatabase extends InferDatabase<typeof tables> {}
 * class ShopContext extends DbContext<ShopDatabase> {
 *   readonly users = this.set('users', { key: 'id', complete: true, columns: tables.users })
 * }
 */
export type InferDatabase<Tables> = {
  [T in keyof Tables]: { [C in keyof Tables[T]]: InferColumn<Tables[T][C]> }
}

/** What Kysely calls a column that is declared so. */
export type InferColumn<C> =
  C extends JsonColumn<infer V, infer R>
    ? InferDocument<OrNull<V, R>, OrNull<string, R>, R>
    : C extends Column<infer V, infer R>
      ? InferValue<OrNull<V, R>, R>
      : never

type OrNull<V, R extends ColumnRule> = R extends `nullable${string}` ? V | null : V

type InferValue<S, R extends ColumnRule> = R extends 'required' | 'nullable'
  ? S
  : R extends 'generated' | 'nullable generated'
    ? Generated<S>
    : R extends `${string}always`
      ? GeneratedAlways<S>
      : R extends 'fixed' | 'nullable fixed'
        ? ColumnType<S, S, never>
        : ColumnType<S, S | undefined, never>

/** `W` is what Kysely writes for a document: its text. */
type InferDocument<S, W, R extends ColumnRule> = R extends 'required' | 'nullable'
  ? ColumnType<S, W, W>
  : R extends 'generated' | 'nullable generated'
    ? ColumnType<S, W | undefined, W>
    : R extends `${string}always`
      ? GeneratedAlways<S>
      : R extends 'fixed' | 'nullable fixed'
        ? ColumnType<S, W, never>
        : ColumnType<S, W | undefined, never>
