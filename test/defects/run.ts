/**
 * Seeds small defects into a copy of the sources, one at a time, and runs the tests that must catch them.
 *
 *   npm run test:defects                  all of them
 *   npm run test:defects -- waiter        those whose id, or file, contains `waiter`
 *   npm run test:defects -- --write-docs  all of them, and writes what was seen into docs/testing.md
 */
import { parseArgs } from 'node:util'
import type { Defect } from './defect.js'
import { defects } from './list/index.js'
import { catcher, writeDocs, type Catch } from './report.js'
import { killAll, runSpec, type SpecResult } from './run-spec.js'
import { serverRoomsOf } from '../support/reached.js'
import { applies, Scratch } from './scratch.js'

/** A spec file, and the defect that it must catch; without one it must pass. */
interface Job {
  readonly defect?: Defect
  readonly spec: string
}

const { values, positionals } = parseArgs({
  options: { 'write-docs': { type: 'boolean', default: false } },
  allowPositionals: true,
})
const wanted = ({ id, file }: Defect) =>
  positionals.length === 0 || positionals.some(part => id.includes(part) || file.includes(part))
const { NODE_ENV: _, MAYFLY_PATH: __, ...inherited } = process.env
const environment: NodeJS.ProcessEnv = {
  MAYFLY_HISTORIES: '1500',
  MAYFLY_REAL_HISTORIES: '300',
  MAYFLY_SEED: '1',
  MAYFLY_SHRINK: 'no',
  ...inherited,
}
/** Tests that set what is global on their server must not share it. */
const AT_ONCE = environment['MYSQL_URL'] ? 1 : 2
const withoutMysql = Boolean(environment['MAYFLY_SKIP_MYSQL'])

const scratches: Scratch[] = []
process.once('exit', () => {
  killAll()
  for (const scratch of scratches) scratch.remove()
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => process.exit(1))

process.exitCode = (await main()) ? 0 : 1

async function main(): Promise<boolean> {
  const chosen = defects.filter(wanted)
  if (chosen.length === 0)
    throw new Error(`No defect has ${positionals.join(' or ')} in its id or file.`)
  const stale = chosen.filter(defect => !applies(defect))
  for (const { id } of stale) console.log(`${id}: does not apply any more`)

  const specs = [...new Set(chosen.flatMap(({ caughtBy }) => caughtBy))].filter(canRun)
  console.log(`Without a defect: ${specs.length} spec files`)
  let sound = true
  await each(
    specs.map(spec => ({ spec })),
    ({ spec }, result) => {
      if (result.outcome === 'passed') return
      sound = false
      console.log(`${spec} must pass, but: ${words(result)}`)
    },
  )
  if (!sound) return false

  const seeded = chosen.filter(defect => !stale.includes(defect))
  console.log(`With one of ${seeded.length} defects each`)
  const catches: Catch[] = []
  let missed = 0
  await each(
    seeded.flatMap(defect => defect.caughtBy.filter(canRun).map(spec => ({ defect, spec }))),
    ({ defect, spec }, result) => {
      if (result.outcome === 'failed') {
        catches.push({ defect: defect!, spec, by: catcher(result) })
        console.log(`${defect!.id}: ${catcher(result)}`)
      } else {
        missed++
        console.log(`${defect!.id}: NOT CAUGHT by ${spec}: ${words(result)}`)
      }
    },
  )
  const skipped = seeded.filter(({ caughtBy }) => !caughtBy.some(canRun))
  for (const { id } of skipped) console.log(`${id}: not tried, because MAYFLY_SKIP_MYSQL is set`)
  const good = stale.length === 0 && missed === 0
  console.log(`${new Set(catches.map(({ defect }) => defect)).size} of ${chosen.length} caught`)
  if (values['write-docs'] && good && positionals.length === 0 && skipped.length === 0)
    await writeDocs(catches)
  return good
}

/** Runs the jobs, some of them at a time, each in a scratch copy of its own. */
async function each(
  jobs: readonly Job[],
  done: (job: Job, result: SpecResult) => void,
): Promise<void> {
  const queue = [...jobs]
  while (scratches.length < AT_ONCE) scratches.push(new Scratch())
  await Promise.all(
    scratches.map(async scratch => {
      for (let job = queue.shift(); job; job = queue.shift()) {
        const restore = job.defect && scratch.apply(job.defect)
        const result = await runSpec(scratch, job.spec, environmentOf(job))
        restore?.()
        done(job, result)
      }
    }),
  )
}

/** A spec gets the servers that it, or the defect, is about, and no others. */
function environmentOf({ defect, spec }: Job): NodeJS.ProcessEnv {
  if (environment['MAYFLY_SERVER'] || withoutMysql) return environment
  const rooms = serverRoomsOf(spec)
  const servers = ['sqlite']
  if (rooms.has('databases') || rooms.has('mysql-run')) servers.push('mariadb')
  if (rooms.has('postgres-run')) servers.push('postgres')
  if (defect?.on && rooms.has('databases')) servers.push(defect.on)
  return { ...environment, MAYFLY_SERVER: servers.join(',') }
}

function isOfMysql(spec: string): boolean {
  return spec.startsWith('test/adapters/mysql2/')
}

function canRun(spec: string): boolean {
  return !withoutMysql || !isOfMysql(spec)
}

function words(result: SpecResult): string {
  if (result.outcome === 'passed') return 'all its tests passed'
  return result.outcome === 'failed' ? `${result.test}: ${result.message}` : result.message
}
