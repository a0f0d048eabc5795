import type { QueryResult } from 'kysely'
import type { SqlSource } from '../../query/sql-source.js'
import type { MayflyQuery } from '../../connection/driver.js'

/** Where the statements of a save go. */
export interface SaveSession {
  readonly source: SqlSource
  run<R>(query: MayflyQuery): Promise<QueryResult<R>>
  /** Runs a statement once for each of several lists of parameters. @returns what all of them gave, in their order */
  runEach<R>(query: MayflyQuery, runs: readonly (readonly unknown[])[]): Promise<QueryResult<R>>
  /** Runs work in a transaction, or a savepoint where one is open, that is rolled back whatever happens. */
  tried<R>(work: () => Promise<R>): Promise<R>
}
