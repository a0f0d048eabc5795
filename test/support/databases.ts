/** The databases that the behaviour suites run on, and a shop on each of them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kysely, sql, type Generated } from 'kysely'
import { dateTime, DbContext, decimal, type MayflyDialect } from 'mayfly'
import { mysql } from 'mayfly/mysql2'
import { sqlite } from 'mayfly/sqlite'
import { wishFor } from './choice.js'
import { logged, type ConnectionLog } from './logged-dialect.js'
import { createDatabase, mysqlServers, type SharedServer } from './mysql-run.js'

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

/** A database without tables. */
export interface EmptyDatabase {
  /** A URL, or a file. */
  readonly url: string
  drop(): Promise<void>
}

/** How a database's own language names the types of columns. */
export interface ColumnTypes {
  /** A generated primary key. */
  readonly id: string
  /** Twelve digits, two of them after the point. */
  readonly amount: string
  /** Milliseconds, without a zone. */
  readonly dateTime: string
  readonly double: string
  readonly json: string
  readonly bytes: string
}

/** One database of the run: what is special about it, and how to get an empty one. */
export interface DatabaseKind {
  readonly name: 'SQLite' | 'MariaDB' | 'MySQL' | 'PostgreSQL'
  /** Whose language it speaks, and whose adapter it has. */
  readonly family: 'sqlite' | 'mysql' | 'postgres'
  /** How names are quoted in the statements of sets. */
  readonly quote: '"' | '`'
  /** The placeholder of the nth value, from 1. */
  placeholder(n: number): string
  readonly types: ColumnTypes
  /** An empty database on a server that is started for the whole run by the first call. */
  create(prefix?: string): Promise<EmptyDatabase>
  /** Mayfly's dialect for what {@link create} gave. */
  dialect(url: string): MayflyDialect
  /** A fresh shop. */
  open(): Promise<TestDatabase>
}

type Own = Omit<DatabaseKind, 'open'>

function kind(own: Own): DatabaseKind {
  return { ...own, open: () => openShop(own) }
}

const sqliteKind = kind({
  name: 'SQLite',
  family: 'sqlite',
  quote: '"',
  placeholder: () => '?',
  types: {
    id: 'integer primary key',
    amount: 'numeric',
    dateTime: 'text',
    double: 'real',
    json: 'text',
    bytes: 'blob',
  },
  create() {
    const folder = mkdtempSync(join(tmpdir(), 'mayfly-test-'))
    return Promise.resolve({
      url: join(folder, 'shop.db'),
      drop: () => Promise.resolve(rmSync(folder, { recursive: true })),
    })
  },
  dialect: file => sqlite(file, { maxConnections: 10 }),
})

function mysqlKind(server: SharedServer): DatabaseKind {
  return kind({
    name: server.flavour,
    family: 'mysql',
    quote: '`',
    placeholder: () => '?',
    types: {
      id: 'integer primary key auto_increment',
      amount: 'decimal(12, 2)',
      dateTime: 'datetime(3)',
      double: 'double',
      json: 'json',
      bytes: 'blob',
    },
    create: async (prefix = 'shop') => createDatabase(prefix, await server.url()),
    dialect: url => mysql(url),
  })
}

/** Those of this run. A suite goes through them, and never asks whether one is there. */
export const databases: readonly DatabaseKind[] = [
  ...(wishFor('sqlite') === 'unwanted' ? [] : [sqliteKind]),
  ...mysqlServers.map(mysqlKind),
]

async function openShop(own: Own): Promise<TestDatabase> {
  const empty = await own.create()
  const direct = new Kysely<ShopDatabase>({ dialect: own.dialect(empty.url) })
  await createShop(direct, own.types)
  const { dialect, log } = logged(own.dialect(empty.url))
  return {
    dialect,
    log,
    direct,
    url: empty.url,
    async close() {
      await direct.destroy()
      await empty.drop()
    },
  }
}

async function createShop(
  db: Kysely<ShopDatabase>,
  { id, amount, dateTime: time }: ColumnTypes,
): Promise<void> {
  const raw = (text: string) => sql.raw(text).execute(db)
  await raw(`create table users (id ${id}, name varchar(100) not null unique)`)
  await raw(
    `create table orders (id ${id}, userId integer not null, amount ${amount} not null, createdAt ${time} not null)`,
  )
  await raw(
    `create table logs (id ${id}, message varchar(200) not null, timestamp ${time} not null)`,
  )
}
