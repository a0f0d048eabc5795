import type { QueryResult } from 'kysely'
import type { CustomTypesConfig } from 'pg'
import type {
  MayflyConnection,
  MayflyQuery,
  StoredColumns,
  TransactionState,
} from '../../lib/connection/driver.js'
import type { Prepare } from '../../lib/connection/prepare.js'
import type { TableColumns } from '../../lib/connection/table-columns.js'
import type { RawClient } from './client.js'
import { COLUMN_TYPES, regclassOf } from './column-kinds.js'
import { postgresConnectionNotClean } from './errors.js'
import { hideValues, isReadOnly, isStalePlan } from './failure.js'
import { sendable } from './parameters.js'
import { PreparedNames } from './prepared-names.js'
import { commandOf, resultOf } from './result.js'
import { cursorClass } from './row-stream.js'
import { RESET, SessionState } from './session-state.js'
import type { StatementConfig } from './statement.js'
import type { StatementTexts } from './statement-texts.js'
import { readingsOf, type Readings } from './types.js'
import { Wire, type Running } from './wire.js'

/**
 * The one wrapper of a physical connection: which way a statement goes, whether a transaction is
 * open, and whether the session is as it was.
 */
export class PostgresConnection implements MayflyConnection {
  readonly raw: RawClient
  readonly #wire: Wire
  readonly #texts: StatementTexts
  readonly #tables: TableColumns
  readonly #session: SessionState
  readonly #readings: Readings
  readonly #names = new PreparedNames()
  readonly #prepare: Prepare
  /** Whether a changed session may be made new; else its connection is closed. */
  readonly #mayReset: boolean
  /** The text of the statement that made the transaction fail. */
  #failedSql: string | undefined
  #isReadOnly = false
  /** The server has become another one than it was; nobody else must get it. */
  #isSpent = false
  /** The driver's own statements are never cancelled: a commit may be stored though it is. */
  #isCommand = false

  constructor(
    raw: RawClient,
    texts: StatementTexts,
    tables: TableColumns,
    prepare: Prepare,
    mayReset: boolean,
  ) {
    this.raw = raw
    this.#wire = new Wire(raw)
    this.#texts = texts
    this.#tables = tables
    this.#session = new SessionState(raw)
    this.#readings = readingsOf(raw)
    this.#prepare = prepare
    this.#mayReset = mayReset
  }

  get transactionState(): TransactionState {
    return this.#wire.transactionState
  }

  /** As far as the words of statements and the server's reports tell. */
  get hasChangedSession(): boolean {
    return this.#session.isChanged
  }

  /** The first statement that failed in the transaction that has failed. */
  get failedSql(): string | undefined {
    return this.#failedSql
  }

  /** Whether what runs is a statement of the driver's own. */
  get runsCommand(): boolean {
    return this.#isCommand
  }

