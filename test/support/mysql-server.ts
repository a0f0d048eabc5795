import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { createConnection } from 'mysql2/promise'
import { findServer, installedServer, type ServerBinary } from './mysql-binary.js'

const run = promisify(execFile)
const BOOT_DEADLINE = 60_000

/** For servers whose data lives for minutes. As root a server wants to be told its user. */
const SMALL = [
  `--user=${userInfo().username}`,
  '--innodb-buffer-pool-size=32M',
  // MariaDB and MySQL have a name each for it.
  '--loose-innodb-log-file-size=4M',
  '--loose-innodb-redo-log-capacity=8M',
  '--innodb-flush-method=nosync',
]

/** Whether the run goes without MySQL, because `MAYFLY_SKIP_MYSQL` says so. */
export const mysqlSkipped = Boolean(process.env['MAYFLY_SKIP_MYSQL'])

/** A server that belongs to one test, which may do to it what it likes. */
export interface MysqlServer {
  /** As root, without a database. */
  readonly url: string
  /** `MariaDB 10.11.19`, `MySQL 8.4.3`. */
  readonly version: string
  /** Ends it at once, as a power cut would. Its data stays. */
  kill(): Promise<void>
  /** Boots it again after `kill`, on the same port and data. */
  start(): Promise<void>
  /** Lets it accept and read nothing until `thaw`. */
  freeze(): void
  thaw(): void
  /** Ends it for good and removes its data. */
  stop(): Promise<void>
}

export interface TestDatabase {
  readonly name: string
  readonly url: string
  drop(): Promise<void>
}

interface SharedServer {
  readonly url: string
  readonly version: string
  readonly origin: string
  stop(): Promise<void>
}

let shared: SharedServer | undefined

/** Finds or starts the server of this run. @throws with the choices when there is none. */
export async function startSharedServer(): Promise<void> {
  if (mysqlSkipped) return
  const given = process.env['MYSQL_URL']
  if (given) {
    const version = await versionOf(given).catch((error: unknown) => {
      throw new Error(`The server of MYSQL_URL cannot be used: ${String(error)}`, { cause: error })
    })
    shared = { url: given, version, origin: 'MYSQL_URL', stop: () => Promise.resolve() }
    return
  }
  const server = await startMysqlServer()
  const origin = `started from ${(await findServer()).path}`
  shared = { url: server.url, version: server.version, origin, stop: () => server.stop() }
}

export async function stopSharedServer(): Promise<void> {
  await shared?.stop()
}

/** What the run's MySQL tests ran on, for people. */
export function mysqlSummary(): string {
  if (mysqlSkipped) return 'MySQL SKIPPED (MAYFLY_SKIP_MYSQL)'
  return shared ? `${shared.version} (${shared.origin})` : 'MySQL: no server'
}

/** Whether the server of this run is a MariaDB, for what holds on one of the two only. */
export function isMariadb(): boolean {
  return shared?.version.startsWith('MariaDB') ?? false
}

/** The server of this run, as a user who may create databases. */
export function mysqlUrl(): string {
  if (!shared)
    throw new Error(
      'There is no MySQL server: test/support/setup.ts starts it, unless MAYFLY_SKIP_MYSQL is set.',
    )
  return shared.url
}

/** A fresh database on the server of this run, or on `serverUrl`. */
export async function createDatabase(
  prefix: string,
  serverUrl = mysqlUrl(),
): Promise<TestDatabase> {
  const name = `${prefix}_${randomBytes(6).toString('hex')}`
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  await administer(serverUrl, `create database \`${name}\` character set utf8mb4`)
  return {
    name,
    url: url.href,
    drop: () => administer(serverUrl, `drop database if exists \`${name}\``),
  }
}

/** Whether `startMysqlServer` would find a server without installing one. */
export async function canStartServer(): Promise<boolean> {
  return !process.env['MYSQL_URL'] || (await installedServer()) !== undefined
}

/**
 * Starts a private server on loopback, with its data in a temporary folder. It ends with this
 * process at the latest.
 */
