import { mysqlSummary, startSharedServer, stopSharedServer } from './mysql-server.js'

/** Before the first test of a run. */
export async function mochaGlobalSetup(): Promise<void> {
  await startSharedServer()
}

/** After the last one, also after a failure. */
export async function mochaGlobalTeardown(): Promise<void> {
  const sqlite = `SQLite ${process.versions['sqlite'] ?? 'of Node'}`
  console.log(`  ran on Node ${process.versions.node}, ${mysqlSummary()}, ${sqlite}\n`)
  await stopSharedServer()
}
