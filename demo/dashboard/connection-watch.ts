import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import type { ConnectionMessage } from 'mayfly'

/** Knows from Mayfly's diagnostics when a query had a connection. It listens until the container ends. */
export class ConnectionWatch implements Disposable {
  readonly #channel = tracingChannel<ConnectionMessage, ConnectionMessage>('mayfly:connection')
  readonly #followed = new AsyncLocalStorage<() => void>()
  readonly #waits = new WeakMap<ConnectionMessage, () => void>()

  constructor() {
    this.#channel.start.subscribe(this.#begun)
    this.#channel.asyncEnd.subscribe(this.#over)
  }

  /** Runs `work`, and calls `onConnection` when a query in it has got its connection. */
  follow<R>(work: () => Promise<R>, onConnection: () => void): Promise<R> {
    return this.#followed.run(onConnection, work)
  }

  [Symbol.dispose](): void {
    this.#channel.start.unsubscribe(this.#begun)
    this.#channel.asyncEnd.unsubscribe(this.#over)
  }

  /** Whose wait it is, the asynchronous flow tells: one context can be asked by several queries. */
  readonly #begun = (message: unknown): void => {
    const onConnection = this.#followed.getStore()
    if (onConnection) this.#waits.set(message as ConnectionMessage, onConnection)
  }

  readonly #over = (message: unknown): void => {
    const wait = message as ConnectionMessage
    if (!('error' in wait)) this.#waits.get(wait)?.()
  }
}
