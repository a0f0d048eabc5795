import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import { sql, type Kysely } from 'kysely'
import { DatabaseError, type Container, type MayflyDialect } from 'mayfly'
import { sqlite } from 'mayfly/sqlite'
import { settledWithin } from '../../lib/support/settled-within.js'
import { databases, type TestDatabase } from '../support/databases.js'
import { logged, type ConnectionLog } from '../support/logged-dialect.js'
import { calmPrograms } from './calm-programs.js'
import { Interpreter } from './interpreter.js'
import type { RowsDatabase } from './place.js'
import { OperationWatch } from './operation-watch.js'
import { runs, seed } from './parameters.js'
import { programs, type Program } from './program.js'
import { mayOverlap, rowsContainer } from './rows-container.js'

const HISTORIES = Number(process.env['MAYFLY_REAL_HISTORIES'] ?? 80)
/** What no history needs, however slow the machine is (ms). */
const PATIENCE = 20_000
/** How long a context waits for a connection, or for SQLite's lock, that somebody may hold who waits for it (ms). */
const IMPATIENCE = 50

/** An application that serves one history after the other, as long as it keeps its promises. */
interface Served extends ReturnType<typeof rowsContainer> {
  readonly log: ConnectionLog
}

for (const { name, family, open, dialect: usualDialect } of databases) {
  const dialectOf = (url: string): MayflyDialect =>
    family === 'sqlite'
      ? sqlite(url, { busyTimeout: IMPATIENCE, pragmas: { synchronous: 'off' } })
      : usualDialect(url)

  describe(`random histories (${name})`, function () {
    this.timeout(600_000)
    const rejections: unknown[] = []
    const onRejection = (reason: unknown) => rejections.push(reason)
    const applications = new Map<number, Served>()
    let database: TestDatabase
    let direct: Kysely<{ rows: RowsDatabase['rows'] }>

    before(async () => {
      process.on('unhandledRejection', onRejection)
      database = await open()
      if (name === 'MySQL') await levelOfNewSessions('READ COMMITTED')
      direct = database.direct.withTables<{ rows: RowsDatabase['rows'] }>()
      await direct.schema
        .createTable('rows')
        .addColumn('key', 'integer', key => key.primaryKey())
        .execute()
    })
    after(async () => {
      for (const { container } of applications.values()) await container.dispose()
      if (name === 'MySQL') await levelOfNewSessions('REPEATABLE READ')
      await database.close()
      process.off('unhandledRejection', onRejection)
    })

    it(`${HISTORIES} of them keep every promise (seed ${seed})`, () =>
      fc.assert(
        fc.asyncProperty(programs, async program => {
          await happen(program, IMPATIENCE)
        }),
        runs(HISTORIES),
      ))

    it(`${HISTORIES} calm ones are refused nothing, and keep nothing (seed ${seed})`, () =>
      fc.assert(
        fc.asyncProperty(calmPrograms, async program => {
          await happen(program, PATIENCE, async (container, interpreter) => [
            // X1: a scoped context holds nothing between operations.
            ...(await connectionsOut(container)),
            ...interpreter.refusals
              .filter(error => !isOfSqlite(error))
              .map(error => `refused: ${String(error)}`),
          ])
        }),
        runs(HISTORIES),
      ))

    /**
     * MySQL's own level keeps the gap locks of a savepoint that was rolled back, so that contexts of one scope would wait for each other;
     * MariaDB's does not.
     */
    async function levelOfNewSessions(level: string): Promise<void> {
      await sql.raw(`set global transaction isolation level ${level}`).execute(database.direct)
    }

    /** @throws what was wrong */
    async function happen(
      program: Program,
      acquireTimeout: number,
      checkAtRest?: (container: Container<any>, interpreter: Interpreter) => Promise<string[]>,
    ): Promise<void> {
      await direct.deleteFrom('rows').execute()
      const { container, log, checkDisposals } = applicationOf(program.connections, acquireTimeout)
      log.clear()
      // A turn that is long enough for a statement or two.
      const interpreter = new Interpreter(container, () => delay(1))
      const watch = new OperationWatch(mayOverlap)
      const wrong: string[] = []
      await watch.during(async () => {
        const running = interpreter.run(program, async () => {
          if (checkAtRest) wrong.push(...(await checkAtRest(container, interpreter)))
        })
        if (!(await settledWithin(running, PATIENCE))) wrong.push('something never settled')
        wrong.push(...(await connectionsOut(container)), ...leasesOut(container))
      })
      const rows = await direct.selectFrom('rows').select('key').execute()
      wrong.push(
        ...log.strays.map(line => `${line} on a connection that was given back`),
        ...(log.out.size > 0 ? [`${log.out.size} connections are still out`] : []),
        ...interpreter.check(new Set(rows.map(({ key }) => key))),
        ...watch.violations,
        ...rejections.splice(0).map(reason => `an unhandled rejection: ${String(reason)}`),
        ...checkDisposals(),
      )
      if (wrong.length === 0) return
      applications.delete(program.connections)
      await container.dispose().catch(() => {})
      throw new Error([...wrong, ...log.lines].join('\n'))
    }

    function applicationOf(maxConnections: number, acquireTimeout: number): Served {
      let application = applications.get(maxConnections)
      if (!application) {
        const { dialect, log } = logged(dialectOf(database.url))
        const gate = { maxConnections, acquireTimeout }
        application = { ...rowsContainer({ dialect, gate }), log }
        applications.set(maxConnections, application)
      }
      return application
    }
  })
}

/** One writer at a time: a second context that writes inside a transaction of the first can only fail. */
function isOfSqlite(error: unknown): boolean {
  return error instanceof DatabaseError && error.kind === 'lockTimeout'
}

/** A connection is given back after the answer to its statement, so its return may be on its way. */
async function connectionsOut(container: Container<any>): Promise<string[]> {
  const busy = () =>
    container.stats().gates.filter(({ inUse, waiting }) => inUse > 0 || waiting > 0)
  const since = performance.now()
  while (busy().length > 0 && performance.now() - since < PATIENCE) await delay(1)
  return busy().map(
    ({ inUse, waiting }) => `${inUse} connections are kept, ${waiting} are waited for`,
  )
}

function leasesOut(container: Container<any>): string[] {
  return Object.entries(container.stats().contexts)
    .filter(([, { leased }]) => leased > 0)
    .map(([context, { leased }]) => `${leased} leases of ${context} have no end`)
}
