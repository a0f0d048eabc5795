import { CompiledQuery, type QueryResult } from 'kysely'
import type { MayflyConnection, MayflyDriver } from 'mayfly'
import { postgres, type PostgresOptions } from 'mayfly/postgres'
import { expectServer } from '../../support/expected-servers.js'
import {
  createPostgresDatabase,
  postgresServers,
  postgresSkipped,
  type PostgresDatabase,
} from '../../support/postgres-run.js'

/** A fresh database for the tests of one `describe`, and what they open on it. */
export interface Fixture {
  readonly url: string
  /** A driver that is closed after the test. */
  driver(options?: PostgresOptions): MayflyDriver
  /** A connection of a driver of its own. */
  connect(options?: PostgresOptions): Promise<Connected>
}

/** A connection with its driver, and shorthands for what tests do with it. */
export interface Connected {
  readonly driver: MayflyDriver
  readonly connection: MayflyConnection
  run(sql: string, ...parameters: unknown[]): Promise<QueryResult<any>>
  rows(sql: string, ...parameters: unknown[]): Promise<any[]>
}

/** To be called inside of `describe`. */
export function useDatabase(prefix: string): Fixture {
  if (postgresServers[0]) expectServer(postgresServers[0])
  let database: PostgresDatabase
  let open: MayflyDriver[] = []
  const driver = (options?: PostgresOptions): MayflyDriver => {
    const made = postgres(database.url, options).createDriver()
    open.push(made)
    return made
  }
  before(async function () {
    if (postgresSkipped) this.skip()
    this.timeout(120_000)
    database = await createPostgresDatabase(prefix)
  })
  afterEach(async () => {
    const drivers = open
    open = []
    await Promise.all(drivers.map(made => made.destroy()))
  })
  after(async () => {
    if (!postgresSkipped) await database.drop()
  })
  return {
    get url() {
      return database.url
    },
    driver,
    async connect(options) {
      const made = driver(options)
      await made.init()
      return connected(made, await made.acquireConnection())
    },
  }
}

export function connected(driver: MayflyDriver, connection: MayflyConnection): Connected {
  const run = (sql: string, ...parameters: unknown[]): Promise<QueryResult<any>> =>
    connection.executeQuery(CompiledQuery.raw(sql, parameters))
  return {
    driver,
    connection,
    run,
    rows: async (sql, ...parameters) => (await run(sql, ...parameters)).rows,
  }
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

/** The server's id of a connection, to end it by. */
export async function idOf({ rows }: Connected): Promise<number> {
  return (await rows('select pg_backend_pid() as id'))[0].id
}

/** Resolves when the server runs a statement of that connection. */
export async function isRunning(observer: Connected, id: number): Promise<void> {
  const text = "select 1 from pg_stat_activity where pid = $1 and state = 'active'"
  while ((await observer.rows(text, id)).length === 0) {
    // It is on its way.
  }
}
