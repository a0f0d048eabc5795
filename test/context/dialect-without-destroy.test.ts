import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import { MysqlDialect, sql } from 'kysely'
import { createPool } from 'mysql2'
import { createContainer, DbContext, runInScope, type Container, type Logger } from 'mayfly'
import { deferred, failure } from '../support/deferred.js'
import { canStartServer, mysqlSkipped, startMysqlServer } from '../support/mysql-run.js'
import type { MysqlServer } from '../support/mysql-server.js'

class BareContext extends DbContext<{ lost_rows: { id: number } }> {}

/** A driver may take its connections back a little later. */
async function allBack(container: Container<any>): Promise<void> {
  while (container.stats().gates[0]!.inUse > 0) await turn()
  expect(container.stats().gates[0]).to.have.property('waiting', 0)
}

const PLACES = 3
const WORKERS = 6

describe("X4: Kysely's own MysqlDialect, which cannot close a connection", () => {
  let server: MysqlServer
  const warnings: string[] = []
  const logger: Logger = { debug() {}, warn: line => void warnings.push(line), error() {} }

  before(async function () {
    if (mysqlSkipped || !(await canStartServer())) this.skip()
    server = await startMysqlServer()
  })
  after(() => server?.stop())

  const open = (options: { commandTimeout?: number } = {}) => {
    const pool = createPool({
      uri: server.url,
      database: 'mysql',
      connectionLimit: PLACES,
    })
    return createContainer({ logger })
      .addDbContext('db', BareContext, {
        dialect: new MysqlDialect({ pool }),
        gate: { maxConnections: PLACES },
        ...options,
      })
      .addDbContextFactory('db')
  }

  it('loses its server three times under load with a gate of three, and goes on', async function () {
    this.timeout(120_000)
    const container = open()
    const told = { works: 0, fails: 0 }
    let running = true
    const work = async (db: BareContext, n: number) => {
      await sql`select ${n}`.execute(db.kysely)
      await db.transaction(async () => {
        await sql`select sleep(0.001)`.execute(db.kysely)
        await sql`select ${n}`.execute(db.kysely)
      })
    }
    const worker = async (n: number) => {
      while (running) {
        try {
          await runInScope(container, ({ cradle }) => work(cradle.db, n))
          told.works++
        } catch {
          told.fails++
        }
        await turn()
      }
    }
    const more = async (what: keyof typeof told) => {
      const enough = told[what] + 2 * WORKERS
      while (told[what] < enough) await turn()
    }
    const workers = Array.from({ length: WORKERS }, (_, n) => worker(n))
    for (let time = 0; time < 3; time++) {
      await more('works')
      await server.kill()
      await more('fails')
      await server.start()
    }
    await more('works')
    running = false
    await Promise.all(workers)

    await allBack(container)
    await container.dispose()
    expect(warnings).to.deep.equal([])
  })

  const ends: Record<string, () => Promise<void> | void> = {
    'answers after all': () => server.thaw(),
    'is killed': async () => {
      await server.kill()
      await server.start()
    },
  }
  for (const [what, end] of Object.entries(ends)) {
    it(`gives up three statements of a server that hangs, and goes on when it ${what}`, async function () {
      this.timeout(60_000)
      const container = open({ commandTimeout: 1000 })
      const { dbFactory } = container.cradle
      const all = Array.from({ length: PLACES }, (_, i) => i)
      const begun = deferred()
      let inside = 0

      const given = dbFactory.parallel(all, db =>
        db.transaction(async () => {
          await sql`select 1`.execute(db.kysely)
          if (++inside === PLACES) {
            server.freeze()
            begun.resolve()
          }
          await begun.promise
          // A server that was told to stop may still answer what is quick.
          await sql`select sleep(2)`.execute(db.kysely)
        }),
      )
      expect(await failure(given)).to.have.property('kind', 'timeout')
      expect(container.stats().gates[0]).to.have.property('inUse', PLACES)
      await end()
      const rows = await dbFactory.parallel(all, db => sql`select 3 as n`.execute(db.kysely))

      expect(rows.map(result => result.rows)).to.deep.equal(all.map(() => [{ n: 3 }]))
      await allBack(container)
      await container.dispose()
      expect(warnings).to.deep.equal([])
    })
  }
})
