import type { QueryResult } from 'kysely'
import type { SqlSource } from '../../query/sql-source.js'
import type { MayflyQuery } from '../../connection/driver.js'

/** Where the statements of a save go. */
export interface SaveSession {
  readonly source: SqlSource
  run<R>(query: MayflyQuery): Promise<QueryResult<R>>
  /** Runs work in a transaction, or a savepoint where one is open, that is rolled back whatever happens. */
  tried<R>(work: () => Promise<R>): Promise<R>
}
