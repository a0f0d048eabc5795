import type { QueryResult } from 'kysely'
import type { FieldPacket, ResultSetHeader } from 'mysql2'
import type {
  MayflyConnection,
  MayflyQuery,
  TransactionState,
} from '../../lib/connection/driver.js'
import { isPrepared, type Prepare } from '../../lib/connection/prepare.js'
import { asText } from './binary-values.js'
import { mysqlConnectionNotClean } from './errors.js'
import type { MysqlTables } from './column-kinds.js'
import { endsConnection, isNotPrepared, isServerError, isUnpreparable, tidy } from './failure.js'
import type { Orphan } from './orphan.js'
import { LARGE, sizeOf, type PacketLimit } from './packet-limit.js'
import { bound, checkCount } from './parameters.js'
import {
  preparable,
  readingsFor,
  sendableText,
  streamed,
  type Reading,
  type Readings,
} from './reading.js'
import { headerOf, isMultiple, resultOf, type Reply } from './reply.js'
import type { RowStream } from './row-stream.js'
import { ServerStatus } from './server-status.js'
import type { SessionSettings } from './session-settings.js'
import { SessionState } from './session-state.js'
import type { StatementText, StatementTexts } from './statement-texts.js'
import { TextForm } from './text-form.js'
import { readThrough } from './text-protocol.js'
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
  readonly #isMariadb: boolean
  readonly #readings: Readings
  readonly #text: TextForm
  readonly #prepare: Prepare
  readonly #settings: SessionSettings
  readonly #tables: MysqlTables
  readonly #session: SessionState
  readonly #limit: PacketLimit
  /** The server ends it, or has become another one than it was; nobody else must get it. */
  #isSpent = false

  constructor(
    raw: RawConnection,
    texts: StatementTexts,
    settings: SessionSettings,
    limit: PacketLimit,
    prepare: Prepare,
    tables: MysqlTables,
  ) {
    this.#wire = new Wire(raw)
    this.#texts = texts
    this.#settings = settings
    this.#session = new SessionState(raw, settings)
    this.#limit = limit
    this.#isMariadb = raw._isMariaDB === true
    this.#readings = readingsFor(raw.config)
    this.#text = new TextForm(raw, this.#session.escaping)
    this.#prepare = prepare
    this.#tables = tables
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
    const { stores } = query
    return stores && !this.#tables.isRight(stores)
      ? this.#tables.compare(stores, this.#run).then(() => this.#run<R>(query))
      : this.#run<R>(query)
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
    const { sql, parameters, stores } = query
    if (stores && !this.#tables.isRight(stores)) await this.#tables.compare(stores, this.#run)
    const text = this.#admit(query)
    if (this.#goesPrepared(query, text)) {
      const values = bound(sql, parameters)
      const reading = this.#readingOf(query)
      const options = preparable(sql, reading)
      const execute = (raw: RawConnection) =>
        streamed(raw.execute(options as string, values), reading)
      try {
        return yield* this.#chunks<R>(this.#wire.stream(chunkSize, execute, asText))
      } catch (error) {
        // Nothing has been read then.
        if (!this.#mayGoAsText(text, error)) throw error
      }
    }
    if (this.#text.mustAsk(query, text)) await this.#session.escaping.ask(this)
    const reading = this.#readingOf(query)
    const sent = sendableText(this.#text.of(query, text), reading)
    const send = (raw: RawConnection) =>
      streamed(readThrough(raw.query(sent as string), reading.cast), reading)
    yield* this.#chunks<R>(this.#wire.stream(chunkSize, send))
  }

  /**
   * Sends a statement of the driver's own.
   * @param timeout How long its answer may take (ms).
   */
  async command(sql: string, timeout?: number): Promise<void> {
    const { own } = this.#readings
    await this.#wire.query(sendableText(sql, own, timeout), own, this.#read, async error => {
      this.#noteError(error)
      throw error
    })
  }

  /** Whether nothing runs on it, and something could, for anybody. */
  get ready(): boolean {
    return this.#wire.ready && !this.#isSpent
  }

  /** Whether whoever else has its pool has used it since it was given back. */
  get wasUsed(): boolean {
    return this.#wire.wasUsed
  }

  /** Takes it from somebody else, who may have changed its session and left a transaction open: only the server knows. */
  async adopt(): Promise<void> {
    await this.setUp('do 0')
    await this.reset()
  }

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

  readonly #run = <R>(query: MayflyQuery): Promise<QueryResult<R>> => {
    try {
      const text = this.#admit(query)
      return this.#goesPrepared(query, text)
        ? this.#execute(query, text)
        : this.#sendText(query, text)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  readonly #read = (reply: Reply, columns: FieldPacket[] | undefined): QueryResult<any> => {
    this.#note(headerOf(reply, columns), reply, columns)
    return resultOf(reply)
  }

  readonly #readPrepared = (reply: Reply, columns: FieldPacket[] | undefined): QueryResult<any> => {
    if (columns && Array.isArray(reply) && !isMultiple(columns)) asText(reply, columns)
    return this.#read(reply, columns)
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

  #admit({ sql, parameters }: MayflyQuery): StatementText {
    const text = this.#texts.get(sql)
    checkCount(sql, text, parameters)
    this.#session.escaping.check(sql)
    this.#session.note(text.sessionEffect)
    return text
  }

  /**
   * Whether a statement is prepared: by who made it, and where its values cannot be written into its
   * text. One prepared before `use` would still ask the database of then; and one that changes the
   * session is seldom one that can be prepared.
   */
  #goesPrepared(
    query: MayflyQuery,
    { parts, neverPrepared, sessionEffect }: StatementText,
  ): boolean {
    if (!parts) return query.parameters.length > 0
    if (neverPrepared || sessionEffect !== 'none' || this.#session.isElsewhere) return false
    return isPrepared(this.#prepare, query)
  }

  #execute<R>(query: MayflyQuery, text: StatementText): Promise<QueryResult<R>> {
    const { sql, parameters } = query
    const values = bound(sql, parameters)
    const recover = (error: unknown): Promise<QueryResult<R>> =>
      this.#mayGoAsText(text, error) ? this.#sendText(query, text) : this.#rethrow(error)
    const reading = this.#readingOf(query)
    const options = preparable(sql, reading)
    const send = () =>
      this.#wire.execute(options, values, reading.times, this.#readPrepared, recover)
    const size = sizeOf(parameters)
    return size < LARGE ? send() : this.#limit.check(this, size, sql).then(send)
  }

  #sendText<R>(query: MayflyQuery, text: StatementText): Promise<QueryResult<R>> {
    if (this.#text.mustAsk(query, text))
      return this.#session.escaping.ask(this).then(() => this.#sendText(query, text))
    const reading = this.#readingOf(query)
    const sql = this.#text.of(query, text)
    const send = () =>
      this.#wire.query(sendableText(sql, reading), reading, this.#read, this.#rethrow)
    if (sql.length < LARGE) return send()
    return this.#limit.check(this, Buffer.byteLength(sql), query.sql).then(send)
  }

  /** Whether a statement that the server did not prepare can be sent as text instead. */
  #mayGoAsText(text: StatementText, error: unknown): boolean {
    if (isUnpreparable(error)) text.neverPrepared = true
    return text.parts !== undefined && isNotPrepared(error)
  }

  async *#chunks<R>(rows: RowStream): AsyncGenerator<QueryResult<R>, void> {
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

  #readingOf({ ours, ofSet }: MayflyQuery): Reading {
    return ours || ofSet ? this.#readings.ofSet : this.#readings.own
  }

  #noteError(error: unknown): void {
    tidy(error, this.#isMariadb)
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
