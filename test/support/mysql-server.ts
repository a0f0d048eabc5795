import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { cp, mkdir } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { createConnection } from 'mysql2/promise'
import type { Flavour, ServerBinary } from './mysql-binary.js'

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

/** A server that belongs to one test, which may do to it what it likes. */
export interface MysqlServer {
  /** As root, without a database. */
  readonly url: string
  /** `MariaDB 10.11.19`, `MySQL 9.7.4`. */
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

/**
 * Starts a private server on loopback, with its data in a temporary folder. It ends with this
 * process at the latest.
 * @param settings options of its command line, beside those that all have
 */
export async function startServer(
  binary: ServerBinary,
  settings: readonly string[] = [],
): Promise<MysqlServer> {
  const server = new LocalServer(
    binary,
    mkdtempSync(join(tmpdir(), 'mayfly-mysql-')),
    await freePort(),
    settings,
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
  readonly #binary: ServerBinary
  readonly #folder: string
  readonly #port: number
  readonly #settings: readonly string[]
  #process: ChildProcess | undefined

  constructor(binary: ServerBinary, folder: string, port: number, settings: readonly string[]) {
    this.#binary = binary
    this.#folder = folder
    this.#port = port
    this.#settings = settings
    this.url = `mysql://root@127.0.0.1:${port}`
    endWithProcess.add(this)
  }

  async initialise(): Promise<void> {
    await cp(await emptyData(this.#binary), this.#data, { recursive: true })
    await mkdir(this.#temporary)
  }

  async start(): Promise<void> {
    const log = openSync(this.#log, 'a')
    const child = spawn(
      this.#binary.path,
      [
        '--no-defaults',
        ...SMALL,
        `--datadir=${this.#data}`,
        // A server that starts deletes what servers left in this folder, those that run included.
        `--tmpdir=${this.#temporary}`,
        `--socket=${join(this.#folder, 's')}`,
        `--pid-file=${join(this.#folder, 'pid')}`,
        `--port=${this.#port}`,
        '--bind-address=127.0.0.1',
        '--skip-log-bin',
        '--innodb-flush-log-at-trx-commit=0',
        '--loose-performance-schema=OFF',
        '--loose-mysqlx=OFF',
        ...this.#settings,
      ],
      // Its own zone, whatever that of the tests is.
      { stdio: ['ignore', log, log], env: { ...process.env, TZ: 'UTC' } },
    )
    closeSync(log)
    child.unref()
    this.#process = child
    let failure: Error | undefined
    child.once('error', error => (failure = error))
    child.once('exit', () => (failure ??= new Error('it ended at once')))
    try {
      await firstAnswer(this.url, () => failure)
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

  get version(): string {
    return `${this.#binary.flavour} ${this.#binary.version}`
  }

  get #data(): string {
    return join(this.#folder, 'data')
  }

  get #temporary(): string {
    return join(this.#folder, 'tmp')
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

const templates = new Map<string, Promise<string>>()

/** An empty data directory, made once: a copy of it is there sooner than another one. */
function emptyData(server: ServerBinary): Promise<string> {
  const { path } = server
  if (!templates.has(path)) templates.set(path, makeEmptyData(server))
  return templates.get(path)!
}

async function makeEmptyData({ initialise: [command, ...options] }: ServerBinary): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-mysql-empty-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const data = join(folder, 'data')
  const temporary = join(folder, 'tmp')
  await mkdir(temporary)
  await run(command!, [...options, ...SMALL, `--datadir=${data}`, `--tmpdir=${temporary}`])
  return data
}

async function firstAnswer(url: string, failure: () => Error | undefined): Promise<void> {
  const deadline = Date.now() + BOOT_DEADLINE
  for (;;) {
    const failed = failure()
    if (failed) throw failed
    try {
      await versionOf(url)
      return
    } catch (error) {
      if (Date.now() > deadline) throw error
    }
    await delay(20)
  }
}

/** What answers there. */
export async function versionOf(url: string): Promise<{ flavour: Flavour; version: string }> {
  const connection = await createConnection(url)
  try {
    const [rows] = await connection.query('select version() as version')
    const { version } = (rows as { version: string }[])[0]!
    const flavour = version.includes('MariaDB') ? 'MariaDB' : 'MySQL'
    return { flavour, version: version.split('-')[0]! }
  } finally {
    await connection.end()
  }
}

/** Sends one statement on a connection of its own. */
export async function administer(url: string, sql: string): Promise<void> {
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
