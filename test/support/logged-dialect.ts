import type { MayflyConnection, MayflyDialect, MayflyDriver } from 'mayfly'

/** What really happened on the connections of a dialect, in order: `1: begin`, `1: select ...`, `1: release`. */
export interface ConnectionLog {
  readonly lines: string[]
  /** Connections that were handed out and not given back or destroyed. */
  readonly out: Set<MayflyConnection>
  /** Statements that were sent on a connection that was not out at that time (X6). */
  readonly strays: string[]
  clear(): void
  /** Runs before each statement is sent: a test can hold statements back, or fail them. */
  beforeStatement: ((sql: string) => void | Promise<void>) | undefined
}

/** A real dialect whose traffic is written down. Everything is passed on to the real driver. */
export function logged(dialect: MayflyDialect): { dialect: MayflyDialect; log: ConnectionLog } {
  const log = createLog()
  const wrapped: MayflyDialect = {
    ...(dialect.maxConnections === undefined ? {} : { maxConnections: dialect.maxConnections }),
    ...(dialect.values && { values: dialect.values }),
    createAdapter: () => dialect.createAdapter(),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createIntrospector: db => dialect.createIntrospector(db),
    createDriver: () => loggedDriver(dialect.createDriver(), log),
  }
  return { dialect: wrapped, log }
}

function createLog(): ConnectionLog {
  const lines: string[] = []
  const strays: string[] = []
  return {
    lines,
    strays,
    out: new Set(),
    clear() {
      lines.length = 0
    },
    beforeStatement: undefined,
  }
}

function loggedDriver(driver: MayflyDriver, log: ConnectionLog): MayflyDriver {
  const numbers = new WeakMap<MayflyConnection, number>()
  const patched = new WeakSet<MayflyConnection>()
  let count = 0
  const write = (connection: MayflyConnection, what: string) => {
    log.lines.push(`${numbers.get(connection)}: ${what}`)
    if (!log.out.has(connection)) log.strays.push(what)
  }
  /** Connections on which a driver may send its BEGIN as a statement; it is in the log already. */
  const controlled = new WeakSet<MayflyConnection>()
  const passing = async (connection: MayflyConnection, what: string) => {
    if (controlled.has(connection)) return
    await log.beforeStatement?.(what)
    write(connection, what)
  }
  const control = async (connection: MayflyConnection, what: string, send: () => Promise<void>) => {
    await passing(connection, what)
    controlled.add(connection)
    try {
      await send()
    } finally {
      controlled.delete(connection)
    }
  }
  const optional = <K extends 'savepoint' | 'releaseSavepoint' | 'rollbackToSavepoint'>(
    verb: K,
    text: string,
  ) =>
    driver[verb] && {
      [verb]: (connection: MayflyConnection, name: string, compile: never) =>
        control(connection, `${text} ${name}`, () => driver[verb]!(connection, name, compile)),
    }
  return {
    init: options => driver.init(options),
    destroy: options => driver.destroy(options),
    async acquireConnection(options) {
      const connection: MayflyConnection = await driver.acquireConnection(options)
      if (!numbers.has(connection)) numbers.set(connection, ++count)
      if (!patched.has(connection)) {
        patched.add(connection)
        const execute = connection.executeQuery.bind(connection)
        const stream = connection.streamQuery.bind(connection)
        const executeRuns = connection.executeRuns?.bind(connection)
        if (executeRuns)
          connection.executeRuns = async (query, runs) => {
            await passing(connection, `${query.sql}, ${runs.length} times`)
            return executeRuns(query, runs)
          }
        connection.executeQuery = async (query, o) => {
          await passing(connection, query.sql)
          return execute(query, o)
        }
        connection.streamQuery = async function* (query, size, o) {
          await passing(connection, `stream ${query.sql}`)
          yield* stream(query, size, o)
        } as typeof connection.streamQuery
      }
      log.out.add(connection)
      return connection
    },
    beginTransaction(connection, settings) {
      return control(connection, 'begin', () => driver.beginTransaction(connection, settings))
    },
    commitTransaction(connection) {
      return control(connection, 'commit', () => driver.commitTransaction(connection))
    },
    rollbackTransaction(connection) {
      return control(connection, 'rollback', () => driver.rollbackTransaction(connection))
    },
    ...optional('savepoint', 'savepoint'),
    ...optional('releaseSavepoint', 'release savepoint'),
    ...optional('rollbackToSavepoint', 'rollback to'),
    async releaseConnection(connection, options) {
      write(connection, 'release')
      log.out.delete(connection)
      await driver.releaseConnection(connection, options)
    },
    ...(driver.resetConnection && {
      async resetConnection(connection: MayflyConnection) {
        write(connection, 'reset')
        await driver.resetConnection!(connection)
      },
    }),
    ...(driver.destroyConnection && {
      async destroyConnection(connection: MayflyConnection) {
        write(connection, 'destroy')
        log.out.delete(connection)
        await driver.destroyConnection!(connection)
      },
    }),
    ...(driver.classifyError && {
      classifyError: (error: unknown) => driver.classifyError!(error),
    }),
  }
}
