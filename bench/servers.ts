/** The private servers of a run, each with the tables of `bench/schema.ts`. */
import pg from 'pg'
import { createConnection } from 'mysql2/promise'
import { mysqlAbsent, mysqlSkipped, startMysqlServer } from '../test/support/mysql-run.js'
import {
  postgresAbsent,
  postgresSkipped,
  startPostgresServer,
} from '../test/support/postgres-run.js'
import type { Engine } from './engine.js'
import { orders } from './schema.js'

export interface RunningServer {
  /** Of the database with the tables. */
  readonly url: string
  /** `MariaDB 10.11.19`, for people. */
  readonly title: string
  stop(): Promise<void>
}

/** Starts the server of an engine; `undefined`, and a word of it, where this run has none. */
export async function startServer({ name }: Engine): Promise<RunningServer | undefined> {
  const isAbsent = { MySQL: mysqlSkipped, PostgreSQL: postgresSkipped }[name]
  if (!isAbsent) return name === 'MySQL' ? startMysql() : startPostgres()
  console.log(`Without ${name}: ${[...mysqlAbsent, ...postgresAbsent].join(', ')}.`)
  return undefined
}

/** MariaDB, or the server that `MAYFLY_SERVER` names. */
async function startMysql(): Promise<RunningServer> {
  const server = await startMysqlServer()
  const connection = await createConnection(server.url)
  await connection.query('create database bench')
  await connection.query('use bench')
  await connection.query(
    'create table orders (id int primary key auto_increment, userId int not null, amount decimal(12, 2) not null, createdAt datetime(3) not null)',
  )
  await connection.query('insert into orders (userId, amount, createdAt) values ?', [orders()])
  await connection.end()
  return {
    url: `${server.url.replace(/\/$/, '')}/bench`,
    title: server.version,
    stop: () => server.stop(),
  }
}

async function startPostgres(): Promise<RunningServer> {
  const server = await startPostgresServer()
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  await client.query(
    'create table orders (id int primary key generated always as identity, "userId" int not null, amount numeric(12, 2) not null, "createdAt" timestamp(3) not null)',
  )
  const rows = orders()
  await client.query(
    'insert into orders ("userId", amount, "createdAt") select * from unnest($1::int[], $2::numeric[], $3::timestamp[])',
    [0, 1, 2].map(column => rows.map(row => row[column])),
  )
  await client.query('analyze')
  await client.end()
  return {
    url: server.url,
    title: `PostgreSQL ${server.version}`,
    stop: () => server.stop(),
  }
}
