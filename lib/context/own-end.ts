import { AsyncLocalStorage } from 'node:async_hooks'
import { withSuppressed } from '../errors.js'
import type { LeaseEnd, LeaseOwner } from './leased.js'

/** The two ways to end an object. */
export interface Endable {
  dispose(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** What ends with it. */
type OwnedLease = LeaseEnd & { readonly owner: LeaseOwner }

/** Which one of them runs right now, and everything that it calls. */
const running = new AsyncLocalStorage<OwnEnd>()

/**
 * The end of a context whose class has a `dispose` or `[Symbol.asyncDispose]` of its own: that runs once and first, while the lease is good, whoever
 * ends the context; and the lease ends whatever it did (C6).
 */
export class OwnEnd {
  readonly #context: Endable
  readonly #lease: OwnedLease
  readonly #prototype: Endable
  readonly #overridesSymbol: boolean
  #inner: Promise<void> | undefined
  #ending: Promise<void> | undefined

  /**
   * Gives a new context an end of its own, where its class has one.
   * @param prototype the class's, as it was called with `new`
   * @param base what the class might have overridden
   */
  static of(
    context: Endable,
    lease: OwnedLease,
    prototype: Endable,
    base: Endable,
  ): OwnEnd | undefined {
    const overridesSymbol = prototype[Symbol.asyncDispose] !== base[Symbol.asyncDispose]
    if (!overridesSymbol && prototype.dispose === base.dispose) return undefined
    return new OwnEnd(context, lease, prototype, overridesSymbol)
  }

  private constructor(
    context: Endable,
    lease: OwnedLease,
    prototype: Endable,
    overridesSymbol: boolean,
  ) {
    this.#context = context
    this.#lease = lease
    this.#prototype = prototype
    this.#overridesSymbol = overridesSymbol
    const value = () => this.#endByUser()
    const member = { value, configurable: true, writable: true }
    Object.defineProperties(context, { dispose: member, [Symbol.asyncDispose]: member })
  }

  /**
   * The end as a scope or a factory holds it. A maker who can forget his context holds it alone (C8): what he forgot cannot run anything any more,
   * and only its lease ends.
   */
  get held(): LeaseEnd {
    if (this.#lease.owner === 'caller') return heldWeakly(new WeakRef(this), this.#lease)
    const { scopeLabel } = this.#lease
    return { isForeign: true, scopeLabel, dispose: reason => this.end(reason) }
  }

  end(reason: string): Promise<void> {
    return (this.#ending ??= this.#end(reason))
  }

  /** `dispose()` from outside; inside of the own one, it is the other half of it. */
  #endByUser(): Promise<void> {
    if (running.getStore() === this) {
      if (!this.#overridesSymbol) return Promise.resolve()
      return (this.#inner ??= Promise.resolve(this.#prototype.dispose.call(this.#context)))
    }
    return this.#lease.owner === 'caller' ? this.end('disposed by its owner') : Promise.resolve()
  }

  async #end(reason: string): Promise<void> {
    try {
      await running.run(this, () => this.#run())
    } catch (error) {
      const late = await this.#lease.dispose(reason).then(
        () => [],
        (failure: unknown) => [failure],
      )
      throw withSuppressed(error, late)
    }
    await this.#lease.dispose(reason)
  }

  async #run(): Promise<void> {
    const { dispose, [Symbol.asyncDispose]: disposeBySymbol } = this.#prototype
    await (this.#overridesSymbol ? disposeBySymbol : dispose).call(this.#context)
  }
}

/** A function of its own, because functions that are made side by side keep alive what one of them needs. */
function heldWeakly(end: WeakRef<OwnEnd>, lease: OwnedLease): LeaseEnd {
  return {
    isForeign: true,
    scopeLabel: lease.scopeLabel,
    dispose: reason => end.deref()?.end(reason) ?? lease.dispose(reason),
  }
}
