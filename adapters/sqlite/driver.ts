import type { DatabaseSync } from 'node:sqlite'
import { CompiledQuery, type DatabaseConnection, type TransactionSettings } from 'kysely'
import type { DatabaseFailure, MayflyDriver } from '../../lib/connection/driver.js'
import { invalidTransactionSettings } from '../../lib/errors.js'
import { sqliteClosed } from './errors.js'
import { classify } from './classify.js'
import { SqliteConnection } from './connection.js'
import { openAnchor } from './memory.js'
import type { SqliteTarget } from './target.js'

const ACCESS_MODES: readonly unknown[] = [undefined, 'read only', 'read write']

/**
 * A small pool of connections. Those that are idle are reused, the last one first; the gate in front limits how many
 * are out.
 */
export class SqliteDriver implements MayflyDriver {
  readonly #target: SqliteTarget
  readonly #open = new Set<SqliteConnection>()
  readonly #idle: SqliteConnection[] = []
  #anchor: DatabaseSync | undefined
  #closed: Promise<void> | undefined

  constructor(target: SqliteTarget) {
    this.#target = target
  }

  /** @throws InvalidArgumentError for `:memory:` where Node is too old for it (before 22.15). */
  async init(): Promise<void> {
    if (this.#target.inMemory) this.#anchor ??= openAnchor(this.#target.location)
  }

  /** @throws SqliteError when the file does not open; DatabaseError after `destroy`. */
  async acquireConnection(): Promise<SqliteConnection> {
    if (this.#closed) throw sqliteClosed(this.#target.name)
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      if (!idle.lost) return idle
      this.#open.delete(idle)
    }
    const connection = new SqliteConnection(this.#target)
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
    if (own.altered) await own.reset()
    this.#idle.push(own)
  }

  async resetConnection(connection: DatabaseConnection): Promise<void> {
    await ours(connection).reset()
  }

  /** Resolves when the thread has ended, which waits for the end of a statement that SQLite is executing. */
  async destroyConnection(connection: DatabaseConnection): Promise<void> {
    const own = ours(connection)
    this.#open.delete(own)
    if (this.#idle.includes(own)) this.#idle.splice(this.#idle.indexOf(own), 1)
    await own.destroy()
  }

  /** A writing transaction takes its lock at once: one that reads first could not get it later without a conflict. */
  async beginTransaction(
    connection: DatabaseConnection,
    { accessMode }: TransactionSettings,
  ): Promise<void> {
    if (!ACCESS_MODES.includes(accessMode))
      throw invalidTransactionSettings('accessMode', ['read only', 'read write'])
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

  /** Closes every connection, and with the last one an in-memory database. */
  destroy(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  classifyError(error: unknown): DatabaseFailure | undefined {
    return classify(error)
  }

  async #close(): Promise<void> {
    // One after the other: the last one to close a file in WAL mode tidies up, and two at once may each think they are not it.
    for (const connection of this.#open) await connection.close()
    this.#open.clear()
    this.#idle.length = 0
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
