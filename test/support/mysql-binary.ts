import { execFile } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const FOLDERS = [
  '/usr/sbin',
  '/usr/local/sbin',
  '/usr/libexec',
  '/usr/local/mysql/bin',
  '/opt/homebrew/bin',
]

/** A server that can be started. */
export interface ServerBinary {
  readonly path: string
  /** The command that makes an empty data directory with a root who has no password. */
  readonly initialise: readonly string[]
}

let binary: Promise<ServerBinary> | undefined

/** The server that tests start, installed first where that is a matter of one command. */
export function findServer(): Promise<ServerBinary> {
  return (binary ??= installedServer().then(found => found ?? installMariadb()))
}

/**
 * `MYSQLD` names a binary, `MAYFLY_SERVER` says `mysql` or `mariadb`; without either it is the
 * MariaDB of this machine, or else its MySQL.
 */
export async function installedServer(): Promise<ServerBinary | undefined> {
  const given = process.env['MYSQLD']
  if (given) return serverOf(given)
  const wanted = process.env['MAYFLY_SERVER']
  if (wanted === 'mysql') {
    const mysqld = find('mysqld')
    if (!mysqld || (await isMariadb(mysqld))) throw noMysql()
    return mysqlServer(mysqld)
  }
  if (wanted && wanted !== 'mariadb')
    throw new Error(`MAYFLY_SERVER is mysql or mariadb, not ${wanted}.`)
  const path = find('mariadbd') ?? find('mysqld')
  return path === undefined ? undefined : serverOf(path)
}

async function serverOf(path: string): Promise<ServerBinary | undefined> {
  return (await isMariadb(path)) ? mariadbServer(path) : mysqlServer(path)
}

async function isMariadb(path: string): Promise<boolean> {
  return (await run(path, ['--no-defaults', '--version'])).stdout.includes('MariaDB')
}

function mysqlServer(path: string): ServerBinary {
  return { path, initialise: [path, '--no-defaults', '--initialize-insecure', '--skip-log-bin'] }
}

function mariadbServer(path: string): ServerBinary | undefined {
  const installer = find('mariadb-install-db') ?? find('mysql_install_db')
  const options = [
    '--no-defaults',
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    '--skip-name-resolve',
  ]
  return installer === undefined ? undefined : { path, initialise: [installer, ...options] }
}

function find(command: string): string | undefined {
  return [...(process.env['PATH'] ?? '').split(delimiter), ...FOLDERS]
    .map(folder => join(folder, command))
    .find(path => existsSync(path))
}

/**
 * Installs mariadb-server where that is a matter of one command; its service is kept from starting.
 */
async function installMariadb(): Promise<ServerBinary> {
  if (process.getuid?.() !== 0 || !find('apt-get')) throw noServer()
  console.log(
    'No MySQL server was found: installing mariadb-server with apt-get. MAYFLY_SKIP_MYSQL=1 goes without.',
  )
  const guard = '/usr/sbin/policy-rc.d'
  const guarded = existsSync(guard)
  if (!guarded) writeFileSync(guard, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  try {
    await run('apt-get', ['update'], { env, maxBuffer: 2 ** 26 })
    await run('apt-get', ['install', '-y', '--no-install-recommends', 'mariadb-server'], {
      env,
      maxBuffer: 2 ** 26,
    })
  } catch (error) {
    throw noServer(error)
  } finally {
    if (!guarded) rmSync(guard)
  }
  const found = await installedServer()
  if (!found) throw noServer()
  return found
}

function noServer(cause?: unknown): Error {
  return new Error(
    'The tests need a MySQL or MariaDB server, and there is none. Choose: MYSQL_URL=mysql://user:password@host:3306 (a user ' +
      'who may create databases), or install mariadb-server (the tests start a private one), or MAYFLY_SKIP_MYSQL=1 to run ' +
      'the other tests.',
    { cause },
  )
}

function noMysql(): Error {
  return new Error(
    'MAYFLY_SERVER=mysql needs a mysqld of MySQL in the PATH, and there is none. On Debian, ' +
      'MYSQLD=$(test/support/get-mysql.sh FOLDER) fetches one into a folder, without root.',
  )
}
