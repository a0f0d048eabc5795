import type PgCursor from 'pg-cursor'
import { postgresCursorMissing } from './errors.js'

export type Cursor = PgCursor<any>

type Answer = <T>(work: (done: (error: Error | undefined, value: T) => void) => void) => Promise<T>

/** The rows of a running statement, which stay on the server until they are asked for. */
export class RowStream {
  readonly #cursor: Cursor
  readonly #answer: Answer
  #isOpen = true

  constructor(cursor: Cursor, answer: Answer) {
    this.#cursor = cursor
    this.#answer = answer
  }

  /** The next rows; none at the end. */
  async read<R>(rows: number): Promise<R[]> {
    try {
      const chunk = await this.#answer<R[]>(done => this.#cursor.read(rows, done))
      if (chunk.length === 0) this.#isOpen = false
      return chunk
    } catch (error) {
      // The server has closed it, and would not answer to another close.
      this.#isOpen = false
      throw error
    }
  }

  /** Has the server throw away what was not read. */
  async close(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    await this.#answer<void>(done => this.#cursor.close(error => done(error, undefined)))
  }
}

/** @throws DatabaseError that says what to install */
export async function cursorClass(): Promise<typeof PgCursor> {
  try {
    return (await import('pg-cursor')).default
  } catch (error) {
    throw postgresCursorMissing(error)
  }
}
