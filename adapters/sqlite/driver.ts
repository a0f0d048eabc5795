import type { DatabaseSync } from 'node:sqlite'
import {
  CompiledQuery,
  TRANSACTION_ACCESS_MODES,
  type DatabaseConnection,
  type TransactionSettings,
} from 'kysely'
import type { DatabaseFailure, MayflyDriver } from '../../lib/connection/driver.js'
import { TableColumns } from '../../lib/connection/table-columns.js'
import { invalidTransactionSettings } from '../../lib/errors.js'
import { settledWithin } from '../../lib/support/settled-within.js'
import { sqliteClosed } from './errors.js'
import { classify } from './classify.js'
import { columnFault } from './column-affinity.js'
import { SqliteConnection } from './connection.js'
import { openAnchor } from './memory.js'
import { StatementTexts } from './statement.js'
import type { SqliteTarget } from './target.js'

/** How long the end of a driver waits for statements that run (ms). */
const CLOSE_TIMEOUT = 5_000

/**
 * A small pool of connections. Those that are idle are reused, the last one first; the gate in front limits how many
 * are out.
 */
export class SqliteDriver implements MayflyDriver {
  readonly #target: SqliteTarget
  readonly #texts = new StatementTexts()
  readonly #tables = new TableColumns(columnFault)
  readonly #open = new Set<SqliteConnection>()
  readonly #idle: SqliteConnection[] = []
  /** Threads that were told to end, and have not yet. */
  #ending = 0
  /** Who waits for the end of one, or for an idle connection. */
  readonly #wakers: (() => void)[] = []
  #anchor: DatabaseSync | undefined
  #closed: Promise<void> | undefined

  constructor(target: SqliteTarget) {
    this.#target = target
  }

  /** @throws InvalidArgumentError for `:memory:` where Node is too old for it (before 22.15). */
  async init(): Promise<void> {
    if (this.#target.inMemory) this.#anchor ??= openAnchor(this.#target.location)
  }

  /**
   * Waits while the threads that have not ended yet are as many as there may be connections.
   * @throws SqliteError when the file does not open; DatabaseError after `destroy`.
   */
  async acquireConnection(): Promise<SqliteConnection> {
    while (this.#mustWait()) await new Promise<void>(resolve => this.#wakers.push(resolve))
    if (this.#closed) throw sqliteClosed(this.#target.name)
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      if (!idle.lost) return idle
      this.#open.delete(idle)
    }
    const connection = new SqliteConnection(this.#target, this.#texts, this.#tables)
    this.#open.add(connection)
    try {
      await connection.opened()
      return connection
    } catch (error) {
      this.#open.delete(connection)
      throw error
    }
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    const own = ours(connection)
    if (own.isDirty) await own.reset()
    this.#idle.push(own)
    this.#wake()
  }

  async resetConnection(connection: DatabaseConnection): Promise<void> {
    await ours(connection).reset()
  }

  /** Resolves when the thread has ended, which waits for the end of a statement that SQLite is executing. */
  async destroyConnection(connection: DatabaseConnection): Promise<void> {
    const own = ours(connection)
    this.#open.delete(own)
    if (this.#idle.includes(own)) this.#idle.splice(this.#idle.indexOf(own), 1)
    this.#ending++
    await own.destroy()
    this.#ending--
    this.#wake()
  }

  /** A writing transaction takes its lock at once: one that reads first could not get it later without a conflict. */
  async beginTransaction(
    connection: DatabaseConnection,
    { accessMode }: TransactionSettings,
  ): Promise<void> {
    if (accessMode !== undefined && !TRANSACTION_ACCESS_MODES.includes(accessMode))
      throw invalidTransactionSettings('accessMode', TRANSACTION_ACCESS_MODES)
    if (accessMode !== 'read only') return run(connection, 'begin immediate')
    await run(connection, 'begin')
    await ours(connection).setQueryOnly(true)
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await run(connection, 'commit')
    await ours(connection).setQueryOnly(false)
  }

  /** Sends nothing when SQLite has rolled back by itself, as it does when the disk is full. */
  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (ours(connection).transactionState !== 'none') await run(connection, 'rollback')
    await ours(connection).setQueryOnly(false)
  }

  async savepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await run(connection, `savepoint ${quoted(name)}`)
  }

  async rollbackToSavepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await run(connection, `rollback to ${quoted(name)}`)
  }

  async releaseSavepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await run(connection, `release ${quoted(name)}`)
  }

  /**
   * Closes every connection, and with the last one an in-memory database. One whose statement does not end in time is left to its
   * thread.
   */
  destroy(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  classifyError(error: unknown): DatabaseFailure | undefined {
    return classify(error)
  }

  /** A thread whose statement goes on takes the place of a new one. */
  #mustWait(): boolean {
    if (this.#ending === 0 || this.#idle.length > 0 || this.#closed) return false
    return this.#open.size + this.#ending >= this.#target.maxConnections
  }

  #wake(): void {
    if (this.#wakers.length > 0) for (const wake of this.#wakers.splice(0)) wake()
  }

  async #close(): Promise<void> {
    // One after the other: the last one to close a file in WAL mode tidies up, and two at once may each think they are not it.
    const deadline = performance.now() + CLOSE_TIMEOUT
    for (const connection of this.#open) {
      const closed = connection.close()
      if (await settledWithin(closed, deadline - performance.now())) continue
      void connection.destroy()
    }
    this.#open.clear()
    this.#idle.length = 0
    this.#wake()
    this.#anchor?.close()
  }
}

function ours(connection: DatabaseConnection): SqliteConnection {
  return connection as SqliteConnection
}

async function run(connection: DatabaseConnection, sql: string): Promise<void> {
  await connection.executeQuery(CompiledQuery.raw(sql))
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
