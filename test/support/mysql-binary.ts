import { execFile } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { repository } from './repository.js'

const run = promisify(execFile)

const FOLDERS = [
  '/usr/sbin',
  '/usr/local/sbin',
  '/usr/libexec',
  '/usr/local/mysql/bin',
  '/opt/homebrew/bin',
]

/** Where `get-mysql.sh` puts one unless it is told another folder. */
const FETCHED = join(repository, '.servers/mysql/mysqld')

/** The two that speak MySQL's protocol. */
export type Flavour = 'MariaDB' | 'MySQL'

/** A server that can be started. */
export interface ServerBinary {
  readonly flavour: Flavour
  /** `10.11.19`, `9.7.4`. */
  readonly version: string
  readonly path: string
  /** The command that makes an empty data directory with a root who has no password. */
  readonly initialise: readonly string[]
}

/** A server of this machine: the one that `MYSQLD` names, one in the PATH, or one that was fetched. */
export async function installedServer(flavour: Flavour): Promise<ServerBinary | undefined> {
  const given = process.env['MYSQLD']
  const paths =
    flavour === 'MariaDB' ? [find('mariadbd'), find('mysqld')] : [find('mysqld'), FETCHED]
  for (const path of [given, ...paths]) {
    if (path === undefined || !existsSync(path)) continue
    const server = await serverAt(path)
    if (server?.flavour === flavour) return server
  }
  if (given && !existsSync(given)) throw new Error(`MYSQLD names ${given}, which is not there.`)
  return undefined
}

async function serverAt(path: string): Promise<ServerBinary | undefined> {
  const { stdout } = await run(path, ['--no-defaults', '--version'])
  const version = /Ver (\d[\d.]*)/.exec(stdout)?.[1] ?? 'of an unknown version'
  return stdout.includes('MariaDB') ? mariadbAt(path, version) : mysqlAt(path, version)
}

function mysqlAt(path: string, version: string): ServerBinary {
  const initialise = [path, '--no-defaults', '--initialize-insecure', '--skip-log-bin']
  return { flavour: 'MySQL', version, path, initialise }
}

function mariadbAt(path: string, version: string): ServerBinary | undefined {
  const installer = find('mariadb-install-db') ?? find('mysql_install_db')
  const options = [
    '--no-defaults',
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    '--skip-name-resolve',
  ]
  if (installer === undefined) return undefined
  return { flavour: 'MariaDB', version, path, initialise: [installer, ...options] }
}

function find(command: string): string | undefined {
  return [...(process.env['PATH'] ?? '').split(delimiter), ...FOLDERS]
    .map(folder => join(folder, command))
    .find(path => existsSync(path))
}

/**
 * Installs mariadb-server where that is a matter of one command; its service is kept from starting.
 */
export async function installMariadb(): Promise<ServerBinary> {
  if (process.getuid?.() !== 0 || !find('apt-get')) throw noMariadb()
  console.log(
    'No MariaDB was found: installing mariadb-server with apt-get. MAYFLY_SKIP_MYSQL=1 goes without.',
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
    throw noMariadb(error)
  } finally {
    if (!guarded) rmSync(guard)
  }
  const found = await installedServer('MariaDB')
  if (!found) throw noMariadb()
  return found
}

function noMariadb(cause?: unknown): Error {
  return new Error(
    'The tests need a MariaDB, and there is none. Choose: install mariadb-server (the tests start a private one), or ' +
      'MYSQL_URL=mysql://user:password@host:3306 (a MariaDB or MySQL, and a user who may create databases), or ' +
      'MAYFLY_SERVER=mysql (the tests run on a MySQL alone), or MAYFLY_SKIP_MYSQL=1 to run the other tests.',
    { cause },
  )
}

/** What to do about a MySQL that is not there. */
export const HOW_TO_GET_MYSQL =
  'there is none in the PATH, in MYSQLD or in .servers/mysql; on Debian, test/support/get-mysql.sh fetches one, without root'
