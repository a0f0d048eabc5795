import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  chownSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { serverUser, type PostgresBinaries, type ServerUser } from './postgres-binary.js'

const run = promisify(execFile)
const BOOT_DEADLINE = 60_000

/**
 * For servers whose data lives for minutes: what a commit has written survives the end of the server,
 * not that of the machine.
 */
const SMALL = [
  'fsync=off',
  'full_page_writes=off',
  'shared_buffers=32MB',
  'max_connections=60',
  'autovacuum=off',
  'logging_collector=off',
  'listen_addresses=127.0.0.1',
].flatMap(setting => ['-c', setting])

/** A server that belongs to one test, which may do to it what it likes. */
export interface PostgresServer {
  /** As a superuser, with the database `postgres`. */
  readonly url: string
  /** `15.18`. */
  readonly version: string
  /** Ends it at once, as a crash would. Its data stays. */
  kill(): Promise<void>
  /** Boots it again after `kill`, on the same port and data. */
  start(): Promise<void>
  /** Ends it for good and removes its data. */
  stop(): Promise<void>
}

/**
 * Starts a private server on loopback, with its data in a temporary folder. It ends with this
 * process at the latest. @param settings `name=value` each
 */
export async function startServer(
  binaries: PostgresBinaries,
  settings: readonly string[] = [],
): Promise<PostgresServer> {
  const user = await serverUser()
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-postgres-'))
  if (user) chownSync(folder, user.uid, user.gid)
  const server = new LocalServer(binaries, user, folder, await freePort(), settings)
  try {
    await server.initialise()
    await server.start()
  } catch (error) {
    await server.stop()
    throw error
  }
  return server
}

class LocalServer implements PostgresServer {
  readonly url: string
  version = ''
  readonly #binaries: PostgresBinaries
  readonly #user: ServerUser | undefined
  readonly #folder: string
  readonly #port: number
  readonly #settings: readonly string[]
  #process: ChildProcess | undefined

  constructor(
    binaries: PostgresBinaries,
    user: ServerUser | undefined,
    folder: string,
    port: number,
    settings: readonly string[],
  ) {
    this.#binaries = binaries
    this.#user = user
    this.#folder = folder
    this.#port = port
    this.#settings = settings.flatMap(setting => ['-c', setting])
    this.url = `postgres://postgres@127.0.0.1:${port}/postgres`
    endWithProcess.add(this)
  }

  async initialise(): Promise<void> {
    const options = ['--no-sync', '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C']
    await run(this.#binaries.initdb, [...options, '-D', this.#data], { ...this.#user, cwd: '/' })
  }

  async start(): Promise<void> {
    const log = openSync(this.#log, 'a')
    const options = ['-D', this.#data, '-p', String(this.#port), '-k', this.#folder]
    const child = spawn(this.#binaries.postgres, [...options, ...SMALL, ...this.#settings], {
      stdio: ['ignore', log, log],
      cwd: '/',
      ...this.#user,
    })
    closeSync(log)
    child.unref()
    this.#process = child
    let failure: Error | undefined
    child.once('error', error => (failure = error))
    child.once('exit', () => (failure ??= new Error('it ended at once')))
    try {
      this.version = await firstAnswer(this.url, () => failure)
    } catch (error) {
      throw new Error(`${this.#binaries.postgres} did not start:\n${this.#lastWords()}`, {
        cause: error,
      })
    }
  }

  async kill(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return
    child.ref()
    const ended = once(child, 'exit')
    // Its own word for an end without goodbye; its processes end with it, and the next start recovers.
    child.kill('SIGQUIT')
    await ended
  }

  async stop(): Promise<void> {
    await this.kill()
    this.remove()
  }

  /** The synchronous end, for a process that is ending. */
  remove(): void {
    endWithProcess.delete(this)
    this.#process?.kill('SIGQUIT')
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

/** `15.18` */
export async function versionOf(url: string): Promise<string> {
  const { rows } = await withClient(url, client => client.query('show server_version'))
  const { server_version: version } = rows[0] as { server_version: string }
  return version.split(' ')[0]!
}

export async function administer(url: string, sql: string): Promise<void> {
  await withClient(url, client => client.query(sql))
}

async function withClient<R>(url: string, work: (client: Client) => Promise<R>): Promise<R> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
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
