import { wishFor } from './choice.js'
import { mysqlAbsent, mysqlServers } from './mysql-run.js'

/** Before the first test of a run: says what it is about to run on, and what not. */
export function mochaGlobalSetup(): void {
  console.log(`  ${summary()}`)
  if (mysqlAbsent.length > 0) console.log(`  not on ${mysqlAbsent.join(', ')}`)
}

/** After the last one, also after a failure. */
export async function mochaGlobalTeardown(): Promise<void> {
  console.log(`  ${summary()}\n`)
  await Promise.all(mysqlServers.map(server => server.stop()))
}

function summary(): string {
  const sqlite = wishFor('sqlite') === 'unwanted' ? [] : [`SQLite ${process.versions['sqlite']}`]
  const on = [...sqlite, ...mysqlServers.map(({ title }) => title)]
  return `runs on Node ${process.versions.node}, ${on.join(', ')}`
}
