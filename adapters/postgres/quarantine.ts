import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from 'pg'
import { settledWithin } from '../../lib/support/settled-within.js'
import type { PostgresConnection } from './connection.js'
import { sendCancel } from './cancel.js'
import { askToEnd } from './control.js'
import type { Running } from './wire.js'

/** How long a statement may take to end after it was cancelled (ms). Then its session is ended. */
const PATIENCE = 2_000
/** How long it waits for a cancel to have an effect, the first time and later (ms). */
const PAUSES = [10, 25, 50, 100, 200]
/** How many requests may come to nothing before a function of the server is asked in their place. */
const REQUESTS = 4

/**
 * Connections whose statement nobody waits for any more (X5): nothing is sent on them until it has
 * ended. A cancel that comes too early is lost, so it is repeated.
 */
export class Quarantine {
  readonly #pool: Pool
  readonly #inside = new Set<Promise<void>>()

  constructor(pool: Pool) {
    this.#pool = pool
  }

  /** Resolves when the connection may be closed. Never rejects. */
  async end(connection: PostgresConnection, running: Running): Promise<void> {
    const ending = this.#end(connection, running)
    this.#inside.add(ending)
    try {
      await ending
    } finally {
      this.#inside.delete(ending)
    }
  }

  /** Resolves when none is left. */
  async idle(): Promise<void> {
    await Promise.all(this.#inside)
  }

  async #end(connection: PostgresConnection, running: Running): Promise<void> {
    const { raw, runsCommand } = connection
    const until = performance.now() + PATIENCE
    // A commit that was cancelled may be stored nevertheless, so such statements are waited for.
    if (runsCommand) await settledWithin(running.ended, PATIENCE)
    for (let round = 0; running.runs && performance.now() < until; round++) {
      await this.#cancel(raw, running, round)
      const pause = PAUSES[Math.min(round, PAUSES.length - 1)]!
      await Promise.race([running.ended, delay(pause)])
    }
    if (running.runs) await askToEnd(this.#pool, raw, running, 'pg_terminate_backend')
  }

  async #cancel(raw: PostgresConnection['raw'], running: Running, round: number): Promise<void> {
    if (round < REQUESTS && (await sendCancel(raw, running))) return
    if (running.runs) await askToEnd(this.#pool, raw, running, 'pg_cancel_backend')
  }
}
