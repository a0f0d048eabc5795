/** The MariaDB and MySQL of this run. Each is started by its first use, once. */
import { randomBytes } from 'node:crypto'
import { wishFor } from './choice.js'
import {
  HOW_TO_GET_MYSQL,
  installedServer,
  installMariadb,
  type Flavour,
  type ServerBinary,
} from './mysql-binary.js'
import { administer, startServer, versionOf, type MysqlServer } from './mysql-server.js'

/** A server that tests share: each makes databases of its own on it. */
export interface SharedServer {
  readonly flavour: Flavour
  /** `MariaDB 10.11.19 (started from /usr/sbin/mariadbd)`, for people. */
  readonly title: string
  /** As a user who may create databases, without a database. */
  url(): Promise<string>
  stop(): Promise<void>
}

export interface TestDatabase {
  readonly name: string
  readonly url: string
  drop(): Promise<void>
}

const absent: string[] = []

/** What the suites run on; adapter specs run on the first. */
export const mysqlServers: readonly SharedServer[] = await serversOfRun()

/** What the run goes without, and why. */
export const mysqlAbsent: readonly string[] = absent

/** Whether the run has no MySQL and no MariaDB. */
export const mysqlSkipped = mysqlServers.length === 0

/** Whether {@link mysqlUrl} is a MariaDB's, for what holds on one of the two only. */
export function isMariadb(): boolean {
  return mysqlServers[0]?.flavour === 'MariaDB'
}

/** The first server of this run, as a user who may create databases. */
export async function mysqlUrl(): Promise<string> {
  const [server] = mysqlServers
  if (!server) throw new Error('This run has no MySQL: ask mysqlSkipped first.')
  return server.url()
}

/** A fresh database on the first server of this run, or on `serverUrl`. */
export async function createDatabase(prefix: string, serverUrl?: string): Promise<TestDatabase> {
  const server = serverUrl ?? (await mysqlUrl())
  const name = `${prefix}_${randomBytes(6).toString('hex')}`
  const url = new URL(server)
  url.pathname = `/${name}`
  await administer(server, `create database \`${name}\` character set utf8mb4`)
  return {
    name,
    url: url.href,
    drop: () => administer(server, `drop database if exists \`${name}\``),
  }
}

/** Whether {@link startMysqlServer} finds one without installing it. */
export async function canStartServer(): Promise<boolean> {
  return (await privateBinary()) !== undefined
}

/** Starts a server that belongs to one test, like the first of this run where there is one like it. */
export async function startMysqlServer(settings: readonly string[] = []): Promise<MysqlServer> {
  return startServer((await privateBinary()) ?? (await installMariadb()), settings)
}

async function privateBinary(): Promise<ServerBinary | undefined> {
  const flavour = mysqlServers[0]?.flavour ?? 'MariaDB'
  return (
    (await installedServer(flavour)) ??
    (await installedServer(flavour === 'MySQL' ? 'MariaDB' : 'MySQL'))
  )
}

async function serversOfRun(): Promise<SharedServer[]> {
  const given = process.env['MYSQL_URL']
  if (given && (wishFor('mariadb') !== 'unwanted' || wishFor('mysql') !== 'unwanted'))
    return [await givenServer(given)]
  return [...(await mariadbOfRun()), ...(await mysqlOfRun())]
}

async function mariadbOfRun(): Promise<SharedServer[]> {
  if (wishFor('mariadb') === 'unwanted') return noted('MariaDB', 'it was not asked for')
  return [started((await installedServer('MariaDB')) ?? (await installMariadb()))]
}

async function mysqlOfRun(): Promise<SharedServer[]> {
  const wish = wishFor('mysql')
  if (wish === 'unwanted') return noted('MySQL', 'it was not asked for')
  const binary = await installedServer('MySQL')
  if (binary) return [started(binary)]
  if (wish === 'needed') throw new Error(`This run needs a MySQL, and ${HOW_TO_GET_MYSQL}.`)
  return noted('MySQL', HOW_TO_GET_MYSQL)
}

function noted(name: Flavour, why: string): [] {
  absent.push(`${name} (${why})`)
  return []
}

async function givenServer(url: string): Promise<SharedServer> {
  const { flavour, version } = await versionOf(url).catch((error: unknown) => {
    throw new Error(`The server of MYSQL_URL cannot be used: ${String(error)}`, { cause: error })
  })
  if (wishFor(flavour === 'MariaDB' ? 'mariadb' : 'mysql') === 'unwanted')
    throw new Error(`The server of MYSQL_URL is a ${flavour}, which MAYFLY_SERVER does not name.`)
  noted(flavour === 'MariaDB' ? 'MySQL' : 'MariaDB', 'MYSQL_URL is the server of this run')
  return {
    flavour,
    title: `${flavour} ${version} (MYSQL_URL)`,
    url: () => Promise.resolve(url),
    stop: () => Promise.resolve(),
  }
}

function started(binary: ServerBinary): SharedServer {
  let server: Promise<MysqlServer> | undefined
  return {
    flavour: binary.flavour,
    title: `${binary.flavour} ${binary.version} (${binary.path})`,
    url: async () => (await (server ??= startServer(binary))).url,
    stop: async () => (await server)?.stop(),
  }
}
