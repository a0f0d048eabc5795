import { tracingChannel } from 'node:diagnostics_channel'

interface Message {
  readonly context: string
  readonly kind: string
}

/** Sees from outside that each context runs one operation at a time (C2), and that each start has its end (D1). */
export class OperationWatch {
  readonly #running = new Map<string, string[]>()
  readonly #wrong: string[] = []
  readonly #mayOverlap: (context: string) => boolean

  constructor(mayOverlap: (context: string) => boolean) {
    this.#mayOverlap = mayOverlap
  }

  /** What is wrong, once nothing should run any more. */
  get violations(): string[] {
    const left = [...this.#running].filter(([, kinds]) => kinds.length > 0)
    return [...this.#wrong, ...left.map(([context, [kind]]) => `${kind} of ${context} has no end`)]
  }

  async during(work: () => Promise<unknown>): Promise<void> {
    const channel = tracingChannel<Message, Message>('mayfly:operation')
    const handlers = {
      start: (message: Message) => this.#start(message),
      end() {},
      asyncStart() {},
      asyncEnd: (message: Message) => this.#end(message),
      error() {},
    }
    channel.subscribe(handlers)
    try {
      await work()
    } finally {
      channel.unsubscribe(handlers)
    }
  }

  #start({ context, kind }: Message): void {
    const running = this.#running.get(context) ?? []
    if (running.length > 0 && !this.#mayOverlap(context))
      this.#wrong.push(`${kind} of ${context} began during its ${running.join(', ')}`)
    this.#running.set(context, [...running, kind])
  }

  #end({ context, kind }: Message): void {
    const running = this.#running.get(context) ?? []
    if (!running.includes(kind)) this.#wrong.push(`${kind} of ${context} ended, and had no start`)
    else running.splice(running.indexOf(kind), 1)
  }
}
