/** Runs one candidate of one row, as long as its parent says, and tells what it did. */
import { rows } from './rows.js'
import type { Measurement } from './row.js'

const [title, name, url] = process.argv.slice(2) as [string, string, string]
const { candidates, inFlight = 1 } = rows.find(row => row.title === title)!
const candidate = await candidates[name]!({ url })
const { batch = 1 } = candidate

async function measure(duration: number): Promise<Measurement> {
  const cpu = process.cpuUsage()
  const start = performance.now()
  const operations = candidate.drive
    ? await candidate.drive(duration)
    : await runFor(duration, candidate.run!.bind(candidate))
  const { user, system } = process.cpuUsage(cpu)
  return {
    operations,
    time: performance.now() - start,
    cpu: (user + system) / 1000,
    memory: process.memoryUsage.rss() / 2 ** 20,
    p99: await candidate.slowest?.(),
  }
}

async function runFor(duration: number, run: () => unknown): Promise<number> {
  const end = performance.now() + duration
  let operations = 0
  const worker = async () => {
    while (performance.now() < end) {
      await run()
      operations += batch
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  return operations
}

process.on('message', (duration: number | 'end') => {
  void (async () => {
    if (duration !== 'end') return process.send!(await measure(duration))
    await candidate.end?.()
    process.disconnect()
    return undefined
  })()
})
process.send!('ready')
