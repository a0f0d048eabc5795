import { Chain, type Link } from '../support/chain.js'
import { settledWithin } from '../support/settled-within.js'

/** Something that runs in a scope and can be called off: a request, a job. */
export interface Work {
  abort(reason: unknown): void
}

class Running implements Link<Running> {
  chain: Chain<Running> | undefined
  previous: Running | undefined
  next: Running | undefined
  readonly work: Work

  constructor(work: Work) {
    this.work = work
  }
}

/** After work was called off it is waited for once more, at most so long (ms). */
const LAST_MOMENT = 1000

/** What runs in the scopes of a container, so that its end can wait (S9). */
export class WorkInFlight {
  readonly #running = new Chain<Running>()
  #becameIdle: (() => void) | undefined

  get isRunning(): boolean {
    return this.#running.size > 0
  }

  /** @returns ends the work */
  begin(work: Work): () => void {
    const running = new Running(work)
    this.#running.add(running)
    return () => {
      this.#running.delete(running)
      if (this.#running.size === 0) this.#becameIdle?.()
    }
  }

  /** Waits `grace` ms for what runs, then calls it off and waits a last moment. */
  async end(grace: number, reason: unknown): Promise<void> {
    const idle = new Promise<void>(resolve => {
      this.#becameIdle = resolve
    })
    if (await settledWithin(idle, grace)) return
    for (const { work } of this.#running) work.abort(reason)
    await settledWithin(idle, LAST_MOMENT)
  }
}
