import { sql } from 'kysely'
import { createContainer, DbContext, runInScope } from 'mayfly'
import { mysql } from 'mayfly/mysql2'
import { mysqlEngine } from '../engines/mysql.js'
import type { BenchServer, Candidate, Row } from '../row.js'

class BenchContext extends DbContext<Record<string, never>> {}

const wait = (db: BenchContext) => sql`select sleep(0.002)`.execute(db.kysely)

/** 20 requests of one query each on a gate of 10, alone or beside one request that asks for 50 at once; an operation is the slowest of the 20. */
function candidate({ url }: BenchServer, isCrowded: boolean): Candidate {
  const container = createContainer()
    .addDbContext('shop', BenchContext, { dialect: mysql(url), gate: { maxConnections: 10 } })
    .addDbContextFactory('shop')
  const one = () => runInScope(container, ({ cradle }) => wait(cradle.shop))
  const crowd = () =>
    runInScope(container, ({ cradle }) =>
      cradle.shopFactory.parallel(Array.from({ length: 50 }, () => wait)),
    )
  return {
    async drive(duration) {
      const end = performance.now() + duration
      let rounds = 0
      while (performance.now() < end) {
        const crowded = isCrowded ? crowd() : undefined
        await Promise.all(Array.from({ length: 20 }, one))
        rounds++
        await crowded
      }
      return rounds
    },
    async slowest() {
      const times: number[] = []
      for (let round = 0; round < 30; round++) {
        const crowded = isCrowded ? crowd() : undefined
        await Promise.all(
          Array.from({ length: 20 }, async () => {
            const start = performance.now()
            await one()
            times.push(performance.now() - start)
          }),
        )
        await crowded
      }
      return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)]!
    },
    end: () => container.dispose(),
  }
}

export const row: Row = {
  title:
    '20 requests of one query of 2 ms, 10 connections: p99 beside one request with parallel of 50',
  engine: mysqlEngine,
  limit: 'alone',
  budgets: {},
  candidates: {
    alone: server => candidate(server, false),
    'beside parallel of 50': server => candidate(server, true),
  },
}
