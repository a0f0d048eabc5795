import type { ExecuteValues, FieldPacket, Query, QueryError, QueryOptions } from 'mysql2'
import { mysqlConnectionClosed } from './errors.js'
import { removeFrom } from '../../lib/support/remove-from.js'
import type { Orphan } from './orphan.js'
import type { RawConnection } from './raw-connection.js'
import type { Reply } from './reply.js'
import type { Reading } from './reading.js'
import { RowStream, type Finish } from './row-stream.js'
import { readThrough } from './text-protocol.js'
import type { Times } from './times.js'

type Read<T> = (reply: Reply, columns: FieldPacket[] | undefined) => T
type Recover<T> = (error: QueryError) => Promise<T>
type Done = (error: QueryError | null, reply: any, columns: FieldPacket[] | undefined) => void
type Fail = (error: Error) => void

/**
 * A physical connection as promises that always settle. mysql2 forgets a running statement when its
 * connection is destroyed, and a running stream when its connection is lost.
 */
export class Wire {
  readonly #raw: RawConnection
  /** How to fail what waits for an answer: mostly one at a time. */
  readonly #pending: Fail[] = []
  #closed = false
  /** How much had been sent when it was given back to its pool (bytes). */
  #sent = 0

  constructor(raw: RawConnection) {
    this.#raw = raw
    raw.on('end', () => (this.#closed = true))
    raw.on('error', error => this.#lose(error))
  }

  /** Whether nothing waits for an answer, and an answer can come. */
  get ready(): boolean {
    return !this.#closed && this.#pending.length === 0
  }

  /** Sends a statement as text. @param reading what its values are read through where that is needed */
  query<T>(
    sent: QueryOptions | string,
    { cast, times }: Pick<Reading, 'cast' | 'times'>,
    read: Read<T>,
    recover?: Recover<T>,
  ): Promise<T> {
    const send = (done: Done) => readThrough(this.#raw.query(sent as string, done), cast)
    return this.#answer(send, times, read, recover)
  }

  /** Runs a statement that is prepared on the server. */
  execute<T>(
    options: QueryOptions | string,
    values: ExecuteValues[],
    times: Times | undefined,
    read: Read<T>,
    recover: Recover<T>,
  ): Promise<T> {
    const send = (done: Done) => this.#raw.execute(options as string, values, done)
    return this.#answer(send, times, read, recover)
  }

  /** Starts a statement whose rows are taken one by one. @param finish what its rows still need */
  stream(chunkSize: number, start: (raw: RawConnection) => Query, finish?: Finish): RowStream {
    const fail: Fail = error => rows.fail(error)
    const onClosed = () => void removeFrom(this.#pending, fail)
    const rows = new RowStream(start(this.#raw), chunkSize, onClosed, finish)
    if (this.#closed) fail(mysqlConnectionClosed())
    else this.#pending.push(fail)
    return rows
  }

  /** Has the server forget the session's state; mysql2 forgets its prepared statements with it. */
  reset(): Promise<void> {
    return this.#answer(
      done => this.#raw.reset(error => done(error, [], undefined)),
      undefined,
      () => undefined,
    )
  }

  /** Gives the connection back to its pool. */
  release(): void {
    this.#sent = this.#raw.stream.bytesWritten
    this.#raw.release()
  }

  /** Whether anything was sent since it was given back to its pool. */
  get wasUsed(): boolean {
    return this.#raw.stream.bytesWritten !== this.#sent
  }

  /** Closes the socket at once and fails what is pending, which the server may go on with. */
  destroy(): Orphan | undefined {
    const busy = !this.#closed && this.#pending.length > 0
    const { localPort: port, remoteAddress: server } = this.#raw.stream
    const orphan = { id: this.#raw.threadId, port, server }
    this.#raw.destroy()
    this.#raw.stream.destroy()
    this.#lose(mysqlConnectionClosed())
    return busy ? orphan : undefined
  }

  #answer<T>(
    send: (done: Done) => Query | void,
    times: Times | undefined,
    read: Read<T>,
    recover?: Recover<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#pending.push(reject)
      const command = send((error, reply, columns) => {
        // Only the first answer counts.
        if (!removeFrom(this.#pending, reject)) return
        if (error === null) {
          times?.read(reply, columns)
          resolve(read(reply, columns))
        } else if (recover) resolve(recover(error))
        else reject(error)
      })
      if (command) times?.watch(command)
    })
  }

  #lose(error: Error): void {
    this.#closed = true
    for (const fail of this.#pending.splice(0)) fail(error)
  }
}
