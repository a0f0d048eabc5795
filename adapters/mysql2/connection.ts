import type { QueryResult } from 'kysely'
import type { ConnectionOptions, FieldPacket, QueryOptions, ResultSetHeader } from 'mysql2'
import type {
  MayflyConnection,
  MayflyQuery,
  TransactionState,
} from '../../lib/connection/driver.js'
import { mysqlConnectionNotClean } from './errors.js'
import { endsConnection, isServerError, isUnpreparable } from './failure.js'
import type { Orphan } from './orphan.js'
import { LARGE, sizeOf, type PacketLimit } from './packet-limit.js'
import { bound, checkCount, inlined } from './parameters.js'
import { readingsFor, type Reading, type Readings } from './reading.js'
import { headerOf, resultOf, type Reply } from './reply.js'
import type { RowStream } from './row-stream.js'
import { ServerStatus } from './server-status.js'
import type { SessionSettings } from './session-settings.js'
import { SessionState } from './session-state.js'
import type { StatementText, StatementTexts } from './statement-texts.js'
import { mustStayText } from './text-protocol.js'
import type { RawConnection } from './raw-connection.js'
import { Wire } from './wire.js'

/**
 * The one wrapper of a physical connection: which way a statement goes, whether a transaction is
 * open, and whether the session is as it was.
 */
export class MysqlConnection implements MayflyConnection {
  readonly #wire: Wire
  readonly #texts: StatementTexts
  readonly #status = new ServerStatus()
  readonly #config: ConnectionOptions
  readonly #readings: Readings
  readonly #escape: (value: unknown) => string
  readonly #settings: SessionSettings
  readonly #session: SessionState
  readonly #limit: PacketLimit
  /** The server ends it, or has become another one than it was; nobody else must get it. */
  #isSpent = false

  constructor(
    raw: RawConnection,
    texts: StatementTexts,
    settings: SessionSettings,
    limit: PacketLimit,
  ) {
    this.#wire = new Wire(raw)
    this.#texts = texts
    this.#settings = settings
    this.#session = new SessionState(raw, settings)
    this.#limit = limit
    this.#config = raw.config
    this.#readings = readingsFor(raw.config)
    this.#escape = value => raw.escape(value)
  }

  /**
   * As of the server's last answer; after an error that may have ended a transaction the server is
   * asked.
   */
  get transactionState(): TransactionState {
    return this.#status.inTransaction ? 'open' : 'none'
  }

  /** As far as the words of statements and the server's answers tell. */
  get hasChangedSession(): boolean {
    return this.#session.isChanged
  }

