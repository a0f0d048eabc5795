import { invalidSet, onRemoveUnknown } from '../errors.js'
import { Recent } from '../support/recent.js'
import type { ColumnName, Entity, TableName } from './database-types.js'

/** Rows of another table whose column `By` holds the key of a row of this one. */
export interface Many<T extends string, By extends string> {
  readonly kind: 'many'
  readonly table: T
  readonly by: By
  /** What becomes of these rows when this one is removed. */
  readonly onRemove?: OnRemove | undefined
}

/**
 * `'cascade'`: those that the context knows are removed with the row, and `ensureCreated` has the database delete the others. Without it a row that others
 * refer to cannot be deleted.
 */
export type OnRemove = 'cascade'

/** The row of another table whose key a column of this one holds. */
export interface One<T extends string, By extends string> {
  readonly kind: 'one'
  readonly table: T
  readonly by: By
}

/** The same, where the row may be missing: nothing forbids it, or a filter hides it. */
export interface OneOrNone<T extends string, By extends string> {
  readonly kind: 'oneOrNone'
  readonly table: T
  readonly by: By
}

export type Relation = Many<string, string> | One<string, string> | OneOrNone<string, string>

/**
 * @example relations: { orders: many('orders', 'userId') }, or many('lines', 'orderId', { onRemove: 'cascade' })
 * @throws InvalidArgumentError for another word than `'cascade'`
 */
export function many<const T extends string, const By extends string>(
  table: T,
  by: By,
  { onRemove }: { readonly onRemove?: OnRemove | undefined } = {},
): Many<T, By> {
  if (onRemove !== undefined && onRemove !== 'cascade') throw onRemoveUnknown()
  return relation('many', table, by, onRemove) as Many<T, By>
}

/** @example relations: { user: one('users', 'userId') } */
export function one<const T extends string, const By extends string>(table: T, by: By): One<T, By> {
  return relation('one', table, by) as One<T, By>
}

/** @example relations: { editor: oneOrNone('users', 'editorId') } */
export function oneOrNone<const T extends string, const By extends string>(
  table: T,
  by: By,
): OneOrNone<T, By> {
  return relation('oneOrNone', table, by) as OneOrNone<T, By>
}

/** A context declares its relations each time one is made, so those that are the same are one. */
const RELATIONS = new Recent(words => {
  const [kind, table, by, onRemove] = JSON.parse(words) as [
    Relation['kind'],
    string,
    string,
    OnRemove?,
  ]
  return Object.freeze({ kind, table, by, ...(onRemove && { onRemove }) })
})

function relation(
  kind: Relation['kind'],
  table: unknown,
  by: unknown,
  onRemove?: OnRemove,
): Relation {
  return RELATIONS.get(JSON.stringify([kind, table, by, onRemove]))
}

type AnyMany<DB> = { [U in TableName<DB>]: Many<U, ColumnName<DB, U>> }[TableName<DB>]

/** What `relations` of a set takes: names that no column of the table has. */
export type Relations<DB, T extends TableName<DB>> = {
  readonly [name: string]:
    | AnyMany<DB>
    | One<TableName<DB>, ColumnName<DB, T>>
    | OneOrNone<TableName<DB>, ColumnName<DB, T>>
} & { readonly [C in ColumnName<DB, T>]?: never }

export type Target<Rel> = Rel extends { readonly table: infer U } ? U : never

/** A row that a relation leads to. */
export type RelatedEntity<DB, Rel> =
  Target<Rel> extends TableName<DB> ? Entity<DB, Target<Rel>> : never

/** What an included relation adds to a row: a property of its name. */
export type Including<DB, T extends TableName<DB>, N extends string, Rel, P> = {
  readonly [Name in N]: Included<DB, T, Rel, P>
}

/** A list, a row, or a row or `null` where there may be none. */
export type Included<DB, T extends TableName<DB>, Rel, P> =
  Rel extends Many<string, string>
    ? readonly P[]
    : Rel extends One<string, infer By>
      ? By extends ColumnName<DB, T>
        ? null extends Entity<DB, T>[By]
          ? P | null
          : P
        : never
      : P | null

/** @throws RegistrationError for what is no relation */
export function checkedRelations(
  context: string,
  table: string,
  relations: Readonly<Record<string, unknown>>,
): Readonly<Record<string, Relation>> {
  for (const [name, given] of Object.entries(relations)) {
    const { kind, table: other, by } = (given ?? {}) as Partial<Record<string, unknown>>
    const isOne = kind === 'many' || kind === 'one' || kind === 'oneOrNone'
    if (isOne && isName(other) && isName(by)) continue
    throw invalidSet(
      context,
      table,
      `has no relation for '${name}': use many('orders', 'userId'), one('users', 'userId') or oneOrNone('users', 'editorId')`,
    )
  }
  return Object.freeze({ ...relations }) as Readonly<Record<string, Relation>>
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

export const NO_RELATIONS: Readonly<Record<string, Relation>> = Object.freeze({})
