import { sql } from 'kysely'
import { createContainer, DbContext } from 'mayfly'
import type { Engine } from '../engine.js'
import type { BenchServer, Candidate, Row } from '../row.js'

class BenchContext extends DbContext<Record<string, never>> {}

/** Three queries of which the slowest waits 30 ms on the server. */
const WAITS = [0.03, 0.025, 0.02]

function candidate(
  engine: Engine,
  { url }: BenchServer,
  run: (shop: Factory) => Promise<unknown>,
): Candidate {
  const container = createContainer()
    .addDbContext('shop', BenchContext, { dialect: engine.mayfly(url) })
    .addDbContextFactory('shop')
  return { run: () => run(container.cradle.shopFactory), end: () => container.dispose() }
}

type Factory = {
  use<R>(work: (db: BenchContext) => Promise<R>): Promise<R>
  parallel(work: readonly ((db: BenchContext) => Promise<unknown>)[]): Promise<unknown>
}

export function dashboardRow(engine: Engine): Row {
  const wait = (seconds: number) => (db: BenchContext) =>
    sql`select ${sql.raw(engine.sleep)}(${seconds})`.execute(db.kysely)
  return {
    title: `${engine.name}: dashboard of three queries that wait (30, 25 and 20 ms)`,
    engine,
    limit: 'the slowest alone',
    budgets: { parallel: [{ of: 'time', most: 1.15 }] },
    candidates: {
      'the slowest alone': server =>
        candidate(engine, server, factory => factory.use(wait(WAITS[0]!))),
      parallel: server => candidate(engine, server, factory => factory.parallel(WAITS.map(wait))),
      sequential: server =>
        candidate(engine, server, factory =>
          factory.use(async db => {
            for (const seconds of WAITS) await wait(seconds)(db)
          }),
        ),
    },
  }
}
