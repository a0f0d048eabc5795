import { Worker } from 'node:worker_threads'
import type { Answer, Failure, OpenSettings, Request } from './protocol.js'
import { settledWithin } from '../../lib/support/settled-within.js'
import { IN_SOURCE, workerFile } from './runtime.js'
import { CONNECTION_LOST } from './sqlite-error.js'

/** How long a thread that was told to end keeps the process alive (ms). */
const END_TIMEOUT = 5_000

/**
 * Keeps the flags and preloads of the process (`--import`, `--input-type`, an APM agent) out of the thread, which needs none
 * and would load them again for each connection. The thread's source is TypeScript that Node can strip by itself.
 */
const ISOLATED = {
  execArgv:
    IN_SOURCE && !process.features.typescript
      ? ['--experimental-strip-types', '--disable-warning=ExperimentalWarning']
      : [],
  env: { ...process.env, NODE_OPTIONS: '' },
}

/**
 * A worker thread and the requests that it has not answered yet. The thread keeps the process alive only while there are some.
 */
export class SqliteThread {
  /** The first answer: whether the database was opened. */
  readonly opened: Promise<Answer>
  /** As of the last answer. */
  inTransaction: boolean | undefined
  readonly #worker: Worker
  readonly #pending: ((answer: Answer) => void)[] = []
  #loss: Failure | undefined

  constructor({ location, readOnly, pragmas }: OpenSettings) {
    const workerData: OpenSettings = { location, readOnly, pragmas }
    this.#worker = new Worker(workerFile(), { workerData, name: 'mayfly-sqlite', ...ISOLATED })
    this.#worker.on('message', (answer: Answer) => this.#settle(answer))
    this.#worker.on('error', error => this.#lose(`its thread failed: ${error.message}`))
    this.#worker.on('exit', () => this.#lose('its thread has ended'))
    this.opened = this.#answer()
  }

  /** Whether the thread has ended, or is being ended. */
  get lost(): boolean {
    return this.#loss !== undefined
  }

  /** Never rejects: what went wrong is in the answer. */
  ask(request: Request): Promise<Answer> {
    if (this.#loss) return Promise.resolve({ failure: this.#loss })
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#worker.postMessage(request)
    return this.#answer()
  }

  /** Closes the database after what was asked before, then ends the thread. */
  async close(): Promise<void> {
    await this.ask({ kind: 'close' })
    await this.destroy()
  }

  /**
   * Ends the thread. What it has not answered is answered now, with a loss; resolves when the thread has ended, which waits for a
   * statement that SQLite is executing. Nobody can interrupt one, so after a while the thread keeps the process alive no longer.
   */
  async destroy(): Promise<void> {
    this.#lose('it was closed')
    const ended = this.#worker.terminate()
    if (!(await settledWithin(ended, END_TIMEOUT))) this.#worker.unref()
    await ended
  }

  #answer(): Promise<Answer> {
    this.#worker.ref()
    return new Promise(resolve => this.#pending.push(resolve))
  }

  #settle(answer: Answer): void {
    this.inTransaction = answer.inTransaction
    this.#pending.shift()?.(answer)
    if (this.#pending.length === 0) this.#worker.unref()
  }

  #lose(how: string): void {
    if (this.#loss) return
    this.#loss = { message: `The connection to SQLite is gone: ${how}.`, code: CONNECTION_LOST }
    for (const resolve of this.#pending.splice(0)) resolve({ failure: this.#loss })
  }
}
