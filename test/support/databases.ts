import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kysely, sql, type Generated } from 'kysely'
import { dateTime, DbContext, decimal, type MayflyDialect } from 'mayfly'
import { mysql } from 'mayfly/mysql2'
import { sqlite } from 'mayfly/sqlite'
import { logged, type ConnectionLog } from './logged-dialect.js'
import { createDatabase, mysqlSkipped } from './mysql-server.js'

export interface ShopDatabase {
  users: { id: Generated<number>; name: string }
  orders: { id: Generated<number>; userId: number; amount: string; createdAt: Date }
  logs: { id: Generated<number>; message: string; timestamp: Date }
}

export class ShopContext extends DbContext<ShopDatabase> {
  tenant: string | undefined
  readonly users = this.set('users', { key: 'id' })
  readonly orders = this.set('orders', {
    key: 'id',
    columns: { createdAt: dateTime(), amount: decimal({ scale: 2 }) },
  })
  readonly logs = this.set('logs', {
    key: 'id',
    columns: { timestamp: dateTime() },
    filter: q => (this.tenant === undefined ? q : q.where('message', '=', this.tenant)),
  })
}

/** A fresh, empty shop on a real database, and what happens on its connections. */
export interface TestDatabase {
  readonly dialect: MayflyDialect
  readonly log: ConnectionLog
  /** Asks the database past Mayfly. */
  readonly direct: Kysely<ShopDatabase>
  /** Where it is: a URL, or a file. */
  readonly url: string
  close(): Promise<void>
}

export interface DatabaseKind {
  readonly name: string
  /** How the statements of `set` queries are quoted. */
  readonly quote: '"' | '`'
  open(): Promise<TestDatabase>
}

const sqliteKind: DatabaseKind = {
  name: 'SQLite',
  quote: '"',
  async open() {
    const folder = mkdtempSync(join(tmpdir(), 'mayfly-test-'))
    const file = join(folder, 'shop.db')
    const direct = new Kysely<ShopDatabase>({ dialect: sqlite(file) })
    await createShop(direct, 'integer primary key', 'numeric', 'text')
    const { dialect, log } = logged(sqlite(file, { maxConnections: 10 }))
    return {
      dialect,
      log,
      direct,
      url: file,
      async close() {
        await direct.destroy()
        rmSync(folder, { recursive: true })
      },
    }
  },
}

const mysqlKind: DatabaseKind = {
  name: 'MySQL',
  quote: '`',
  async open() {
    const database = await createDatabase('shop')
    const direct = new Kysely<ShopDatabase>({ dialect: mysql(database.url) })
    await createShop(direct, 'integer primary key auto_increment', 'decimal(12, 2)', 'datetime(3)')
    const { dialect, log } = logged(mysql(database.url))
    return {
      dialect,
      log,
      direct,
      url: database.url,
      async close() {
        await direct.destroy()
        await database.drop()
      },
    }
  },
}

/** The databases that the behaviour suites run on. */
export const databases: readonly DatabaseKind[] = mysqlSkipped
  ? [sqliteKind]
  : [sqliteKind, mysqlKind]

async function createShop(
  db: Kysely<ShopDatabase>,
  id: string,
  decimalType: string,
  timeType: string,
): Promise<void> {
  const raw = (text: string) => sql.raw(text).execute(db)
  await raw(`create table users (id ${id}, name varchar(100) not null unique)`)
  await raw(
    `create table orders (id ${id}, userId integer not null, amount ${decimalType} not null, createdAt ${timeType} not null)`,
  )
  await raw(
    `create table logs (id ${id}, message varchar(200) not null, timestamp ${timeType} not null)`,
  )
}
