import type { CompiledQuery, QueryResult } from 'kysely'
import type { DataSource } from '../connection/data-source.js'

/** What a set or a query sees of the lease it was taken from: it can ask, and it dies with it (C5). */
export interface QueryRunner {
  /** `ShopContext#3`, for messages. */
  readonly id: string
  readonly source: DataSource
  /** @throws ContextDisposedError */
  assertAlive(): void
  query<R>(query: CompiledQuery<R>): Promise<QueryResult<R>>
  stream<R>(query: CompiledQuery<R>, chunkSize: number): OpenResults<R>
}

export interface OpenResults<R> extends AsyncIterable<QueryResult<R>> {
  /** @throws whatever closed the results under their reader */
  assertOpen(): void
}
