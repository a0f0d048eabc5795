import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { isatty } from 'node:tty'
import { MayflyError } from 'mayfly'
import pc from 'picocolors'
import { createApp } from './app.js'
import { chart } from './chart.js'
import { compare } from './comparison.js'
import { createShopContainer } from './container.js'
import { modes } from './modes.js'
import { createProgress } from './progress.js'
import { seedOnce } from './seed.js'
import { RunningServer } from './server.js'
import { readSettings } from './settings.js'
import { StartError } from './start-error.js'
import { stopSignal } from './stop-signal.js'

const USER = 1
const ROUNDS = 7

async function main(stop: AbortSignal): Promise<void> {
  const { database, rows, port, once: onlyOnce } = readSettings(process.env, process.argv.slice(2))
  await using container = createShopContainer(database.dialect)

  const progress = createProgress(process.stdout, database.label)
  await seedOnce(container.cradle.shopFactory, rows, progress, stop)

  const name = await container.cradle.databaseName
  const runs = await compare(container, USER, ROUNDS, stop)
  console.log(`\nThree queries for the dashboard of user ${USER}:`)
  console.log(
    `the fastest of ${ROUNDS} runs, on ${availableParallelism()} cores, with the data in ${name},`,
  )
  console.log(`${database.label}\n`)
  console.log(chart(runs, pc.createColors(isatty(1) && pc.isColorSupported)))
  if (onlyOnce) return

  const server = await RunningServer.start(createApp(container), port)
  console.log(`\nThe same in a browser, until Ctrl-C:\n  ${server.url}\nand as JSON:`)
  for (const mode of modes) console.log(`  ${server.url}/dashboard/${USER}?mode=${mode}`)
  if (!stop.aborted) await once(stop, 'abort')
  await server.stop()
}

const stop = stopSignal()
try {
  await main(stop)
} catch (error) {
  if (error === stop.reason) process.exitCode = 130
  else if (error instanceof StartError || error instanceof MayflyError) {
    console.error(error.message)
    process.exitCode = 1
  } else throw error
}
