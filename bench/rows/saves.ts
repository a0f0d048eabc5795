import type { Generated } from 'kysely'
import { createContainer, dateTime, DbContext, decimal } from 'mayfly'
import type { Engine } from '../engine.js'
import type { BenchServer, Candidate, Row } from '../row.js'
import { ORDERS } from '../schema.js'

interface BenchDatabase {
  orders: { id: Generated<number>; userId: number; amount: string; createdAt: Date }
}

class BenchContext extends DbContext<BenchDatabase> {
  readonly orders = this.set('orders', {
    key: 'id',
    columns: { createdAt: dateTime(), amount: decimal({ scale: 2 }) },
  })
}

const LOADED = 20
const CHANGED = 3
const INSERTED = 1000

let next = 0
const earlyId = () => (next = (next * 7919 + 13) % (ORDERS - LOADED)) + 1
let amounts = 0
/** Another one each time: what is the same is not saved. */
const amount = () => `${++amounts % 1_000_000}.25`

/** Loads, then writes by hand: one statement that joins a list of values, or one for each row in a transaction. */
function byHand(engine: Engine, { url }: BenchServer, isGrouped: boolean): Candidate {
  const { quoted: q, placeholder: p } = engine
  const pool = engine.pool(url)
  const load = pool.prepare(
    `select * from ${q('orders')} where ${q('id')} > ${p(1)} order by ${q('id')} limit ${LOADED}`,
  )
  const grouped = pool.prepare(engine.groupedUpdate(CHANGED))
  const single = `update ${q('orders')} set ${q('amount')} = ${p(1)} where ${q('id')} = ${p(2)}`
  return {
    async run() {
      const rows = pool.rows(await load([earlyId()])) as { id: number }[]
      const changed = rows.slice(0, CHANGED).map(({ id }) => [id, amount()] as const)
      if (isGrouped) await grouped(changed.flat())
      else await pool.inTransaction(changed.map(([id, to]) => [single, [to, id]]))
    },
    end: () => pool.end(),
  }
}

/** What a request does: a scope, its context, and its end. */
function inScopes(
  engine: Engine,
  { url }: BenchServer,
  work: (db: BenchContext) => Promise<unknown>,
): Candidate {
  const dialect = engine.mayfly(url)
  const container = createContainer().addDbContext('shop', BenchContext, { dialect })
  return {
    async run() {
      const scope = container.createScope()
      await work(scope.cradle.shop)
      await scope.dispose()
    },
    end: () => container.dispose(),
  }
}

async function changeAndSave(db: BenchContext): Promise<void> {
  const query = db.orders.where('id', '>', earlyId()).orderBy('id').take(LOADED)
  for (const order of (await query.toList()).slice(0, CHANGED)) order.amount = amount()
  await db.saveChanges()
}

async function addAndSave(db: BenchContext): Promise<void> {
  db.orders.addRange(rowsToInsert())
  await db.saveChanges()
  await db.kysely.deleteFrom('orders').where('id', '>', ORDERS).execute()
}

async function insertByKysely({ kysely }: BenchContext): Promise<void> {
  await kysely.insertInto('orders').values(rowsToInsert()).execute()
  await kysely.deleteFrom('orders').where('id', '>', ORDERS).execute()
}

function rowsToInsert(): { userId: number; amount: string; createdAt: Date }[] {
  const createdAt = new Date(Date.UTC(2026, 0, 1))
  return Array.from({ length: INSERTED }, (_, i) => ({
    userId: i % 100,
    amount: amount(),
    createdAt,
  }))
}

export function saveRows(engine: Engine): Row[] {
  const limit = 'one grouped update'
  return [
    {
      title: `${engine.name}: 20 rows loaded, 3 changed, saved`,
      engine,
      limit,
      budgets: { mayfly: [{ of: 'throughput', least: 0.95 }] },
      candidates: {
        [limit]: server => byHand(engine, server, true),
        [`${limit} again`]: server => byHand(engine, server, true),
        'an update for each row': server => byHand(engine, server, false),
        mayfly: server => inScopes(engine, server, changeAndSave),
      },
    },
    {
      title: `${engine.name}: 1000 new rows, and deleted again`,
      engine,
      limit: 'kysely',
      budgets: {},
      candidates: {
        kysely: server => inScopes(engine, server, insertByKysely),
        mayfly: server => inScopes(engine, server, addAndSave),
      },
    },
  ]
}
