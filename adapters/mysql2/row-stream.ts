import type { Readable } from 'node:stream'
import type { FieldPacket, Query, ResultSetHeader } from 'mysql2'

/** What rows still need when they have been read. */
export type Finish = (rows: readonly unknown[], columns: readonly FieldPacket[]) => void

/**
 * The rows of a running statement, in chunks, with the socket held back while nobody takes them.
 */
export class RowStream {
  /** Resolves when nothing of the answer is left on the wire, or the connection is gone. */
  readonly drained: Promise<void>
  readonly #rows: Readable
  readonly #chunkSize: number
  readonly #onClosed: () => void
  #finished = false
  #header: ResultSetHeader | undefined
  #noteDrained!: () => void
  readonly #finish: Finish | undefined
  #columns: readonly FieldPacket[] = []

  constructor(command: Query, chunkSize: number, onClosed: () => void, finish?: Finish) {
    this.drained = new Promise(resolve => (this.#noteDrained = resolve))
    this.#chunkSize = chunkSize
    this.#onClosed = onClosed
    this.#finish = finish
    if (finish) command.on('fields', (columns: FieldPacket[]) => (this.#columns = columns))
    command.once('end', () => {
      this.#finished = true
      this.#noteDrained()
    })
    // After the stream below has let go, an error that nobody hears would end the process.
    command.on('error', () => {})
    this.#rows = command.stream({ highWaterMark: chunkSize })
  }

  /** Whether the answer was received to its end. */
  get finished(): boolean {
    return this.#finished
  }

  /** What ends a statement without rows, or a CALL. */
  get header(): ResultSetHeader | undefined {
    return this.#header
  }

  async *chunks<R>(): AsyncGenerator<R[], void> {
    let chunk: R[] = []
    for await (const row of this.#rows) {
      if (Object.getPrototypeOf(row) !== Object.prototype) {
        this.#header = row as ResultSetHeader
        continue
      }
      chunk.push(row as R)
      if (chunk.length < this.#chunkSize) continue
      this.#finish?.(chunk, this.#columns)
      yield chunk
      chunk = []
    }
    this.#finish?.(chunk, this.#columns)
    if (chunk.length > 0) yield chunk
  }

  /** Whoever reads gets the error, at once. */
  fail(error: Error): void {
    this.#rows.destroy(error)
    this.#noteDrained()
  }

  /** The reader is done with the answer, whether or not all of it was read. */
  close(): void {
    this.#onClosed()
  }
}
