/** How many statements a connection keeps prepared on its server. */
export const MOST_NAMES = 256

/** The names under which the server knows statements of one connection; the one that was not used for longest goes first. */
export class PreparedNames {
  /** In the order of their last use. */
  readonly #known = new Set<string>()
  /** What the server is told to forget with the next prepared statement. */
  #forgotten: string[] = []

  /** To be called for each use. */
  use(name: string): void {
    this.#known.delete(name)
    this.#known.add(name)
    if (this.#known.size <= MOST_NAMES) return
    const [oldest] = this.#known
    this.forget(oldest!)
  }

  forget(name: string): void {
    if (this.#known.delete(name)) this.#forgotten.push(name)
  }

  /** What has to be told, once. */
  takeForgotten(): readonly string[] {
    if (this.#forgotten.length === 0) return NONE
    const names = this.#forgotten
    this.#forgotten = []
    return names
  }
}

const NONE: readonly string[] = []
