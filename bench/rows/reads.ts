import { Kysely } from 'kysely'
import { createContainer, dateTime, DbContext, decimal } from 'mayfly'
import type { Engine } from '../engine.js'
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
/** There are 50 rows after it. */
const earlyId = () => anyId() % (ORDERS - 50)

/** The same read in three ways. */
interface Read {
  sql(engine: Engine): string
  value(): number
  kysely(db: Kysely<BenchDatabase>): Promise<unknown>
  mayfly(db: BenchContext): Promise<unknown>
}

const find: Read = {
  sql: ({ quoted, placeholder }) =>
    `select * from ${quoted('orders')} where ${quoted('id')} = ${placeholder(1)} limit 1`,
  value: anyId,
  kysely: db =>
    db.selectFrom('orders').selectAll().where('id', '=', anyId()).limit(1).executeTakeFirst(),
  mayfly: db => db.orders.find(anyId()),
}

const fifty: Read = {
  sql: ({ quoted, placeholder }) =>
    `select * from ${quoted('orders')} where ${quoted('id')} > ${placeholder(1)} order by ${quoted('id')} limit 50`,
  value: earlyId,
  kysely: db =>
    db
      .selectFrom('orders')
      .selectAll()
      .where('id', '>', earlyId())
      .orderBy('id')
      .limit(50)
      .execute(),
  mayfly: db =>
    db.orders.asNoTracking().where('id', '>', earlyId()).orderBy('id').take(50).toList(),
}

/** The same rows, each the object that the context keeps for it. */
const fiftyTracked: Read = {
  ...fifty,
  mayfly: db => db.orders.where('id', '>', earlyId()).orderBy('id').take(50).toList(),
}

function onPool(engine: Engine, { url }: BenchServer, { sql, value }: Read): Candidate {
  const pool = engine.pool(url)
  const execute = pool.prepare(sql(engine))
  return { run: () => execute([value()]), end: () => pool.end() }
}

function onKysely(engine: Engine, { url }: BenchServer, read: Read): Candidate {
  const db = new Kysely<BenchDatabase>({ dialect: engine.kysely(url) })
  return { run: () => read.kysely(db), end: () => db.destroy() }
}

/** A scope, its context, one query, and its end: what a request does. */
function onMayfly(engine: Engine, { url }: BenchServer, read: Read): Candidate {
  const dialect = engine.mayfly(url)
  const container = createContainer().addDbContext('shop', BenchContext, { dialect })
  return {
    async run() {
      const scope = container.createScope()
      await read.mayfly(scope.cradle.shop)
      await scope.dispose()
    },
    end: () => container.dispose(),
  }
}

function readRow(engine: Engine, title: string, read: Read, inFlight: number, least: number): Row {
  const limit = (server: BenchServer) => onPool(engine, server, read)
  return {
    title: `${engine.name}: ${title}, ${inFlight} in flight`,
    engine,
    limit: engine.driver,
    inFlight,
    budgets: { mayfly: [{ of: 'throughput', least }] },
    candidates: {
      [engine.driver]: limit,
      [`${engine.driver} again`]: limit,
      kysely: server => onKysely(engine, server, read),
      mayfly: server => onMayfly(engine, server, read),
    },
  }
}

/** What Mayfly remembers outside of production, so that an error can name the lines that it is about. */
function checksRow(engine: Engine): Row {
  const mayfly = (server: BenchServer) => onMayfly(engine, server, find)
  return {
    title: `${engine.name}: cost of the development checks: find(id) through a scoped context`,
    engine,
    limit: 'mayfly',
    inDevelopment: ['mayfly, NODE_ENV=development'],
    budgets: {},
    candidates: { mayfly, 'mayfly, NODE_ENV=development': mayfly },
  }
}

export function readRows(engine: Engine): Row[] {
  const findTitle = 'find(id) through a scoped context'
  const fiftyTitle = '50 rows, no tracking'
  return [
    readRow(engine, findTitle, find, 1, 0.92),
    readRow(engine, findTitle, find, 10, 0.88),
    readRow(engine, fiftyTitle, fifty, 1, 0.95),
    readRow(engine, fiftyTitle, fifty, 10, 0.95),
    readRow(engine, '50 rows, tracking', fiftyTracked, 1, 0.95),
    checksRow(engine),
  ]
}
