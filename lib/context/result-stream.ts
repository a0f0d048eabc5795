import type { QueryResult } from 'kysely'

type Chunks<R> = AsyncGenerator<QueryResult<R>, void>

/** The results of one statement, chunk by chunk. Whoever ends the lease or the transaction can close it under its reader (C4, C7). */
export class ResultStream<R = unknown> implements AsyncIterableIterator<QueryResult<R>> {
  readonly #chunks: Chunks<R>
  #closedBy: Error | undefined

  constructor(chunks: (stream: ResultStream<R>) => Chunks<R>) {
    this.#chunks = chunks(this)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<QueryResult<R>>> {
    this.assertOpen()
    const result = await this.#chunks.next()
    this.assertOpen()
    return result
  }

  async return(): Promise<IteratorResult<QueryResult<R>>> {
    await this.#chunks.return()
    return { done: true, value: undefined }
  }

  /** Closes the stream; its reader gets `reason` instead of the next row. */
  async close(reason: Error): Promise<void> {
    this.#closedBy ??= reason
    await this.#chunks.return()
  }

  /** @throws whatever it was closed with */
  assertOpen(): void {
    if (this.#closedBy) throw this.#closedBy
  }
}
