import { Chain } from '../support/chain.js'
import type { Place } from './place.js'
import type { Waiter } from './waiter.js'

/** Those whose turn has not come, and the order of their turns. (That the order is an object of its own is p-queue's idea.) */
export interface Line extends Iterable<Waiter> {
  readonly size: number
  add(waiter: Waiter): void
  /** Does nothing where it does not wait here. */
  delete(waiter: Waiter): void
  /** Takes out whoever is next. */
  next(): Waiter | undefined
}

/** First come, first served among the scopes that have the fewest places: one request's `parallel` cannot starve the others (X3). */
export class FairLine implements Line {
  readonly #waiters = new Chain<Waiter>()
  readonly #places: Chain<Place>

  constructor(places: Chain<Place>) {
    this.#places = places
  }

  get size(): number {
    return this.#waiters.size
  }

  add(waiter: Waiter): void {
    this.#waiters.add(waiter)
  }

  delete(waiter: Waiter): void {
    this.#waiters.delete(waiter)
  }

  next(): Waiter | undefined {
    const next = this.#first()
    if (next) this.#waiters.delete(next)
    return next
  }

  [Symbol.iterator](): Iterator<Waiter> {
    return this.#waiters[Symbol.iterator]()
  }

  #first(): Waiter | undefined {
    let next = this.#waiters.first
    if (!next || this.#waiters.size === 1 || !this.#hasShare(next.holder.scope)) return next
    const shares = this.#shares()
    let least = Infinity
    for (let waiter = this.#waiters.first; waiter && least > 0; waiter = waiter.next) {
      const share = shares.get(waiter.holder.scope) ?? 0
      if (share >= least) continue
      next = waiter
      least = share
    }
    return next
  }

  #hasShare(scope: object): boolean {
    for (let place = this.#places.first; place; place = place.next)
      if (place.holder.scope === scope && !place.isRetired) return true
    return false
  }

  /** How many places each scope has. */
  #shares(): Map<object, number> {
    const shares = new Map<object, number>()
    for (let place = this.#places.first; place; place = place.next) {
      const { scope } = place.holder
      if (!place.isRetired) shares.set(scope, (shares.get(scope) ?? 0) + 1)
    }
    return shares
  }
}
