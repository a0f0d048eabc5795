import { tracingChannel } from 'node:diagnostics_channel'
import type { Messages, OperationMessage } from 'mayfly'

const CHANNELS = [
  'mayfly:scope',
  'mayfly:context',
  'mayfly:operation',
  'mayfly:connection',
  'mayfly:hold',
  'mayfly:transaction',
  'mayfly:refused',
] as const satisfies readonly (keyof Messages)[]

type Told = Messages[keyof Messages]

/** Sees from outside that each context runs one operation at a time (C2), and that everything that is told of has one start and one end (D1). */
export class OperationWatch {
  readonly #running = new Map<string, string[]>()
  /** What has begun, in words, by channel and number. */
  readonly #begun = new Map<string, string>()
  readonly #wrong: string[] = []
  readonly #mayOverlap: (context: string) => boolean

  constructor(mayOverlap: (context: string) => boolean) {
    this.#mayOverlap = mayOverlap
  }

  /** What is wrong, once nothing should run any more. */
  get violations(): string[] {
    return [...this.#wrong, ...Array.from(this.#begun.values(), words => `${words} has no end`)]
  }

  async during(work: () => Promise<unknown>): Promise<void> {
    const stops = CHANNELS.map(name => this.#listen(name))
    try {
      await work()
    } finally {
      for (const stop of stops) stop()
    }
  }

  #listen(name: (typeof CHANNELS)[number]): () => void {
    const handlers = {
      start: (message: Told) => this.#start(name, message),
      end() {},
      asyncStart() {},
      asyncEnd: (message: Told) => this.#end(name, message),
      error() {},
    }
    const channel = tracingChannel<Told, Told>(name)
    channel.subscribe(handlers)
    return () => channel.unsubscribe(handlers)
  }

  #start(name: string, message: Told): void {
    const key = `${name} ${message.id}`
    if (this.#begun.has(key)) this.#wrong.push(`${wordsOf(name, message)} began twice`)
    this.#begun.set(key, wordsOf(name, message))
    if (name === 'mayfly:operation') this.#startOperation(message as OperationMessage)
  }

  #end(name: string, message: Told): void {
    if (!this.#begun.delete(`${name} ${message.id}`))
      this.#wrong.push(`${wordsOf(name, message)} ended, and had no start`)
    if (message.duration === undefined || ('outcome' in message && !message.outcome))
      this.#wrong.push(`${wordsOf(name, message)} ended without saying how`)
    if (name === 'mayfly:operation') this.#endOperation(message as OperationMessage)
  }

  #startOperation({ context, kind }: OperationMessage): void {
    const running = this.#running.get(context) ?? []
    if (running.length > 0 && !this.#mayOverlap(context))
      this.#wrong.push(`${kind} of ${context} began during its ${running.join(', ')}`)
    this.#running.set(context, [...running, kind])
  }

  #endOperation({ context, kind }: OperationMessage): void {
    const running = this.#running.get(context) ?? []
    if (running.includes(kind)) running.splice(running.indexOf(kind), 1)
  }
}

/** `query of Refusing#6`, `hold of Queueing#7`, `scope nightly`. */
function wordsOf(name: string, message: Told): string {
  const what = name === 'mayfly:operation' ? (message as OperationMessage).kind : name.slice(7)
  const context = 'context' in message ? message.context : undefined
  return `${what} of ${context ?? message.scope ?? 'the container'}`
}
