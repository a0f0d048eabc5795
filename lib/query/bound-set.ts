import type { Query } from './query.js'
import type { QueryRunner } from './query-runner.js'
import type { Relation } from './relations.js'
import type { DeclaredSet } from './set-model.js'
import type { QueryState } from './statement.js'

/** A set of one context: what its queries have in common. */
export interface BoundSet {
  readonly runner: QueryRunner
  readonly model: DeclaredSet
  /** Reads the fields of its context, so it is no part of the model. */
  readonly filter: Filter | undefined
  /** Whether that stands in updates and deletes of saves, too. */
  readonly filtersSaves: boolean
  /** All sets of its context. */
  readonly sets: SetsOfContext
}

/** One relation that a query reads with its rows. */
export interface Include {
  readonly name: string
  readonly relation: Relation
  /** What of the related rows is read; `undefined` for all of them. */
  readonly related: Query<any, any, any> | undefined
}

/** The sets of a context, as a set that is related to others has to know them. */
export interface SetsOfContext {
  /** A query on a set that was told this. */
  open(set: BoundSet, state: QueryState): Query<any, any, any>
  /** The set of a table. @throws InvalidArgumentError where there is none, or several */
  only(table: string): Query<any, any, any>
  /** @throws InvalidArgumentError for a relation that the set does not have, and for a query on another table */
  include(set: BoundSet, name: unknown, given: unknown): Include
  /** Reads what is related to rows, and puts it where it belongs. */
  readIncludes(
    set: BoundSet,
    rows: readonly object[],
    includes: readonly Include[],
    tracked: boolean,
  ): Promise<void>
}

export type Filter = (query: Query<any, any, any>) => Query<any, any, any>
