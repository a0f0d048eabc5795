/**
 * `npm run bench:units`: what saves of 100 to 100,000 objects take, with ten times as many in at most twelve times as long, and how many bytes a
 * tracked row has beside the row itself. Run with --expose-gc.
 */
import { sql, type Generated } from 'kysely'
import { dateTime, DbContext, decimal, type MayflyDialect } from 'mayfly'
import { sqlite } from 'mayfly/sqlite'
import { mysqlEngine } from './engines/mysql.js'
import { postgresEngine } from './engines/postgres.js'
import { startServer } from './servers.js'

interface UnitDatabase {
  orders: { id: Generated<number>; userId: number; amount: string; createdAt: Date }
}

class UnitContext extends DbContext<UnitDatabase> {
  readonly orders = this.set('orders', {
    key: 'id',
    columns: { createdAt: dateTime(), amount: decimal({ scale: 2 }) },
  })
}

const SIZES = [100, 1000, 10_000, 100_000]
const ROUNDS = [9, 5, 3, 2]
const TIMES = 12
const createdAt = new Date(Date.UTC(2026, 0, 1))

/** The least time of each part (ms). */
async function measure(dialect: MayflyDialect, count: number, rounds: number): Promise<number[]> {
  const least = [Infinity, Infinity, Infinity]
  for (let round = 0; round < rounds; round++) {
    const db = new UnitContext({ dialect })
    const orders = Array.from({ length: count }, (_, i) => ({
      userId: i % 100,
      amount: '1.00',
      createdAt,
    }))
    const timed = async (part: number) => {
      const since = performance.now()
      await db.saveChanges()
      least[part] = Math.min(least[part]!, performance.now() - since)
    }
    const added = db.orders.addRange(orders)
    await timed(0)
    for (const order of added) order.amount = '2.50'
    await timed(1)
    for (const order of added) db.orders.remove(order)
    await timed(2)
    await db.dispose()
  }
  return least
}

async function report(name: string, dialect: MayflyDialect): Promise<void> {
  let before: number[] | undefined
  for (const [i, count] of SIZES.entries()) {
    const least = await measure(dialect, count, ROUNDS[i]!)
    const parts = ['added', 'changed', 'removed'].map((part, at) => {
      const ratio = before && least[at]! / before[at]!
      const isMissed = ratio !== undefined && ratio > TIMES
      if (isMissed) process.exitCode = 1
      const growth =
        ratio === undefined ? '' : ` (${ratio.toFixed(1)}x${isMissed ? ', missed' : ''})`
      return `${part} ${least[at]!.toFixed(1)} ms${growth}`
    })
    console.log(`${name}: ${count} objects: ${parts.join(', ')}`)
    before = least
  }
}

function heap(): number {
  for (let i = 0; i < 3; i++) globalThis.gc!()
  return process.memoryUsage().heapUsed
}

async function bytesOfRow(dialect: MayflyDialect, tracks: boolean): Promise<number> {
  const rows = 20_000
  const db = new UnitContext({ dialect, tracking: tracks })
  const before = heap()
  const list = await db.orders.toList()
  const bytes = (heap() - before) / rows
  await db.dispose()
  if (list.length !== rows) throw new Error(`${list.length} rows`)
  return bytes
}

async function memory(dialect: MayflyDialect): Promise<void> {
  const db = new UnitContext({ dialect })
  db.orders.addRange(
    Array.from({ length: 20_000 }, (_, i) => ({ userId: i, amount: '1.00', createdAt })),
  )
  await db.saveChanges()
  await db.dispose()
  await bytesOfRow(dialect, true)
  const [plain, tracked] = [await bytesOfRow(dialect, false), await bytesOfRow(dialect, true)]
  console.log(
    `SQLite: a row of four columns: ${plain.toFixed(0)} bytes, tracked ${tracked.toFixed(0)}`,
  )
}

const own = sqlite(':memory:', { maxConnections: 1 })
const first = new UnitContext({ dialect: own })
await sql`create table orders (id integer primary key, userId integer not null, amount numeric not null, createdAt text not null)`.execute(
  first.kysely,
)
await memory(own)
await first.orders.executeDelete()
await report('SQLite', own)
await first.dispose()
for (const engine of [mysqlEngine, postgresEngine]) {
  const server = await startServer(engine)
  if (!server) continue
  await report(server.title, engine.mayfly(server.url))
  await server.stop()
}
