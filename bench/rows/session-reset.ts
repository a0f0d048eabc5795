import { CompiledQuery, sql } from 'kysely'
import { createContainer, DbContext } from 'mayfly'
import { mysql } from 'mayfly/mysql2'
import { mysqlEngine } from '../engines/mysql.js'
import type { BenchServer, Candidate, Row } from '../row.js'

/** A scope that sends two statements on one connection, of which the second may change the session. */
function scopeOf({ url }: BenchServer, second: string): Candidate {
  const container = createContainer().addDbContext('shop', DbContext, { dialect: mysql(url) })
  return {
    async run() {
      const scope = container.createScope()
      const db = scope.cradle.shop
      const connection = await db.openConnection()
      await db.kysely.executeQuery(CompiledQuery.raw('select 1'))
      await sql.raw(second).execute(db.kysely)
      await connection[Symbol.asyncDispose]()
      await scope.dispose()
    },
    end: () => container.dispose(),
  }
}

/** What it costs to make a session new after a statement that changed it. */
export const row: Row = {
  title: 'a connection whose session was changed',
  engine: mysqlEngine,
  limit: 'two queries',
  budgets: {},
  candidates: {
    'two queries': server => scopeOf(server, 'select 2'),
    'a query and set @a = 1': server => scopeOf(server, 'set @a = 1'),
  },
}
