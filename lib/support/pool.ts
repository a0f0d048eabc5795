/** What a pool holds and has done. Leased and idle are counted apart. */
export interface PoolCounts {
  readonly leased: number
  readonly idle: number
  /** Those that were made because the pool had none. */
  readonly created: number
  /** Those that did not come back: the pool was full, or they could not be made as good as new. */
  readonly dropped: number
}

/**
 * Keeps things between leases, apart for each source, so that none ever serves another one (P1). It never waits and never throws: empty, it has a
 * new one made; full, it lets the returning one go (P2). The idea is EF Core's `DbContextPool`.
 */
export class Pool<T> {
  size: number
  readonly #idle = new Map<object, T[]>()
  #idles = 0
  #leased = 0
  #created = 0
  #dropped = 0
  #closed = false

  /** @param size how many idle ones are kept, of all sources together; 0 keeps none */
  constructor(size: number) {
    this.size = size
  }

  get counts(): PoolCounts {
    return {
      leased: this.#leased,
      idle: this.#idles,
      created: this.#created,
      dropped: this.#dropped,
    }
  }

  /** Whether one that comes back now would be kept. */
  get hasRoom(): boolean {
    return !this.#closed && this.#idles < this.size
  }

  take<S extends object>(source: S, make: (source: S) => T): T {
    const idle = this.#idle.get(source)?.pop()
    if (idle !== undefined) this.#idles--
    const taken = idle ?? this.#make(source, make)
    this.#leased++
    return taken
  }

  /** Takes one back, or drops it, which costs no place. @returns whether it was kept */
  giveBack(source: object, returned: T, isAsGoodAsNew: boolean): boolean {
    this.#leased--
    if (!isAsGoodAsNew || !this.hasRoom) {
      this.#dropped++
      return false
    }
    const idle = this.#idle.get(source)
    if (idle) idle.push(returned)
    else this.#idle.set(source, [returned])
    this.#idles++
    return true
  }

  /** One that was taken never comes back. */
  lose(): void {
    this.#leased--
    this.#dropped++
  }

  /** Forgets a source that is closed, and what is idle of it. */
  drop(source: object): void {
    const dropped = this.#idle.get(source)?.length ?? 0
    this.#idle.delete(source)
    this.#idles -= dropped
    this.#dropped += dropped
  }

  /** Keeps nothing from now on. @returns what was idle */
  close(): T[] {
    this.#closed = true
    const idle = [...this.#idle.values()].flat()
    for (const source of this.#idle.keys()) this.drop(source)
    return idle
  }

  #make<S extends object>(source: S, make: (source: S) => T): T {
    const made = make(source)
    this.#created++
    return made
  }
}
