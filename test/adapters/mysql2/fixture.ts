import { channel } from 'node:diagnostics_channel'
import { CompiledQuery, type QueryResult } from 'kysely'
import type { MayflyConnection, MayflyDriver, MayflyQuery } from 'mayfly'
import { mysql, type MysqlOptions } from 'mayfly/mysql2'
import { expectServer } from '../../support/expected-servers.js'
import {
  createDatabase,
  mysqlServers,
  mysqlSkipped,
  type TestDatabase,
} from '../../support/mysql-run.js'

/** A fresh database for the tests of one `describe`, and what they open on it. */
export interface Fixture {
  readonly url: string
  /** A driver that is closed after the test. */
  driver(options?: MysqlOptions): MayflyDriver
  /** A connection of a driver of its own. */
  connect(options?: MysqlOptions): Promise<Connected>
}

/** A connection with its driver, and shorthands for what tests do with it. */
export interface Connected {
  readonly driver: MayflyDriver
  readonly connection: MayflyConnection
  run(sql: string, ...parameters: unknown[]): Promise<QueryResult<any>>
  rows(sql: string, ...parameters: unknown[]): Promise<any[]>
  /** The rows of a statement of Mayfly's own. */
  ours(sql: string, ...parameters: unknown[]): Promise<any[]>
}

/** To be called inside of `describe`. */
export function useDatabase(prefix: string): Fixture {
  if (mysqlServers[0]) expectServer(mysqlServers[0])
  let database: TestDatabase
  let open: MayflyDriver[] = []
  const driver = (options?: MysqlOptions): MayflyDriver => {
    const made = mysql(database.url, options).createDriver()
    open.push(made)
    return made
  }
  before(async function () {
    if (mysqlSkipped) this.skip()
    database = await createDatabase(prefix)
  })
  afterEach(async () => {
    const drivers = open
    open = []
    await Promise.all(drivers.map(made => made.destroy()))
  })
  after(() => database?.drop())
  return {
    get url() {
      return database.url
    },
    driver,
    connect: options => connectTo(driver(options)),
  }
}

/** Takes a connection of a driver. */
export async function connectTo(driver: MayflyDriver): Promise<Connected> {
  const connection: MayflyConnection = await driver.acquireConnection()
  const run = (sql: string, ...parameters: unknown[]): Promise<QueryResult<any>> =>
    connection.executeQuery(CompiledQuery.raw(sql, parameters))
  const rows = async (sql: string, ...parameters: unknown[]): Promise<any[]> =>
    (await run(sql, ...parameters)).rows
  const ours = async (sql: string, ...parameters: unknown[]): Promise<any[]> =>
    (await connection.executeQuery<any>(oursOf(sql, parameters))).rows
  return { driver, connection, run, rows, ours }
}

/** A statement as Mayfly's sets make it. */
export function oursOf(sql: string, parameters: readonly unknown[] = []): MayflyQuery {
  return { ...CompiledQuery.raw(sql, [...parameters]), ours: true }
}

/**
 * What mysql2 sends while `work` runs: `query: ...` for text, `execute: ...` for prepared
 * statements.
 */
export async function sentDuring(work: () => Promise<unknown>): Promise<string[]> {
  const sent: string[] = []
  const onQuery = (event: unknown): void =>
    void sent.push(`query: ${(event as { query: string }).query}`)
  const onExecute = (event: unknown): void =>
    void sent.push(`execute: ${(event as { query: string }).query}`)
  const queries = channel('tracing:mysql2:query:start')
  const executes = channel('tracing:mysql2:execute:start')
  queries.subscribe(onQuery)
  executes.subscribe(onExecute)
  try {
    await work()
  } finally {
    queries.unsubscribe(onQuery)
    executes.unsubscribe(onExecute)
  }
  return sent
}

/** The error that a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<Error & Record<string, any>> {
  return promise.then(
    () => {
      throw new Error('It should have failed.')
    },
    (error: Error & Record<string, any>) => error,
  )
}

/** The server's id of a connection, to kill it by. */
export async function idOf({ rows }: Connected): Promise<number> {
  return (await rows('select connection_id() as id'))[0].id
}

/** Resolves when the server has begun with a statement of that connection. */
export async function isRunning(observer: Connected, id: number): Promise<void> {
  for (;;) {
    const rows = await observer.rows(
      'select info from information_schema.processlist where id = ?',
      id,
    )
    if (rows[0]?.info) return
  }
}
