import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { repository } from '../support/repository.js'

/** Where tsx keeps what it has compiled: a folder of the demo's own must not make it begin anew. */
const COMPILED = `tsx-${process.geteuid?.() ?? ''}`

export interface DemoOptions {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Where the SQLite file is. */
  readonly folder: string
}

export interface DemoResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The demo as a person starts it, with little data. */
export class DemoProcess {
  static readonly #running = new Set<ChildProcess>()
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown[]>
  #stdout = ''
  #stderr = ''

  static run(options: DemoOptions): Promise<DemoResult> {
    return new DemoProcess(options).ended()
  }

  /** For after a test that failed. */
  static killAll(): void {
    for (const child of this.#running) child.kill('SIGKILL')
  }

  constructor({ args = [], env = {}, folder }: DemoOptions) {
    const compiled = join(folder, COMPILED)
    if (!existsSync(compiled)) symlinkSync(join(tmpdir(), COMPILED), compiled, 'junction')
    const { DATABASE_URL: _, PORT: __, FORCE_COLOR: ___, ...inherited } = process.env
    this.#child = spawn(process.execPath, ['--import', 'tsx', 'demo/dashboard/main.ts', ...args], {
      cwd: repository,
      env: {
        ...inherited,
        TMPDIR: folder,
        TMP: folder,
        TEMP: folder,
        MAYFLY_DEMO_ROWS: '2000',
        PORT: '0',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#closed = once(this.#child, 'close')
    DemoProcess.#running.add(this.#child)
    this.#child.once('exit', () => DemoProcess.#running.delete(this.#child))
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text))
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** The first group of what was printed, as soon as it matches. @throws when the program ends before */
  async printed(pattern: RegExp): Promise<string> {
    for (;;) {
      const match = pattern.exec(this.#stdout)
      if (match) return match[1] ?? match[0]
      const end = this.#closed.then(() => 'closed')
      const more = once(this.#child.stdout!, 'data').then(() => 'more')
      if ((await Promise.race([end, more])) === 'closed' && !pattern.test(this.#stdout)) {
        throw new Error(`The demo ended without ${pattern}:\n${this.#stdout}${this.#stderr}`)
      }
    }
  }

  /** The address of its server, once it listens. */
  async url(): Promise<string> {
    return this.printed(/(http:\/\/localhost:\d+)\/dashboard\/1\?mode=shared\n/)
  }

  async ended(): Promise<DemoResult> {
    const [code] = (await this.#closed) as [number | null]
    return { code, stdout: this.#stdout, stderr: this.#stderr }
  }
}
