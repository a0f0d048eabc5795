import {
  TRANSACTION_ACCESS_MODES,
  TRANSACTION_ISOLATION_LEVELS,
  type DatabaseConnection,
  type TransactionSettings,
} from 'kysely'
import type { Pool, PoolClient } from 'pg'
import type { DatabaseFailure, MayflyDriver } from '../../lib/connection/driver.js'
import { TableColumns } from '../../lib/connection/table-columns.js'
import { invalidTransactionSettings } from '../../lib/errors.js'
import { settledWithin } from '../../lib/support/settled-within.js'
import type { RawClient } from './client.js'
import { columnFault } from './column-kinds.js'
import { PostgresConnection } from './connection.js'
import { postgresPoolEnded, postgresPoolUnusable, postgresTransactionFailed } from './errors.js'
import { classify } from './failure.js'
import { Quarantine } from './quarantine.js'
import { StatementTexts } from './statement-texts.js'
import type { PoolSource } from './target.js'

/** How long the end of a driver waits for its pool (ms). */
const END_TIMEOUT = 5_000

/** `snapshot` is SQL Server's. */
const ISOLATION_LEVELS = TRANSACTION_ISOLATION_LEVELS.filter(level => level !== 'snapshot')

/** pg's pool for Mayfly. The pool is made by the first connection. */
export class PostgresDriver implements MayflyDriver {
  readonly #source: PoolSource
  readonly #texts = new StatementTexts()
  readonly #tables = new TableColumns(columnFault)
  readonly #connections = new WeakMap<PoolClient, PostgresConnection>()
  readonly #connectErrors = new WeakSet<object>()
  /** Those that somebody has. */
  readonly #out = new Set<PostgresConnection>()
  #pool: Pool | undefined
  #quarantine: Quarantine | undefined
  #ended = false

  constructor(source: PoolSource) {
    this.#source = source
  }

  async init(): Promise<void> {}

  /**
   * @throws DatabaseError when the pool was ended; pg's own errors, see `classifyError`, when no
   * connection opens.
   */
  acquireConnection(): Promise<PostgresConnection> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(postgresPoolEnded(this.#source.owned))
      this.#pool ??= this.#open()
      this.#pool.connect((error, raw) => {
        if (error) return reject(this.#connectError(error))
        try {
          resolve(this.#handOut(raw as RawClient))
        } catch (unusable) {
          raw!.release()
          reject(unusable)
        }
      })
    })
  }

  /** One round trip. */
  async beginTransaction(
    connection: DatabaseConnection,
    settings: TransactionSettings,
  ): Promise<void> {
    const { isolationLevel, accessMode } = settings
    check('isolationLevel', isolationLevel, ISOLATION_LEVELS)
    check('accessMode', accessMode, TRANSACTION_ACCESS_MODES)
    const level = isolationLevel ? ` isolation level ${isolationLevel}` : ''
    const mode = accessMode ? ` ${accessMode}` : ''
    await ours(connection).begin(`start transaction${level}${mode}`, accessMode === 'read only')
  }

  /** @throws TransactionStateError where the server has rolled back instead, for which it has no error */
  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    const own = ours(connection)
    if ((await own.command('commit')) === 'ROLLBACK') throw postgresTransactionFailed(own.failedSql)
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

  /** One that is closed or busy, or that cannot be made new, is destroyed instead. */
  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    const own = ours(connection)
    const isDirty = own.hasChangedSession || own.transactionState !== 'none'
    if (own.ready && isDirty && !(await succeeds(own.reset())))
      return this.destroyConnection(connection)
    if (!own.ready) return this.destroyConnection(connection)
    this.#out.delete(own)
    own.release()
  }

  async resetConnection(connection: DatabaseConnection): Promise<void> {
    await ours(connection).reset()
  }

  /**
   * What runs on it rejects at once and is cancelled on the server; the connection is closed when that
   * has ended, or does not end.
   */
  async destroyConnection(connection: DatabaseConnection): Promise<void> {
    const own = ours(connection)
    const running = own.abandon()
    if (running && this.#quarantine) await this.#quarantine.end(own, running)
    this.#out.delete(own)
    own.end()
  }

  /**
   * Ends the pool, unless it is the caller's. Connections that are busy end after their statement, and
   * what is being cancelled is waited for, but neither for ever.
   */
  async destroy(): Promise<void> {
    const pool = this.#pool
    this.#ended = true
    this.#pool = undefined
    await this.#quarantine?.idle()
    if (!pool) return
    pool.off('error', ignore)
    if (!this.#source.owned) return
    pool.on('error', ignore)
    for (const own of this.#out) if (own.ready) own.end()
    if (!(await settledWithin(pool.end(), END_TIMEOUT))) for (const own of this.#out) own.end()
  }

  classifyError(error: unknown): DatabaseFailure | undefined {
    const connecting = typeof error === 'object' && error !== null && this.#connectErrors.has(error)
    return classify(error, connecting ? this.#source.address : undefined)
  }

  /** A connection that breaks while it is idle is dropped by its pool; without a listener the process would end. */
  #open(): Pool {
    const pool = this.#source.open()
    pool.on('error', ignore)
    this.#quarantine = new Quarantine(pool)
    return pool
  }

  #handOut(raw: RawClient): PostgresConnection | Promise<PostgresConnection> {
    const known = this.#connections.get(raw)
    if (known) {
      this.#out.add(known)
      // Whoever else has the pool may have left a transaction open, in which all would be lost.
      return known.isLeft ? this.#adopt(known) : known
    }
    if (!raw.connection)
      throw postgresPoolUnusable('is made of native clients, which do not tell enough')
    const { owned, mayReset, prepare } = this.#source
    const connection = new PostgresConnection(raw, this.#texts, this.#tables, prepare, mayReset)
    this.#connections.set(raw, connection)
    this.#out.add(connection)
    return owned ? connection : this.#adopt(connection)
  }

  /** A connection of the caller's: his own settings may still run on it, or a transaction be open. */
  async #adopt(connection: PostgresConnection): Promise<PostgresConnection> {
    if (await succeeds(connection.adopt())) return connection
    this.#out.delete(connection)
    connection.end()
    return this.acquireConnection()
  }

  #connectError(error: Error): Error {
    if (error.message === 'Cannot use a pool after calling end on the pool')
      return postgresPoolEnded(this.#source.owned)
    this.#connectErrors.add(error)
    return error
  }
}

function ours(connection: DatabaseConnection): PostgresConnection {
  return connection as PostgresConnection
}

function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  )
}

function ignore(): void {}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function check(option: string, value: string | undefined, allowed: readonly string[]): void {
  if (value !== undefined && !allowed.includes(value))
    throw invalidTransactionSettings(option, allowed)
}
