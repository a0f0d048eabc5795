import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const APPLICATIONS = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** Whether the run goes without a browser, because `MAYFLY_SKIP_BROWSER` says so. */
export const browserSkipped = Boolean(process.env['MAYFLY_SKIP_BROWSER'])

/** The path of a Chromium or Chrome; on Debian, as root, it is installed. @throws with the choices when there is none */
export async function findBrowser(): Promise<string> {
  const given = process.env['CHROME_PATH']
  if (given && !existsSync(given)) throw new Error(`CHROME_PATH names no file: ${given}`)
  return given || installed() || (await install())
}

function installed(): string | undefined {
  for (const command of COMMANDS) {
    const path = find(command)
    if (path) return path
  }
  return APPLICATIONS.find(path => existsSync(path))
}

function find(command: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map(folder => join(folder, command))
    .find(path => existsSync(path))
}

async function install(): Promise<string> {
  if (process.getuid?.() !== 0 || !find('apt-get')) throw noBrowser()
  console.log(
    'No browser was found: installing chromium with apt-get. MAYFLY_SKIP_BROWSER=1 goes without.',
  )
  const options = {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    maxBuffer: 2 ** 26,
  }
  try {
    await run('apt-get', ['update'], options)
    await run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], options)
  } catch (error) {
    throw noBrowser(error)
  }
  const path = installed()
  if (!path) throw noBrowser()
  return path
}

function noBrowser(cause?: unknown): Error {
  return new Error(
    "The tests of the demo's page need Chromium or Chrome, and there is none. Choose: CHROME_PATH=/path/to/chrome, or install " +
      'chromium, or MAYFLY_SKIP_BROWSER=1 to run the other tests.',
    { cause },
  )
}
