import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DevTools } from './dev-tools.js'

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--remote-debugging-port=0',
]

/** Its processes may still write while it ends. */
const REMOVE = { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }

/** A headless Chromium with an empty profile. It ends with this process at the latest. */
export class Browser {
  readonly tools: DevTools
  readonly #exit: Promise<unknown>
  readonly #profile: string

  static async start(path: string): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), 'mayfly-browser-'))
    const child = spawn(path, [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const exit = new Promise(resolve => child.once('exit', resolve))
    const kill = () => child.kill('SIGKILL')
    process.once('exit', kill)
    void exit.then(() => process.off('exit', kill))
    try {
      return new Browser(exit, profile, await DevTools.connect(await address(child)))
    } catch (error) {
      kill()
      rmSync(profile, REMOVE)
      throw error
    }
  }

  private constructor(exit: Promise<unknown>, profile: string, tools: DevTools) {
    this.#exit = exit
    this.#profile = profile
    this.tools = tools
  }

  async stop(): Promise<void> {
    await this.tools.send('Browser.close').catch(() => {}) // It may have ended by itself.
    await this.#exit
    rmSync(this.#profile, REMOVE)
  }
}

/** What the browser prints when it can be driven. */
async function address(child: ChildProcess): Promise<string> {
  const failed = once(child, 'error').then(([error]) => Promise.reject(error as Error))
  failed.catch(() => {})
  const printed: string[] = []
  const lines = createInterface({ input: child.stderr! })
  const reading = (async () => {
    for await (const line of lines) {
      const url = /^DevTools listening on (ws:\S+)/.exec(line)?.[1]
      if (url) return url
      printed.push(line)
    }
    throw new Error(`The browser ended before it could be driven:\n${printed.join('\n')}`)
  })()
  const url = await Promise.race([reading, failed])
  child.stderr!.resume()
  return url
}
