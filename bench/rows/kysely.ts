import { Kysely } from 'kysely'
import { DbContext } from 'mayfly'
import type { Engine } from '../engine.js'
import type { BenchServer, Candidate, Row } from '../row.js'
import { ORDERS, type BenchDatabase } from '../schema.js'

class BenchContext extends DbContext<BenchDatabase> {}

type Read = (db: Kysely<BenchDatabase>) => Promise<unknown>

let next = 0
let texts = 0
const anyId = () => (next = (next * 7919 + 13) % ORDERS) + 1

function onKysely(engine: Engine, { url }: BenchServer, read: Read): Candidate {
  const { kysely, end } = engine.onOnePool(url)
  const db = new Kysely<BenchDatabase>({ dialect: kysely })
  return { run: () => read(db), end }
}

/** One context for all queries: what its scope costs is a row of its own. */
function onMayfly(engine: Engine, { url }: BenchServer, read: Read): Candidate {
  const { mayfly, end } = engine.onOnePool(url)
  const db = new BenchContext({ dialect: mayfly, concurrency: 'unchecked' })
  const { kysely } = db
  return {
    run: () => read(kysely),
    async end() {
      await db.dispose()
      await end()
    },
  }
}

function rowOf(engine: Engine, title: string, inFlight: number, read: Read): Row {
  const kysely = (server: BenchServer) => onKysely(engine, server, read)
  return {
    title: `${engine.name}: db.kysely, ${title}, ${inFlight} in flight`,
    engine,
    limit: 'kysely',
    inFlight,
    budgets: { mayfly: [{ of: 'least cpu', most: 1.06 }] },
    candidates: {
      kysely,
      'kysely again': kysely,
      mayfly: server => onMayfly(engine, server, read),
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

export function kyselyRows(engine: Engine): Row[] {
  return [
    rowOf(engine, 'a row by key', 1, byKey),
    rowOf(engine, 'a row by key', 10, byKey),
    rowOf(engine, '50 rows', 10, fifty),
    rowOf(engine, 'each text once', 10, once),
  ]
}
