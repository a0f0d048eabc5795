import { DatabaseError, type DbContextFactory } from 'mayfly'
import type { Progress } from './progress.js'
import { SampleData } from './sample-data.js'
import { createTables, SCHEMA_VERSION, type DemoTable } from './schema.js'
import type { ShopContext } from './shop-context.js'

const SEED = `v${SCHEMA_VERSION}`
const BATCH = 500

/**
 * Fills the database unless it is filled. All rows, and the mark that they are there, are one transaction: whatever interrupts it, the next
 * start finds nothing and begins again. Of several starts at the same time one fills, and the others wait for it.
 */
export async function seedOnce(
  shops: DbContextFactory<ShopContext>,
  orderCount: number,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    try {
      await shops.use(createTables)
      if (await shops.use(isSeeded)) return
      const data = new SampleData(orderCount)
      return await shops.use(db => db.transaction(() => fill(db, data, progress, signal)))
    } catch (error) {
      if (!isAnotherStart(error)) throw error
      progress.waiting()
    } finally {
      progress.stop()
    }
  }
}

async function isSeeded(db: ShopContext): Promise<boolean> {
  const marks = db.kysely.withTables<DemoTable>().selectFrom('mayfly_demo')
  return (await marks.selectAll().where('seed', '=', SEED).execute()).length > 0
}

async function fill(
  db: ShopContext,
  data: SampleData,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  await db.kysely.withTables<DemoTable>().insertInto('mayfly_demo').values({ seed: SEED }).execute()
  progress.start(data.rowCount)
  const send = async (rows: readonly unknown[], insert: { execute(): Promise<unknown> }) => {
    signal.throwIfAborted()
    await insert.execute()
    progress.advance(rows.length)
  }
  const { kysely } = db
  for (const rows of batches(data.users()))
    await send(rows, kysely.insertInto('users').values(rows))
  for (const rows of batches(data.orders()))
    await send(rows, kysely.insertInto('orders').values(rows))
  for (const rows of batches(data.logs())) await send(rows, kysely.insertInto('logs').values(rows))
}

function* batches<Row>(rows: Iterable<Row>): Generator<Row[]> {
  let batch: Row[] = []
  for (const row of rows) {
    batch.push(row)
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** On PostgreSQL `if not exists` does not hold among several that create at the same time: an object, a table. */
const CREATED_MEANWHILE: readonly unknown[] = ['42710', '42P07']

/** The mark is the first row of the transaction, and only one start can write it. */
function isAnotherStart(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return false
  const { code } = (error.cause ?? {}) as { code?: unknown }
  return (
    ['unique', 'lockTimeout', 'deadlock'].includes(error.kind) || CREATED_MEANWHILE.includes(code)
  )
}
