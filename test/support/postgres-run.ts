/** The PostgreSQL of this run. It is started by its first use, once. */
import { randomBytes } from 'node:crypto'
import { wishFor } from './choice.js'
import { HOW_TO_GET_POSTGRES, installedPostgres, installPostgres } from './postgres-binary.js'
import { administer, startServer, versionOf, type PostgresServer } from './postgres-server.js'

/** A server that tests share: each makes databases of its own on it. */
export interface SharedPostgres {
  /** `PostgreSQL 15.18 (/usr/lib/postgresql/15/bin/postgres)`, for people. */
  readonly title: string
  /** As a user who may create databases, with the database `postgres`. */
  url(): Promise<string>
  stop(): Promise<void>
}

export interface PostgresDatabase {
  readonly name: string
  readonly url: string
  drop(): Promise<void>
}

const absent: string[] = []

/** The one of this run, or none. */
export const postgresServers: readonly SharedPostgres[] = await serversOfRun()

/** What the run goes without, and why. */
export const postgresAbsent: readonly string[] = absent

/** Whether the run has no PostgreSQL. */
export const postgresSkipped = postgresServers.length === 0

/** A fresh database on the server of this run, or on `serverUrl`. */
export async function createPostgresDatabase(
  prefix: string,
  serverUrl?: string,
): Promise<PostgresDatabase> {
  const server = serverUrl ?? (await postgresServers[0]!.url())
  const name = `${prefix}_${randomBytes(6).toString('hex')}`
  const url = new URL(server)
  url.pathname = `/${name}`
  await administer(server, `create database "${name}"`)
  return {
    name,
    url: url.href,
    drop: () => administer(server, `drop database if exists "${name}" with (force)`),
  }
}

/** Whether {@link startPostgresServer} finds one without installing it. */
export async function canStartPostgres(): Promise<boolean> {
  return (await installedPostgres()) !== undefined
}

/** Starts a server that belongs to one test. @param settings `name=value` each */
export async function startPostgresServer(settings?: readonly string[]): Promise<PostgresServer> {
  return startServer((await installedPostgres()) ?? (await installPostgres()), settings)
}

async function serversOfRun(): Promise<SharedPostgres[]> {
  const wish = wishFor('postgres')
  const given = process.env['POSTGRES_URL']
  if (wish === 'unwanted') return noted('it was not asked for')
  if (given) return [await givenServer(given)]
  const installed = await installedPostgres()
  if (!installed && wish === 'welcome') return noted(HOW_TO_GET_POSTGRES)
  const binaries = installed ?? (await installPostgres())
  let server: Promise<PostgresServer> | undefined
  return [
    {
      title: `PostgreSQL ${binaries.version} (${binaries.postgres})`,
      url: async () => (await (server ??= startServer(binaries))).url,
      stop: async () => (await server)?.stop(),
    },
  ]
}

function noted(why: string): [] {
  absent.push(`PostgreSQL (${why})`)
  return []
}

async function givenServer(url: string): Promise<SharedPostgres> {
  const version = await versionOf(url).catch((error: unknown) => {
    throw new Error(`The server of POSTGRES_URL cannot be used: ${String(error)}`, { cause: error })
  })
  return {
    title: `PostgreSQL ${version} (POSTGRES_URL)`,
    url: () => Promise.resolve(url),
    stop: () => Promise.resolve(),
  }
}
