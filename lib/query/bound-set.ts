import type { Query } from './query.js'
import type { QueryRunner } from './query-runner.js'
import type { DeclaredSet } from './set-model.js'

/** A set of one context: what its queries have in common. */
export interface BoundSet {
  readonly runner: QueryRunner
  readonly model: DeclaredSet
  /** Reads the fields of its context, so it is no part of the model. */
  readonly filter: Filter | undefined
}

export type Filter = (query: Query<any, any, any>) => Query<any, any, any>
