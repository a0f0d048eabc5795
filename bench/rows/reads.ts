import { Kysely, MysqlDialect } from 'kysely'
import { createPool } from 'mysql2/promise'
import { createPool as createCallbackPool } from 'mysql2'
import { createContainer, dateTime, DbContext, decimal } from 'mayfly'
import { mysql } from 'mayfly/mysql2'
import type { BenchServer, Candidate, Row } from '../row.js'
import { ORDERS, type BenchDatabase } from '../schema.js'

class BenchContext extends DbContext<BenchDatabase> {
  readonly orders = this.set('orders', {
    key: 'id',
    columns: { createdAt: dateTime(), amount: decimal({ scale: 2 }) },
  })
}

let next = 0
const anyId = () => (next = (next * 7919 + 13) % ORDERS) + 1

function onPool({ url }: BenchServer, sql: string, parameter: () => number): Candidate {
  const pool = createPool({ uri: url, connectionLimit: 10 })
  return { run: () => pool.execute(sql, [parameter()]), end: () => pool.end() }
}

function onKysely(
  { url }: BenchServer,
  read: (db: Kysely<BenchDatabase>) => Promise<unknown>,
): Candidate {
  const pool = createCallbackPool({ uri: url, connectionLimit: 10 })
  const db = new Kysely<BenchDatabase>({ dialect: new MysqlDialect({ pool }) })
  return { run: () => read(db), end: () => db.destroy() }
}

/** A scope, its context, one query, and its end: what a request does. */
function onMayfly({ url }: BenchServer, read: (db: BenchContext) => Promise<unknown>): Candidate {
  const container = createContainer().addDbContext('shop', BenchContext, { dialect: mysql(url) })
  return {
    async run() {
      const scope = container.createScope()
      await read(scope.cradle.shop)
      await scope.dispose()
    },
    end: () => container.dispose(),
  }
}

const byKey = 'select * from `orders` where `id` = ? limit 1'
const fifty = 'select * from `orders` where `id` > ? order by `id` limit 50'

function findRow(inFlight: number, least: number): Row {
  return {
    title: `find(id) through a scoped context, ${inFlight} in flight`,
    limit: 'mysql2 pool.execute',
    inFlight,
    budgets: { mayfly: [{ of: 'throughput', least }] },
    candidates: {
      'mysql2 pool.execute': server => onPool(server, byKey, anyId),
      kysely: server =>
        onKysely(server, db =>
          db.selectFrom('orders').selectAll().where('id', '=', anyId()).limit(1).executeTakeFirst(),
        ),
      mayfly: server => onMayfly(server, db => db.orders.find(anyId())),
    },
  }
}

function fiftyRow(inFlight: number, least: number): Row {
  return {
    title: `50 rows, no tracking, ${inFlight} in flight`,
    limit: 'mysql2 pool.execute',
    inFlight,
    budgets: { mayfly: [{ of: 'throughput', least }] },
    candidates: {
      'mysql2 pool.execute': server => onPool(server, fifty, () => anyId() % (ORDERS - 50)),
      kysely: server =>
        onKysely(server, db =>
          db
            .selectFrom('orders')
            .selectAll()
            .where('id', '>', anyId() % (ORDERS - 50))
            .orderBy('id')
            .limit(50)
            .execute(),
        ),
      mayfly: server =>
        onMayfly(server, db =>
          db.orders
            .asNoTracking()
            .where('id', '>', anyId() % (ORDERS - 50))
            .orderBy('id')
            .take(50)
            .toList(),
        ),
    },
  }
}

/** What Mayfly remembers outside of production, so that an error can name the lines that it is about. */
function checksRow(): Row {
  const find = (server: BenchServer) => onMayfly(server, db => db.orders.find(anyId()))
  return {
    title: 'cost of the development checks: find(id) through a scoped context',
    limit: 'mayfly',
    inDevelopment: ['mayfly, NODE_ENV=development'],
    budgets: {},
    candidates: { mayfly: find, 'mayfly, NODE_ENV=development': find },
  }
}

export const rows: Row[] = [
  findRow(1, 0.92),
  findRow(10, 0.88),
  fiftyRow(1, 0.95),
  fiftyRow(10, 0.95),
  checksRow(),
]
