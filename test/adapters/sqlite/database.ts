import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CompiledQuery } from 'kysely'
import { sqlite, type SqliteOptions } from '../../../adapters/sqlite/index.js'
import type { SqliteConnection } from '../../../adapters/sqlite/connection.js'
import type { SqliteDriver } from '../../../adapters/sqlite/driver.js'

/** An own folder for one test's database; `await using` closes the driver and removes the folder. */
export class TestDatabase implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'mayfly-sqlite-'))
  readonly file = join(this.folder, 'test.db')
  readonly target: string
  readonly driver: SqliteDriver

  constructor(target?: ':memory:', options?: SqliteOptions) {
    this.target = target ?? this.file
    this.driver = sqlite(this.target, options).createDriver() as SqliteDriver
  }

  static async create(target?: ':memory:', options?: SqliteOptions): Promise<TestDatabase> {
    const database = new TestDatabase(target, options)
    await database.driver.init()
    return database
  }

  connect(): Promise<SqliteConnection> {
    return this.driver.acquireConnection()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.driver.destroy()
    rmSync(this.folder, { recursive: true })
  }
}

export type Row = Record<string, unknown>

export function run(connection: SqliteConnection, sql: string, ...parameters: unknown[]) {
  return connection.executeQuery<Row>(CompiledQuery.raw(sql, parameters))
}

export function stream(connection: SqliteConnection, sql: string, chunkSize: number) {
  return connection.streamQuery<Row>(CompiledQuery.raw(sql), chunkSize)
}

export async function rows(connection: SqliteConnection, sql: string, ...parameters: unknown[]) {
  return (await run(connection, sql, ...parameters)).rows
}
