import { disposersFailed } from '../errors.js'
import { throwAll, type Remains } from '../scope/disposal.js'
import type { LeaseEnd, Leased, Lend } from './leased.js'

type Report = (how: string) => void

/** The contexts of a factory that have not ended. */
export class LiveLeases<C> {
  /** How to report those that their maker should have ended. */
  readonly #all = new Map<LeaseEnd, Report | undefined>()
  readonly #inWork = new InWork()

  get size(): number {
    return this.#all.size
  }

  /** What is left of them when their scope was dropped; those that are watched are told and recovered one by one (C8). */
  get remains(): Remains {
    return this.#inWork
  }

  /** @param isWatched whether its maker must dispose it */
  take(lend: Lend<C>, signal: AbortSignal | undefined, isWatched: boolean): Leased<C> {
    // What a lease calls at its end may not hold the factory, and with it the scope (S4).
    const place = new Place(this.#all, this.#inWork)
    const leased = lend(signal, () => place.leave())
    place.enter(leased, isWatched)
    return leased
  }

  /** Ends what its makers did not (C8). @param label what they are in messages */
  async endAll(reason: string, label: string): Promise<void> {
    const errors: unknown[] = []
    for (const [lease, report] of this.#all) {
      report?.(`was ${reason}`)
      await lease.dispose(reason).catch((error: unknown) => errors.push(error))
    }
    throwAll(errors, count => disposersFailed(label, count))
  }
}

/** One lease's place in the lists. */
class Place {
  readonly #all: Map<LeaseEnd, Report | undefined>
  readonly #inWork: InWork
  #lease: LeaseEnd | undefined
  #remains: Remains | undefined

  constructor(all: Map<LeaseEnd, Report | undefined>, inWork: InWork) {
    this.#all = all
    this.#inWork = inWork
  }

  enter(leased: Leased<unknown>, isWatched: boolean): void {
    this.#lease = leased.lease
    this.#all.set(leased.lease, isWatched ? leased.watch() : undefined)
    if (isWatched) return
    this.#remains = leased.remains
    this.#inWork.add(leased.remains)
  }

  leave(): void {
    if (this.#lease) this.#all.delete(this.#lease)
    if (this.#remains) this.#inWork.delete(this.#remains)
  }
}

/** Contexts of `use` and `parallel`. */
class InWork implements Remains {
  readonly #all = new Set<Remains>()

  add(remains: Remains): void {
    this.#all.add(remains)
  }

  delete(remains: Remains): void {
    this.#all.delete(remains)
  }

  get left(): readonly string[] {
    return Array.from(this.#all, remains => remains.left).flat()
  }

  async recover(): Promise<void> {
    for (const remains of this.#all) await remains.recover()
  }
}
