import type { Context } from 'mocha'
import { wishFor } from './choice.js'
import { startExpectedServers } from './expected-servers.js'
import { mysqlAbsent, mysqlServers } from './mysql-run.js'
import { postgresAbsent, postgresServers } from './postgres-run.js'

const servers = [...mysqlServers, ...postgresServers]
const hasSqlite = wishFor('sqlite') !== 'unwanted'
const absent = [
  ...(hasSqlite ? [] : ['SQLite (it was not asked for)']),
  ...mysqlAbsent,
  ...postgresAbsent,
]

/** Before the first test of a run: says what it is about to run on, and what not. */
export function mochaGlobalSetup(): void {
  console.log(`  ${summary()}`)
  if (absent.length > 0) console.log(`  not on ${absent.join(', ')}`)
}

/** In each process that runs tests: servers start side by side, and not in the time of a test's own hook. */
export const mochaHooks = {
  async beforeAll(this: Context): Promise<void> {
    this.timeout(120_000)
    await startExpectedServers()
  },
}

/** After the last one, also after a failure. */
export async function mochaGlobalTeardown(): Promise<void> {
  console.log(`  ${summary()}\n`)
  await Promise.all(servers.map(server => server.stop()))
}

function summary(): string {
  const sqlite = hasSqlite ? [`SQLite ${process.versions['sqlite']}`] : []
  const on = [...sqlite, ...servers.map(({ title }) => title)]
  return `runs on Node ${process.versions.node}, ${on.join(', ')}`
}
