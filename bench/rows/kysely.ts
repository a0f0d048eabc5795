import { Kysely, MysqlDialect } from 'kysely'
import { createPool } from 'mysql2'
import { DbContext } from 'mayfly'
import { mysql } from 'mayfly/mysql2'
import type { BenchServer, Candidate, Row } from '../row.js'
import { ORDERS, type BenchDatabase } from '../schema.js'

class BenchContext extends DbContext<BenchDatabase> {}

type Read = (db: Kysely<BenchDatabase>) => Promise<unknown>

let next = 0
let texts = 0
const anyId = () => (next = (next * 7919 + 13) % ORDERS) + 1

/** Both have the pool that Mayfly makes of a URL, and that for all of their queries. */
const poolOf = ({ url }: BenchServer) =>
  createPool({
    uri: url,
    connectionLimit: 10,
    timezone: 'Z',
    supportBigNumbers: true,
    jsonStrings: true,
  })

function onKysely(server: BenchServer, read: Read): Candidate {
  const db = new Kysely<BenchDatabase>({ dialect: new MysqlDialect({ pool: poolOf(server) }) })
  return { run: () => read(db), end: () => db.destroy() }
}

/** One context for all queries: what its scope costs is a row of its own. */
function onMayfly(server: BenchServer, read: Read): Candidate {
  const pool = poolOf(server)
  const db = new BenchContext({ dialect: mysql(pool), concurrency: 'unchecked' })
  const { kysely } = db
  return {
    run: () => read(kysely),
    async end() {
      await db.dispose()
      await pool.promise().end()
    },
  }
}

function rowOf(title: string, inFlight: number, read: Read): Row {
  return {
    title: `db.kysely, ${title}, ${inFlight} in flight`,
    limit: 'kysely',
    inFlight,
    budgets: { mayfly: [{ of: 'least cpu', most: 1.06 }] },
    candidates: {
      kysely: server => onKysely(server, read),
      'kysely again': server => onKysely(server, read),
      mayfly: server => onMayfly(server, read),
    },
  }
}

const byKey: Read = db =>
  db.selectFrom('orders').selectAll().where('id', '=', anyId()).limit(1).executeTakeFirst()

const fifty: Read = db =>
  db
    .selectFrom('orders')
    .selectAll()
    .where('id', '>', anyId() % (ORDERS - 50))
    .orderBy('id')
    .limit(50)
    .execute()

/** A text that nobody has sent before, and nobody will again. */
const once: Read = db =>
  db
    .selectFrom('orders')
    .selectAll()
    .where('id', '=', anyId())
    .where(eb => eb('id', '<>', eb.lit(-++texts)))
    .executeTakeFirst()

export const rows: Row[] = [
  rowOf('a row by key', 1, byKey),
  rowOf('a row by key', 10, byKey),
  rowOf('50 rows', 10, fifty),
  rowOf('each text once', 10, once),
]
