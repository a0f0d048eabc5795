/** `npm run bench [-- --rounds 7 --ms 300 --only text]`: every row, its candidates in turn, in a new random order each round. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Engine } from './engine.js'
import { rows } from './rows.js'
import { startServer, type RunningServer } from './servers.js'
import { printTable, summarise, type RowResult } from './report.js'
import type { Measurement, Row } from './row.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    ms: { type: 'string', default: '400' },
    only: { type: 'string', default: '' },
    save: { type: 'string', default: 'bench/results/latest.json' },
  },
})
const rounds = Number(values.rounds)
const duration = Number(values.ms)
/** How long each candidate runs before it is measured (ms): a server runs for days, and in its first seconds mostly compiles. */
const WARM_UP = 4000

const servers = new Map<Engine, RunningServer | undefined>()
const results: RowResult[] = []
try {
  for (const row of rows.filter(({ title }) => title.includes(values.only))) {
    const server = row.engine && (await serverOf(row.engine))
    if (row.engine && !server) continue
    results.push(summarise(row, await measureRow(row, server?.url ?? '')))
    printTable(results.slice(-1))
  }
} finally {
  for (const server of servers.values()) await server?.stop()
}
console.log()
printTable(results)
const titles = [...servers.values()].flatMap(server => server?.title ?? [])
const saved = fileURLToPath(new URL(`../${values.save}`, import.meta.url))
mkdirSync(new URL('.', `file://${saved}`), { recursive: true })
const machine = {
  node: process.version,
  cpus: cpus().length,
  servers: titles,
  rounds,
  ms: duration,
}
writeFileSync(saved, `${JSON.stringify({ machine, results }, null, 2)}\n`)
console.log(
  `\nNODE_ENV=production, ${[`Node ${process.version}`, ...titles].join(', ')}; saved in ${values.save}`,
)

async function measureRow(row: Row, url: string): Promise<Map<string, Measurement[]>> {
  const children = new Map<string, ChildProcess>()
  for (const name of Object.keys(row.candidates)) {
    const child = fork(
      fileURLToPath(new URL('child.ts', import.meta.url)),
      [row.title, name, url],
      {
        env: {
          ...process.env,
          NODE_ENV: row.inDevelopment?.includes(name) ? 'development' : 'production',
        },
      },
    )
    await once(child, 'message')
    children.set(name, child)
  }
  const measured = new Map<string, Measurement[]>()
  for (let round = -Math.ceil(WARM_UP / duration); round < rounds; round++) {
    for (const [name, child] of shuffled([...children])) {
      child.send(duration)
      const [measurement] = (await once(child, 'message')) as [Measurement]
      if (round >= 0) measured.set(name, [...(measured.get(name) ?? []), measurement])
    }
  }
  for (const child of children.values()) {
    child.send('end')
    await once(child, 'exit')
  }
  return measured
}

function shuffled<T>(items: T[]): T[] {
  return items
    .map(item => ({ item, order: Math.random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item)
}

async function serverOf(engine: Engine): Promise<RunningServer | undefined> {
  if (!servers.has(engine)) servers.set(engine, await startServer(engine))
  return servers.get(engine)
}
