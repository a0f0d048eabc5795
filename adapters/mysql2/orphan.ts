import { setTimeout as delay } from 'node:timers/promises'
import type { Control } from './control.js'
import { isServerError } from './failure.js'

/**
 * A session of the server whose client closed the socket while a statement ran; the server goes on
 * with it for nobody.
 */
export interface Orphan {
  readonly id: number
  /** The client's port, as the server saw it; none for a local socket. */
  readonly port: number | undefined
  /** The server's address; none for a local socket. */
  readonly server: string | undefined
}

interface Process {
  readonly Id: number
  readonly Host: string
}

/** How long it is tried to end an orphan (ms). */
const PATIENCE = 30_000
/** How long it waits where the server could not be reached, or had no place (ms). */
const PAUSE = 250
/** How long it waits for a kill to have an effect, the first time and later (ms). */
const PAUSES = [10, 25, 50, 100, 200]

/**
 * Kills orphans, and with them their transactions and locks (X5), over one connection of its own. A
 * kill may come to nothing, and the server may have no place for that connection just then, so it is
 * tried until the orphan is gone, but not for ever.
 */
export class Orphans {
  readonly #openControl: () => Promise<Control>
  /** Each with the time when it is given up, in the time of `performance.now()`. */
  readonly #left = new Map<Orphan, number>()
  #ending: Promise<void> | undefined
  #control: Control | undefined

  constructor(openControl: () => Promise<Control>) {
    this.#openControl = openControl
  }

  /** Resolves when it is gone, or was given up. Never rejects. */
  end(orphan: Orphan): Promise<void> {
    this.#left.set(orphan, performance.now() + PATIENCE)
    return (this.#ending ??= this.#endAll())
  }

  /** Resolves when none is left. */
  get ended(): Promise<void> {
    return this.#ending ?? Promise.resolve()
  }

  /** Gives those up that are left. */
  stop(): void {
    this.#left.clear()
  }

  async #endAll(): Promise<void> {
    for (let round = 0; this.#left.size > 0; round++) {
      let pause = PAUSES[Math.min(round, PAUSES.length - 1)]!
      try {
        this.#control ??= await this.#openControl()
        await this.#killAll(this.#control)
      } catch {
        pause = PAUSE
        this.#endControl()
      }
      for (const [orphan, until] of this.#left)
        if (until < performance.now()) this.#left.delete(orphan)
      if (this.#left.size > 0) await delay(pause)
    }
    this.#endControl()
    this.#ending = undefined
  }

  /**
   * Behind a proxy an id may be that of another session on another server, so the server and the
   * client's port must be the same as well.
   */
  async #killAll(control: Control): Promise<void> {
    const processes = await control.ask<Process[]>('show processlist')
    for (const orphan of this.#left.keys()) {
      if (orphan.server !== control.server) throw new Error('The name leads to several servers.')
      if (processes.some(process => isOrphan(process, orphan))) await kill(control, orphan)
      else this.#left.delete(orphan)
    }
  }

  #endControl(): void {
    this.#control?.end()
    this.#control = undefined
  }
}

async function kill(control: Control, { id }: Orphan): Promise<void> {
  try {
    await control.ask(`kill ${id}`)
  } catch (error) {
    // The next look tells whether it is gone; a server may also refuse a kill for no reason.
    if (!isServerError(error)) throw error
  }
}

function isOrphan({ Id, Host }: Process, { id, port }: Orphan): boolean {
  return Id === id && (port === undefined ? Host === 'localhost' : Host.endsWith(`:${port}`))
}