  /**
   * Rejects with InvalidArgumentError for a value that MySQL cannot store; nothing is sent then.
   * Every query of an application comes this way: it makes one promise and awaits nothing.
   */
  executeQuery<R>(query: MayflyQuery): Promise<QueryResult<R>> {
    const { sql, parameters } = query
    try {
      const reading = this.#readingOf(query)
      const text = this.#texts.get(sql)
      checkCount(sql, text.placeholders, parameters)
      this.#session.note(text.sessionEffect)
      const inlinable = this.#isInlinable(text, parameters)
      // A statement prepared before `use` would still ask the database of then.
      if (inlinable && (text.route !== 'prepared' || this.#session.isElsewhere))
        return this.#sendText(text, sql, parameters, reading)
      const size = sizeOf(parameters)
      if (size < LARGE) return this.#execute(text, sql, parameters, inlinable, reading)
      return this.#limit
        .check(this, size, sql)
        .then(() => this.#execute(text, sql, parameters, inlinable, reading))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Rows in chunks of `chunkSize`, read from the socket only as fast as they are taken. A loop that
   * is left early leaves rows on the wire: outside of a transaction the connection is destroyed;
   * inside, the rest is read and thrown away, because a transaction ends with its connection.
   */
  async *streamQuery<R>(
    query: MayflyQuery,
    chunkSize: number,
  ): AsyncGenerator<QueryResult<R>, void> {
    const rows = this.#openStream(query, chunkSize)
    try {
      for await (const chunk of rows.chunks<R>()) yield { rows: chunk }
      this.#note(rows.header, rows.header ?? [], undefined)
    } catch (error) {
      await this.#rethrow(error)
    } finally {
      if (!rows.finished && this.#status.inTransaction) await rows.drained
      rows.close()
      if (!rows.finished) this.destroy()
    }
  }

  /**
   * Sends a statement of the driver's own.
   * @param timeout How long its answer may take (ms).
   */
  async command(sql: string, timeout?: number): Promise<void> {
    const options = { ...this.#readings.own.text, sql, ...(timeout && { timeout }) }
    await this.#wire.query(options, this.#read, async error => {
      this.#noteError(error)
      throw error
    })
  }

  /** Whether nothing runs on it, and something could, for anybody. */
  get ready(): boolean {
    return this.#wire.ready && !this.#isSpent
  }

  /** Gives the connection back to its pool. */
  release(): void {
    this.#wire.release()
  }

  /** Sends Mayfly's own settings, which are no change of the session. */
  async setUp(sql: string, timeout?: number): Promise<void> {
    await this.command(sql, timeout)
    this.#session.settle()
  }

  /** Makes the session as good as a new one, or rejects. */
  async reset(): Promise<void> {
    if (!this.ready) throw mysqlConnectionNotClean()
    if (this.hasChangedSession) await this.#renew()
    else if (this.#status.inTransaction) await this.command('rollback')
    if (this.#status.inTransaction) throw mysqlConnectionNotClean()
  }

  /**
   * Closes the socket at once; what is pending rejects, and is returned if the server may go on
   * with it.
   */
  destroy(): Orphan | undefined {
    return this.#wire.destroy()
  }

  readonly #read = (reply: Reply, columns: FieldPacket[] | undefined): QueryResult<any> => {
    this.#note(headerOf(reply, columns), reply, columns)
    return resultOf(reply)
  }

  #note(
    header: ResultSetHeader | undefined,
    reply: Reply,
    columns: FieldPacket[] | undefined,
  ): void {
    if (header) this.#status.note(header.serverStatus)
    else this.#status.noteRows()
    this.#session.noteReply(header, reply, columns)
  }

  async #renew(): Promise<void> {
    const { afterReset } = this.#session
    if (!afterReset || !(await this.#settings.mayReset(this))) throw mysqlConnectionNotClean()
    await this.#wire.reset()
    for (const sql of afterReset) await this.setUp(sql)
  }

  #execute<R>(
    text: StatementText,
    sql: string,
    parameters: readonly unknown[],
    inlinable: boolean,
    reading: Reading,
  ): Promise<QueryResult<R>> {
    const options = preparable(sql, reading)
    return this.#wire.execute(options, bound(sql, parameters), this.#read, error => {
      if (!inlinable || !isUnpreparable(error)) return this.#rethrow(error)
      text.route = 'text'
      return this.#sendText(text, sql, parameters, reading)
    })
  }

  #sendText<R>(
    text: StatementText,
    sql: string,
    parameters: readonly unknown[],
    reading: Reading,
  ): Promise<QueryResult<R>> {
    const options = { ...reading.text, sql: inlined(sql, parameters, this.#escape) }
    const read = (reply: Reply, columns: FieldPacket[] | undefined): QueryResult<R> => {
      if (text.route === 'new')
        text.route = mustStayText(columns, this.#config) ? 'text' : 'prepared'
      return this.#read(reply, columns)
    }
    if (options.sql.length < LARGE) return this.#wire.query(options, read, this.#rethrow)
    return this.#limit
      .check(this, Buffer.byteLength(options.sql), sql)
      .then(() => this.#wire.query(options, read, this.#rethrow))
  }

  #openStream(query: MayflyQuery, chunkSize: number): RowStream {
    const { sql, parameters } = query
    const reading = this.#readingOf(query)
    const text = this.#texts.get(sql)
    checkCount(sql, text.placeholders, parameters)
    this.#session.note(text.sessionEffect)
    if (this.#isInlinable(text, parameters)) {
      const options = { ...reading.text, sql: inlined(sql, parameters, this.#escape) }
      return this.#wire.stream(chunkSize, raw => raw.query(options))
    }
    const values = bound(sql, parameters)
    return this.#wire.stream(chunkSize, raw =>
      raw.execute(preparable(sql, reading) as string, values),
    )
  }

  /**
   * Whether values may be written into the text: each `?` in it is a placeholder, and escaping is
   * safe.
   */
  #isInlinable(text: StatementText, parameters: readonly unknown[]): boolean {
    if (parameters.length === 0) return true
    return text.placeholders === parameters.length && this.#status.backslashEscapes
  }

  #readingOf({ ours, ofSet }: MayflyQuery): Reading {
    return ours || ofSet ? this.#readings.ofSet : this.#readings.own
  }

  #noteError(error: unknown): void {
    if (endsConnection(error)) this.#isSpent = true
  }

  /**
   * An error may have ended the transaction (a deadlock), and DDL commits it even when it fails
   * then: only the server knows. It is asked before anybody hears of the error.
   */
  readonly #rethrow = async (error: unknown): Promise<never> => {
    this.#noteError(error)
    if (isServerError(error) && (this.#status.inTransaction || !this.#status.autocommit)) {
      try {
        await this.command('do 0')
      } catch {
        // The connection is gone; whoever uses it next is told.
      }
    }
    throw error
  }
}

function preparable(sql: string, { prepared }: Reading): string | QueryOptions {
  return prepared === undefined ? sql : { sql, ...prepared }
}
