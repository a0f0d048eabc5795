import { execFile } from 'node:child_process'
import { existsSync, globSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const FOLDERS = [
  '/usr/lib/postgresql/*/bin',
  '/usr/pgsql-*/bin',
  '/usr/local/pgsql/bin',
  '/opt/homebrew/opt/postgresql@*/bin',
]

/** The programs of a PostgreSQL server. */
export interface PostgresBinaries {
  /** `15.18` */
  readonly version: string
  readonly initdb: string
  readonly postgres: string
}

/** The user that a server runs as; `undefined` where it is the one of this process. */
export interface ServerUser {
  readonly uid: number
  readonly gid: number
}

/** `POSTGRES_BIN` names a folder; without it the newest of the machine is taken. */
export async function installedPostgres(): Promise<PostgresBinaries | undefined> {
  const given = process.env['POSTGRES_BIN']
  const folders = given
    ? [given]
    : [
        ...globSync(FOLDERS).toSorted(byVersion),
        ...(process.env['PATH'] ?? '').split(delimiter).filter(folder => folder !== ''),
      ]
  const folder = folders.find(
    path => existsSync(join(path, 'initdb')) && existsSync(join(path, 'postgres')),
  )
  if (folder === undefined) return undefined
  const postgres = join(folder, 'postgres')
  const { stdout } = await run(postgres, ['--version'])
  return {
    version: /\d+(?:\.\d+)*/.exec(stdout)![0],
    initdb: join(folder, 'initdb'),
    postgres,
  }
}

/** A server refuses to run as root, so it runs as the user that it was installed for, or nobody. */
export async function serverUser(): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined
  return (await userCalled('postgres')) ?? (await userCalled('nobody'))
}

async function userCalled(name: string): Promise<ServerUser | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])])
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
  } catch {
    return undefined
  }
}

function byVersion(a: string, b: string): number {
  const [x, y] = [a, b].map(path => Number(/(\d+)\/bin$/.exec(path)?.[1] ?? 0))
  return y! - x!
}

/** Installs postgresql where that is a matter of one command; its service is kept from starting. */
export async function installPostgres(): Promise<PostgresBinaries> {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) throw noServer()
  console.log(
    'No PostgreSQL server was found: installing postgresql with apt-get. MAYFLY_SERVER says what a run is about.',
  )
  const guard = '/usr/sbin/policy-rc.d'
  const guarded = existsSync(guard)
  if (!guarded) writeFileSync(guard, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  const options = {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    maxBuffer: 2 ** 26,
  }
  try {
    await run('apt-get', ['update'], options)
    await run('apt-get', ['install', '-y', '--no-install-recommends', 'postgresql'], options)
  } catch (error) {
    throw noServer(error)
  } finally {
    if (!guarded) rmSync(guard)
  }
  const found = await installedPostgres()
  if (!found) throw noServer()
  return found
}

/** What to do for a run on PostgreSQL. */
export const HOW_TO_GET_POSTGRES =
  'install postgresql (the tests start a private one; POSTGRES_BIN names its folder), or give ' +
  'POSTGRES_URL=postgres://user:password@host/postgres, of a user who may create databases'

function noServer(cause?: unknown): Error {
  return new Error(`This run needs a PostgreSQL: ${HOW_TO_GET_POSTGRES}.`, { cause })
}
