import { expect } from 'chai'
import { Kysely } from 'kysely'
import { createContainer, DatabaseError, DbContext, isMayflyError, runInScope } from 'mayfly'
import { postgres } from 'mayfly/postgres'
import {
  canStartPostgres,
  postgresSkipped,
  startPostgresServer,
} from '../../support/postgres-run.js'
import type { PostgresServer } from '../../support/postgres-server.js'

interface Database {
  pairs: { job: number; half: number }
}

class Pairs extends DbContext<Database> {
  readonly pairs = this.set('pairs', { key: 'job' })
}

const WORKERS = 8
const RESTARTS = 3
/** How much is done before each end of the server (transactions). */
const LOAD = 60

describe('postgres, killed and started again under load', function () {
  this.timeout(120_000)
  let server: PostgresServer

  before(async function () {
    if (postgresSkipped || !(await canStartPostgres())) this.skip()
    server = await startPostgresServer()
  })
  after(() => server?.stop())

  it('X4, T6: no place is lost, nothing acknowledged is lost, and nothing is half written', async () => {
    const uncaught: unknown[] = []
    const note = (error: unknown) => uncaught.push(error)
    process.on('uncaughtException', note).on('unhandledRejection', note)
    const direct = new Kysely<Database>({ dialect: postgres(server.url) })
    await direct.schema
      .createTable('pairs')
      .addColumn('job', 'integer', column => column.notNull())
      .addColumn('half', 'integer', column => column.notNull())
      .execute()
    const container = createContainer().addDbContext('db', Pairs, {
      dialect: postgres(server.url, { max: 4 }),
    })
    const acknowledged = new Set<number>()
    const refused = new Set<number>()
    const strange: unknown[] = []
    let jobs = 0
    let isOver = false

    const work = async (): Promise<void> => {
      while (!isOver) {
        const job = ++jobs
        try {
          await runInScope(container, ({ cradle: { db } }) =>
            db.transaction(async () => {
              for (const half of [1, 2])
                await db.kysely.insertInto('pairs').values({ job, half }).execute()
              await db.pairs.where('job', '=', job).toList()
            }),
          )
          acknowledged.add(job)
        } catch (error) {
          if (!isMayflyError(error)) strange.push(error)
          // The answer to this commit was lost, so it may be either.
          else if (error.code !== 'MAYFLY_COMMIT_UNCERTAIN') refused.add(job)
          if (error instanceof DatabaseError && error.kind === 'other') strange.push(error)
        }
      }
    }
    const enough = async (count: number): Promise<void> => {
      while (acknowledged.size < count) await new Promise(setImmediate)
    }

    const workers = Array.from({ length: WORKERS }, work)
    for (let i = 0; i < RESTARTS; i++) {
      await enough(acknowledged.size + LOAD)
      await server.kill()
      await server.start()
    }
    await enough(acknowledged.size + LOAD)
    isOver = true
    await Promise.all(workers)

    const rows = await direct.selectFrom('pairs').select('job').execute()
    const halves = Map.groupBy(rows, ({ job }) => job)
    expect([...halves].filter(([, found]) => found.length !== 2)).to.deep.equal([])
    expect([...acknowledged].filter(job => !halves.has(job))).to.deep.equal([])
    expect([...refused].filter(job => halves.has(job))).to.deep.equal([])
    expect(strange).to.deep.equal([])
    expect(uncaught).to.deep.equal([])
    // All four places work, at the same time.
    await Promise.all(
      Array.from({ length: 4 }, () =>
        runInScope(container, async ({ cradle: { db } }) => {
          await using _ = await db.openConnection()
          await db.pairs.any()
        }),
      ),
    )
    expect(container.stats().gates).to.have.length(1)
    expect(container.stats().gates[0]).to.include({ inUse: 0, waiting: 0 })
    await container.dispose()
    await direct.destroy()
    process.off('uncaughtException', note).off('unhandledRejection', note)
  })
})