export async function startMysqlServer(): Promise<MysqlServer> {
  const server = new LocalServer(
    await findServer(),
    mkdtempSync(join(tmpdir(), 'mayfly-mysql-')),
    await freePort(),
  )
  try {
    await server.initialise()
    await server.start()
  } catch (error) {
    await server.stop()
    throw error
  }
  return server
}

class LocalServer implements MysqlServer {
  readonly url: string
  version = ''
  readonly #binary: ServerBinary
  readonly #folder: string
  readonly #port: number
  #process: ChildProcess | undefined

  constructor(binary: ServerBinary, folder: string, port: number) {
    this.#binary = binary
    this.#folder = folder
    this.#port = port
    this.url = `mysql://root@127.0.0.1:${port}`
    endWithProcess.add(this)
  }

  async initialise(): Promise<void> {
    await cp(await emptyData(this.#binary), this.#data, { recursive: true })
  }

  async start(): Promise<void> {
    const log = openSync(this.#log, 'a')
    const child = spawn(
      this.#binary.path,
      [
        '--no-defaults',
        ...SMALL,
        `--datadir=${this.#data}`,
        `--socket=${join(this.#folder, 's')}`,
        `--pid-file=${join(this.#folder, 'pid')}`,
        `--port=${this.#port}`,
        '--bind-address=127.0.0.1',
        '--skip-log-bin',
        '--innodb-flush-log-at-trx-commit=0',
        '--loose-performance-schema=OFF',
        '--loose-mysqlx=OFF',
      ],
      { stdio: ['ignore', log, log] },
    )
    closeSync(log)
    child.unref()
    this.#process = child
    let failure: Error | undefined
    child.once('error', error => (failure = error))
    child.once('exit', () => (failure ??= new Error('it ended at once')))
    try {
      this.version = await firstAnswer(this.url, () => failure)
    } catch (error) {
      throw new Error(`${this.#binary.path} did not start:\n${this.#lastWords()}`, { cause: error })
    }
  }

  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#process?.kill('SIGCONT')
  }

  async kill(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return
    child.ref()
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  async stop(): Promise<void> {
    await this.kill()
    this.remove()
  }

  /** The synchronous end, for a process that is ending. */
  remove(): void {
    endWithProcess.delete(this)
    this.#process?.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  }

  get #data(): string {
    return join(this.#folder, 'data')
  }

  get #log(): string {
    return join(this.#folder, 'log')
  }

  #lastWords(): string {
    return existsSync(this.#log)
      ? readFileSync(this.#log, 'utf8').split('\n').slice(-15).join('\n')
      : ''
  }
}

let template: Promise<string> | undefined

/** An empty data directory, made once: a copy of it is there sooner than another one. */
function emptyData(server: ServerBinary): Promise<string> {
  return (template ??= makeEmptyData(server))
}

async function makeEmptyData({ initialise: [command, ...options] }: ServerBinary): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-mysql-empty-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const data = join(folder, 'data')
  await run(command!, [...options, ...SMALL, `--datadir=${data}`])
  return data
}

async function firstAnswer(url: string, failure: () => Error | undefined): Promise<string> {
  const deadline = Date.now() + BOOT_DEADLINE
  for (;;) {
    const failed = failure()
    if (failed) throw failed
    try {
      return await versionOf(url)
    } catch (error) {
      if (Date.now() > deadline) throw error
    }
    await delay(20)
  }
}

async function versionOf(url: string): Promise<string> {
  const connection = await createConnection(url)
  try {
    const [rows] = await connection.query('select version() as version')
    const { version } = (rows as { version: string }[])[0]!
    return `${version.includes('MariaDB') ? 'MariaDB' : 'MySQL'} ${version.split('-')[0]}`
  } finally {
    await connection.end()
  }
}

async function administer(url: string, sql: string): Promise<void> {
  const connection = await createConnection(url)
  try {
    await connection.query(sql)
  } finally {
    await connection.end()
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}

// ---- a process that ends takes its servers with it ------------------------------------------------------------------

const endWithProcess = new Set<LocalServer>()

process.once('exit', () => {
  for (const server of endWithProcess) server.remove()
})
for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
] as const) {
  process.once(signal, () => process.exit(128 + number))
}
