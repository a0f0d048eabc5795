/**
 * Runs on one server what needs a database, and nothing else: `tsx test/support/run-on.ts mysql`.
 * What follows goes to mocha.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { installedServer } from './mysql-binary.js'
import { installedPostgres, installPostgres } from './postgres-binary.js'
import { serverRoomsOf, type ServerRoom } from './reached.js'
import { repository } from './repository.js'

/** The servers, and how one is fetched that this machine has not got. */
const SERVERS: Readonly<Record<string, () => Promise<void>>> = {
  mysql: fetchMysql,
  postgres: fetchPostgres,
}

const [server = '', ...options] = process.argv.slice(2)
const prepare = SERVERS[server]
if (!prepare) throw new Error(`Name a server: ${Object.keys(SERVERS).join(', ')}.`)
await prepare()

const specs = globSync('test/**/*.test.ts', { cwd: repository }).filter(needsDatabase).toSorted()
const { status } = spawnSync(
  process.execPath,
  [
    'node_modules/mocha/bin/mocha.js',
    '--no-config',
    '--import=tsx',
    '--require=test/support/setup.ts',
    '--timeout=40000',
    '--parallel',
    '--jobs=2',
    ...options,
    ...specs,
  ],
  { cwd: repository, stdio: 'inherit', env: { ...process.env, MAYFLY_SERVER: server } },
)
process.exitCode = status ?? 1

async function fetchMysql(): Promise<void> {
  if (process.env['MYSQL_URL'] || (await installedServer('MySQL'))) return
  execFileSync(join(import.meta.dirname, 'get-mysql.sh'), { stdio: 'inherit' })
}

/** With apt-get, as root. */
async function fetchPostgres(): Promise<void> {
  if (!process.env['POSTGRES_URL'] && !(await installedPostgres())) await installPostgres()
}

/** Whether a spec is about the databases of the run or this server. */
function needsDatabase(spec: string): boolean {
  const rooms = serverRoomsOf(spec)
  return rooms.has('databases') || rooms.has(`${server}-run` as ServerRoom)
}
