import {
  TRANSACTION_ACCESS_MODES,
  TRANSACTION_ISOLATION_LEVELS,
  type DatabaseConnection,
  type TransactionSettings,
} from 'kysely'
import type { Pool, PoolConnection } from 'mysql2'
import type { DatabaseFailure, MayflyDriver } from '../../lib/connection/driver.js'
import { invalidTransactionSettings } from '../../lib/errors.js'
import { settledWithin } from '../../lib/support/settled-within.js'
import { mysqlPoolEnded } from './errors.js'
import { MysqlTables } from './column-kinds.js'
import { MysqlConnection } from './connection.js'
import { openControl } from './control.js'
import { classify, tidy } from './failure.js'
import { Orphans } from './orphan.js'
import { PacketLimit } from './packet-limit.js'
import { SessionSettings } from './session-settings.js'
import { StatementTexts } from './statement-texts.js'
import type { PoolSource } from './target.js'
import type { RawConnection } from './raw-connection.js'

/** How long the end of a driver waits for what is being killed (ms). */
const ORPHANS_TIMEOUT = 5_000

/** `snapshot` is SQL Server's. */
const ISOLATION_LEVELS = TRANSACTION_ISOLATION_LEVELS.filter(level => level !== 'snapshot')

/** mysql2's pool for Mayfly. The pool is made by the first connection. */
export class MysqlDriver implements MayflyDriver {
  readonly #source: PoolSource
  readonly #texts = new StatementTexts()
  readonly #settings: SessionSettings
  readonly #limit = new PacketLimit()
  readonly #tables = new MysqlTables()
  readonly #connections = new WeakMap<PoolConnection, MysqlConnection>()
  readonly #connectErrors = new WeakSet<object>()
  #orphans: Orphans | undefined
  #pool: Pool | undefined
  #ended = false

  constructor(source: PoolSource) {
    this.#source = source
    this.#settings = new SessionSettings(source)
  }

  async init(): Promise<void> {}

  /**
   * @throws DatabaseError when the pool was ended; mysql2's own errors, see `classifyError`, when
   * no connection opens.
   */
  acquireConnection(): Promise<MysqlConnection> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(mysqlPoolEnded(this.#source.owned))
      this.#pool ??= this.#source.open()
      this.#pool.getConnection((error, raw) => {
        if (error) reject(this.#connectError(error))
        else resolve(this.#connectionOf(raw as RawConnection))
      })
    })
  }

  /** One round trip, and one more for an isolation level. */
  async beginTransaction(
    connection: DatabaseConnection,
    settings: TransactionSettings,
  ): Promise<void> {
    const { isolationLevel, accessMode } = settings
    check('isolationLevel', isolationLevel, ISOLATION_LEVELS)
    check('accessMode', accessMode, TRANSACTION_ACCESS_MODES)
    const own = ours(connection)
    if (isolationLevel) await own.command(`set transaction isolation level ${isolationLevel}`)
    try {
      await own.command(accessMode ? `start transaction ${accessMode}` : 'start transaction')
    } catch (error) {
      // The isolation level waits for the next transaction, which would be somebody else's.
      if (isolationLevel) await own.command('rollback').catch(() => own.destroy())
      throw error
    }
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await ours(connection).command('commit')
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await ours(connection).command('rollback')
  }

  async savepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await ours(connection).command(`savepoint ${quoted(name)}`)
  }

  async rollbackToSavepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await ours(connection).command(`rollback to savepoint ${quoted(name)}`)
  }

  async releaseSavepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await ours(connection).command(`release savepoint ${quoted(name)}`)
  }

  /** One that is closed or busy, or whose changed session cannot be made new, is destroyed instead. */
  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    const own = ours(connection)
    if (own.ready && own.hasChangedSession) await own.reset().catch(() => own.destroy())
    if (own.ready) own.release()
    else await this.destroyConnection(connection)
  }

  async resetConnection(connection: DatabaseConnection): Promise<void> {
    await ours(connection).reset()
  }

  /**
   * Resolves at once. A statement that ran on it is killed on the server as soon as that can be
   * reached.
   */
  async destroyConnection(connection: DatabaseConnection): Promise<void> {
    const orphan = ours(connection).destroy()
    if (!orphan || !this.#pool) return
    const pool = this.#pool
    this.#orphans ??= new Orphans(() => openControl(pool))
    void this.#orphans.end(orphan)
  }

  /**
   * Ends the pool, unless it is the caller's. Connections that are busy end after their statement;
   * what is being killed is waited for, but not for ever.
   */
  async destroy(): Promise<void> {
    const pool = this.#pool
    this.#ended = true
    this.#pool = undefined
    if (this.#orphans) await settledWithin(this.#orphans.ended, ORPHANS_TIMEOUT)
    this.#orphans?.stop()
    if (!pool || !this.#source.owned) return
    // mysql2 reports connections that could not say goodbye; they are gone as well.
    await new Promise<void>(resolve => pool.end(() => resolve()))
  }

  classifyError(error: unknown): DatabaseFailure | undefined {
    const connecting = typeof error === 'object' && error !== null && this.#connectErrors.has(error)
    return classify(error, connecting ? this.#source.address : undefined)
  }

  #connectionOf(raw: RawConnection): MysqlConnection | Promise<MysqlConnection> {
    const known = this.#connections.get(raw)
    if (known && !this.#settings.lostOnRelease) {
      // Whoever else has the pool may have left a transaction open, in which all would be lost.
      return this.#source.owned || !known.wasUsed ? known : this.#adopt(known)
    }
    return this.#setUp(raw, known ?? this.#newConnection(raw))
  }

  async #adopt(connection: MysqlConnection): Promise<MysqlConnection> {
    try {
      await connection.adopt()
      return connection
    } catch {
      connection.destroy()
      return this.acquireConnection()
    }
  }

  #newConnection(raw: RawConnection): MysqlConnection {
    return new MysqlConnection(
      raw,
      this.#texts,
      this.#settings,
      this.#limit,
      this.#source.prepare,
      this.#tables,
    )
  }

  /**
   * Prepares a connection for its use; the answer also tells the server's modes, and whether a
   * transaction was left open.
   */
  async #setUp(raw: RawConnection, connection: MysqlConnection): Promise<MysqlConnection> {
    try {
      await this.#settings.tell(connection, raw.config.connectTimeout)
      await connection.reset()
    } catch (error) {
      connection.destroy()
      throw this.#connectError(error as Error)
    }
    this.#connections.set(raw, connection)
    return connection
  }

  #connectError(error: Error): Error {
    if (error.message === 'Pool is closed.') return mysqlPoolEnded(this.#source.owned)
    // Whose server it is was not heard yet.
    tidy(error, true)
    this.#connectErrors.add(error)
    return error
  }
}

function ours(connection: DatabaseConnection): MysqlConnection {
  return connection as MysqlConnection
}

function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

function check(option: string, value: string | undefined, allowed: readonly string[]): void {
  if (value !== undefined && !allowed.includes(value))
    throw invalidTransactionSettings(option, allowed)
}