  /**
   * Rejects with InvalidArgumentError for a value that PostgreSQL cannot store; nothing is sent then.
   * Every query of an application comes this way: it makes one promise and awaits nothing.
   */
  executeQuery<R>(query: MayflyQuery): Promise<QueryResult<R>> {
    const { stores } = query
    if (stores && !this.#tables.isRight(stores))
      return this.#check(stores).then(() => this.#send<R>(query))
    return this.#send(query)
  }

  #send<R>(query: MayflyQuery): Promise<QueryResult<R>> {
    const { sql, parameters } = query
    try {
      const text = this.#texts.get(sql)
      const values = sendable(sql, parameters)
      this.#session.note(text.sessionEffect)
      if (text.dropsPrepared) this.#names.forgetAll()
      const types = this.#typesFor(query)
      const config = { text: sql, values, types }
      if (this.#isNamed(query)) return this.#execute(text.name, config, true)
      // A text without values is one message, to which nothing can be added.
      const forgotten = values.length === 0 ? [] : this.#names.takeForgotten()
      return this.#wire.query(config, forgotten, resultOf<R>).catch(this.#rethrow(sql))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Rows in chunks of `chunkSize`; what nobody takes stays on the server, and ends with the loop. */
  async *streamQuery<R>(
    query: MayflyQuery,
    chunkSize: number,
  ): AsyncGenerator<QueryResult<R>, void> {
    const { sql, parameters, stores } = query
    const CursorClass = await cursorClass()
    if (stores && !this.#tables.isRight(stores)) await this.#check(stores)
    const { sessionEffect } = this.#texts.get(sql)
    const values = sendable(sql, parameters)
    this.#session.note(sessionEffect)
    const rows = this.#wire.stream(
      new CursorClass(sql, values, { types: this.#typesFor(query) }),
      sql,
    )
    try {
      for (;;) {
        const chunk = await rows.read<R>(chunkSize)
        if (chunk.length === 0) return
        yield { rows: chunk }
      }
    } catch (error) {
      this.#noteError(error, sql)
      throw error
    } finally {
      await rows.close()
    }
  }

  /** Sends a statement of the driver's own. Resolves with what the server says that it was. */
  async command(sql: string): Promise<string> {
    this.#isCommand = true
    try {
      return await this.#wire.query({ text: sql, types: this.#readings.own }, [], ({ tag }) =>
        commandOf(tag),
      )
    } catch (error) {
      this.#noteError(error, sql)
      throw error
    } finally {
      this.#isCommand = false
    }
  }

  /** Whether nothing runs on it, and something could, for anybody. */
  get ready(): boolean {
    return this.#wire.ready && !this.#isSpent
  }

  /** Whether somebody has given it back to its pool with a transaction, or a statement, under way. */
  get isLeft(): boolean {
    return this.transactionState !== 'none' || !this.raw.readyForQuery
  }

  /** Gives the connection back to its pool. */
  release(): void {
    this.#wire.release()
  }

  /** @param readOnly whether it is told to be, so that a refusal to write says nothing of the server */
  async begin(sql: string, readOnly: boolean): Promise<void> {
    this.#isReadOnly = readOnly
    this.#failedSql = undefined
    await this.command(sql)
  }

  /** Waits for what its owner has sent, which is no change of the session. */
  async adopt(): Promise<void> {
    // pg says so of a new connection only after it has handed it out.
    await Promise.resolve()
    if (!this.raw.readyForQuery) await this.#wire.drained()
    this.#session.settle()
    await this.reset()
  }

  /** Makes the session as good as a new one, or rejects. */
  async reset(): Promise<void> {
    if (!this.ready) throw postgresConnectionNotClean()
    if (this.transactionState !== 'none') await this.command('rollback')
    if (this.hasChangedSession) {
      if (!this.#mayReset || !this.#session.isResettable) throw postgresConnectionNotClean()
      await this.command(RESET)
      this.#session.settle()
    }
    if (this.transactionState !== 'none') throw postgresConnectionNotClean()
  }

  /** Fails what is pending, at once, and takes nothing more. */
  abandon(): Running | undefined {
    return this.#wire.abandon()
  }

  /** Closes the socket. */
  end(): void {
    this.#wire.end()
  }

  /** A text without values may be several statements, which cannot be prepared. */
  #isNamed({ ours, parameters }: MayflyQuery): boolean {
    if (this.#prepare === 'ours') return ours === true
    return this.#prepare === 'always' && (ours === true || parameters.length > 0)
  }

  /** Compares a set with its table, once for all connections. */
  #check(stores: StoredColumns): Promise<void> {
    return this.#tables.check(stores, async table => {
      const query = { text: COLUMN_TYPES, values: [regclassOf(table)], types: this.#readings.ofSet }
      const { rows } = await this.#wire
        .query(query, [], resultOf<{ name: string; type: string }>)
        .catch(this.#rethrow(COLUMN_TYPES))
      return new Map(rows.map(({ name, type }) => [name, type]))
    })
  }

  #typesFor({ ours, ofSet }: MayflyQuery): CustomTypesConfig {
    return ours || ofSet ? this.#readings.ofSet : this.#readings.own
  }

  #execute<R>(name: string, config: StatementConfig, mayRepeat: boolean): Promise<QueryResult<R>> {
    const { text, values, types } = config
    const wasIdle = this.transactionState === 'none'
    const prepared = this.#names.use(name)
    return this.#wire
      .query({ text, values, types, prepared }, this.#names.takeForgotten(), resultOf<R>)
      .catch((error: unknown) => {
        if (!isStalePlan(error)) return this.#rethrow(text)(error)
        this.#names.forget(name)
        if (wasIdle && mayRepeat) return this.#execute<R>(name, config, false)
        return this.#rethrow(text)(error)
      })
  }

  #noteError(error: unknown, sql: string): void {
    hideValues(error)
    if (this.transactionState === 'failed') this.#failedSql ??= sql
    if (!this.#isReadOnly && isReadOnly(error)) this.#isSpent = true
  }

  #rethrow(sql: string): (error: unknown) => never {
    return error => {
      this.#noteError(error, sql)
      throw error
    }
  }
}
