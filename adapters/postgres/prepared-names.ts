import type { Columns } from './columns.js'

/** How many statements a connection keeps prepared on its server. */
export const MOST_NAMES = 256

/** A statement that the server of a connection knows by a name. */
export interface Prepared {
  readonly name: string
  /** As the server described them; it refuses to run the statement when they have changed. */
  columns: Columns | undefined
  /** When it was used last: the count of all uses then. */
  used: number
}

/** The names under which the server knows statements of one connection; the one that was not used for longest goes first. */
export class PreparedNames {
  readonly #known = new Map<string, Prepared>()
  #uses = 0
  /** What the server is told to forget with the next prepared statement. */
  #forgotten: string[] = []

  /** To be called for each use. */
  use(name: string): Prepared {
    let prepared = this.#known.get(name)
    if (!prepared) {
      if (this.#known.size === MOST_NAMES) this.forget(this.#oldest())
      prepared = { name, columns: undefined, used: 0 }
      this.#known.set(name, prepared)
    }
    prepared.used = ++this.#uses
    return prepared
  }

  forget(name: string): void {
    if (this.#known.delete(name)) this.#forgotten.push(name)
  }

  forgetAll(): void {
    for (const name of this.#known.keys()) this.forget(name)
  }

  /** What has to be told, once. */
  takeForgotten(): readonly string[] {
    if (this.#forgotten.length === 0) return NONE
    const names = this.#forgotten
    this.#forgotten = []
    return names
  }

  #oldest(): string {
    let oldest: Prepared | undefined
    for (const prepared of this.#known.values())
      if (!oldest || prepared.used < oldest.used) oldest = prepared
    return oldest!.name
  }
}

const NONE: readonly string[] = []
