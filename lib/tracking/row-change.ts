import type { OperationNode } from 'kysely'
import type { DeclaredSet } from '../query/set-model.js'

/** Values by the name of their column, as users see them. */
export type RowValues = Readonly<Record<string, unknown>>

/** One row that a save writes: what a tracker asks of whoever sends statements, who knows nothing of entries. */
export type RowChange = RowInsert | RowUpdate | RowDelete

interface RowChangeBase {
  readonly model: DeclaredSet
  /** Whose change it is, for errors; nothing reads its properties. */
  readonly entity: object
}

export interface RowInsert extends RowChangeBase {
  readonly kind: 'insert'
  /** What was given. The database makes the rest. */
  readonly values: RowValues
  /** Columns that take the key of another new row, which the database makes. */
  readonly pending: ReadonlyMap<string, PendingKey>
  /** By which columns a row that is there already is known, which is updated then; `undefined` where it is an error. */
  readonly conflict: readonly string[] | undefined
  /** Columns of the database's making that the entity gets back; `undefined` for all that the row has, where the set does not know them. */
  readonly readBack: readonly string[] | undefined
}

/** The key of a row that is inserted by the same save. */
export interface PendingKey {
  readonly entity: object
  readonly column: string
}

export interface RowUpdate extends RowChangeBase {
  readonly kind: 'update'
  /** What else the row must be, where the filter of its set holds for saves. */
  readonly conditions: OperationNode | undefined
  /** What has changed. */
  readonly values: RowValues
  /** What that was, as far as it is known. */
  readonly before: RowValues
  /** The key, and the version where there is one, as they were loaded: no row with these is a lost update (U5). */
  readonly where: RowValues
}

export interface RowDelete extends RowChangeBase {
  readonly kind: 'delete'
  readonly conditions: OperationNode | undefined
  readonly where: RowValues
  /** The rows that it refers to, as far as that is known: they are deleted after it. */
  readonly refers: RowValues
}

/** What the database made of a change: values that the entity has from now on. */
export interface RowOutcome {
  readonly change: RowChange
  readonly made: RowValues
}
