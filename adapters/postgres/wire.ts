import type { TransactionState } from '../../lib/connection/driver.js'
import { removeFrom } from '../../lib/support/remove-from.js'
import type { RawClient } from './client.js'
import { postgresConnectionClosed } from './errors.js'
import { isServerError } from './failure.js'
import { RowStream, type Cursor } from './row-stream.js'
import { Statement, type StatementConfig, type StatementResult } from './statement.js'

type Fail = (error: Error) => void

/** What the server says that it is ready in: nothing, a transaction, or one that has failed. */
type Status = 'I' | 'T' | 'E'

const STATES: Readonly<Record<Status, TransactionState>> = { I: 'none', T: 'open', E: 'failed' }

/** A statement that the server may go on with after nobody waits for it any more. */
export interface Running {
  readonly text: string
  /** Whether its answer has not come to its end, and still can. */
  readonly runs: boolean
  /** Resolves when that has changed. */
  readonly ended: Promise<void>
}

/**
 * A physical connection as promises that always settle, and that settle with an error only when the
 * server has said what became of the transaction: pg tells an error before that.
 */
export class Wire {
  readonly #raw: RawClient
  /** How to fail what waits for an answer. Mostly one at a time. */
  readonly #pending: Fail[] = []
  /** Errors of the server that are told when it is ready again. */
  readonly #refused: { readonly error: Error; readonly fail: Fail }[] = []
  #status: Status
  /** How many statements were sent whose end the server has not said. */
  #running = 0
  /** What was sent last. */
  #text = ''
  #closed = false
  #ended = false
  #onIdle: (() => void) | undefined

  constructor(raw: RawClient) {
    this.#raw = raw
    this.#status = raw.getTransactionStatus() ?? 'I'
    raw.connection.on('readyForQuery', ({ status }: { status: Status }) => this.#ready(status))
    raw.on('error', error => this.#lose(error))
    raw.on('end', () => this.#lose(postgresConnectionClosed()))
  }

  /** As of the server's last word. */
  get transactionState(): TransactionState {
    return STATES[this.#status]
  }

  /** Whether nothing waits for an answer, and an answer can come. */
  get ready(): boolean {
    return !this.#closed && this.#running === 0
  }

  query<T>(
    config: StatementConfig,
    forgotten: readonly string[],
    read: (result: StatementResult) => T,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      // pg would send it after what is being cancelled.
      if (this.#closed) return reject(postgresConnectionClosed())
      this.#pending.push(reject)
      this.#running++
      this.#text = config.text
      const statement = new Statement(config, forgotten, (error, result) => {
        if (error) this.#fail(error, reject)
        // Only the first answer counts.
        else if (removeFrom(this.#pending, reject)) resolve(read(result))
      })
      this.#raw.query(statement as never)
    })
  }

  /** Starts a statement whose rows are taken part by part. */
  stream(cursor: Cursor, text: string): RowStream {
    if (this.#closed) throw postgresConnectionClosed()
    this.#running++
    this.#text = text
    this.#raw.query(cursor)
    return new RowStream(cursor, work => this.#answer(work))
  }

  /** Waits for what somebody else has sent. */
  drained(): Promise<void> {
    return this.#answer(done => this.#raw.once('drain', () => done(undefined, undefined)))
  }

  /** Gives the connection back to its pool. */
  release(): void {
    this.#raw.release()
  }

  /** Fails what is pending, at once, and takes nothing more. The socket stays until {@link end}. */
  abandon(): Running | undefined {
    const runs = this.#running > 0 && !this.#closed
    const running = runs ? this.#awaitEnd() : undefined
    this.#closed = true
    this.#failPending(postgresConnectionClosed())
    return running
  }

  /** Takes the connection out of its pool and closes its socket. */
  end(): void {
    this.#closed = true
    if (!this.#ended) this.#raw.release(true)
    this.#ended = true
    this.#raw.connection.stream.destroy()
  }

  #awaitEnd(): Running {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#onIdle = resolve
    const isRunning = (): boolean => this.#onIdle !== undefined
    return {
      get runs() {
        return isRunning()
      },
      text: this.#text,
      ended: promise,
    }
  }

  #answer<T>(work: (done: (error: Error | undefined, value: T) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(postgresConnectionClosed())
      this.#pending.push(reject)
      work((error, value) => {
        if (error) this.#fail(error, reject)
        else if (removeFrom(this.#pending, reject)) resolve(value)
      })
    })
  }

  #fail(error: Error, fail: Fail): void {
    if (this.#running > 0 && !this.#closed && isServerError(error))
      this.#refused.push({ error, fail })
    else if (removeFrom(this.#pending, fail)) fail(error)
  }

  #ready(status: Status): void {
    this.#status = status
    if (this.#running > 0) this.#running--
    this.#tellRefused()
    if (this.#running === 0) this.#idle()
  }

  #idle(): void {
    this.#onIdle?.()
    this.#onIdle = undefined
  }

  #lose(error: Error): void {
    this.#closed = true
    this.#failPending(error)
    this.#idle()
  }

  #failPending(error: Error): void {
    this.#tellRefused()
    for (const fail of this.#pending.splice(0)) fail(error)
  }

  #tellRefused(): void {
    for (const { error, fail } of this.#refused.splice(0))
      if (removeFrom(this.#pending, fail)) fail(error)
  }
}
