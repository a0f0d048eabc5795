import type {
  AbortableOperationOptions,
  CompiledQuery,
  ConnectionProvider,
  DatabaseConnection,
  QueryResult,
} from 'kysely'
import { CallOff } from '../connection/call-off.js'
import type { LeaseHandle } from './lease-handle.js'

/** What Kysely takes for a connection is the lease: same guard, same transaction, same end. */
export class LeaseConnection implements DatabaseConnection, ConnectionProvider {
  readonly executeQuery: DatabaseConnection['executeQuery']
  readonly streamQuery: DatabaseConnection['streamQuery']
  readonly #handle: LeaseHandle

  constructor(handle: LeaseHandle) {
    this.#handle = handle
    this.executeQuery = query => handle.query(query)
    this.streamQuery = (query, chunkSize) => handle.stream(query, chunkSize)
  }

  provideConnection<R>(
    consumer: (connection: DatabaseConnection) => Promise<R>,
    { signal }: AbortableOperationOptions = {},
  ): Promise<R> {
    return consumer(signal ? new AbortableLeaseConnection(this.#handle, signal) : this)
  }
}

/**
 * The same for one statement with a signal. Kysely itself throws the reason of the signal, at once, and then nobody waits for the
 * statement: one that was not sent is not sent any more, and one that runs goes on, so that its context is busy, unless Kysely was told to
 * cancel it. Cancelling closes its connection, as a command timeout does.
 */
class AbortableLeaseConnection implements DatabaseConnection {
  readonly #handle: LeaseHandle
  readonly #callOff: CallOff

  constructor(handle: LeaseHandle, signal: AbortSignal) {
    this.#handle = handle
    this.#callOff = new CallOff(signal)
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    try {
      return await this.#handle.query<R>(query, { callOff: this.#callOff })
    } catch (error) {
      this.#throwIfHeard(error)
      return { rows: [] }
    }
  }

  /** Kysely has no word for it, so an abort always closes the connection of a stream that waits for rows: it could be used for nothing else. */
  async *streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncGenerator<QueryResult<R>> {
    const { signal } = this.#callOff
    const cut = () => this.#callOff.cut()
    signal.addEventListener('abort', cut)
    try {
      yield* this.#handle.stream<R>(query, chunkSize, { callOff: this.#callOff })
    } catch (error) {
      this.#throwIfHeard(error)
    } finally {
      signal.removeEventListener('abort', cut)
    }
  }

  cancelQuery(): Promise<void> {
    this.#callOff.cut()
    return Promise.resolve()
  }

  killSession(): Promise<void> {
    return this.cancelQuery()
  }

  /** After an abort Kysely prints what comes to the console. */
  #throwIfHeard(error: unknown): void {
    if (!this.#callOff.signal.aborted) throw error
  }
}
