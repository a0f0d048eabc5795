import type { CompiledQuery, QueryResult } from 'kysely'
import type { CallOff } from '../connection/call-off.js'
import type { SqlSource } from './sql-source.js'
import type { RowTracker } from './row-tracker.js'

/** What a set or a query sees of the lease it was taken from: it can ask, and it dies with it (C5). */
export interface QueryRunner {
  /** `ShopContext#3`, for messages. */
  readonly id: string
  readonly source: SqlSource
  /** What the lease knows of its objects. @throws ContextDisposedError */
  readonly tracker: RowTracker
  /** Whether queries that say nothing of it track. */
  readonly tracks: boolean
  /** Whether the lease has not ended. */
  readonly isAlive: boolean
  /** Whether a transaction is open. */
  readonly isInTransaction: boolean
  /** @throws ContextDisposedError */
  assertAlive(): void
  query<R>(query: CompiledQuery, options?: RunOptions): Promise<QueryResult<R>>
  stream<R>(query: CompiledQuery, chunkSize: number, options?: RunOptions): OpenResults<R>
}

export interface RunOptions {
  /** How long the statement may take (ms); for a stream, how long each wait for rows may take. */
  readonly timeout?: number | undefined
  /** How it is called off, by whoever has a signal for it. */
  readonly callOff?: CallOff | undefined
}

export interface OpenResults<R> extends AsyncIterable<QueryResult<R>> {
  /** @throws whatever closed the results under their reader */
  assertOpen(): void
}
