import type { PoolCounts } from '../context/core-pool.js'
import type { Leased, LeaseEnd } from '../context/factory.js'
import {
  Registration,
  type CradleReader,
  type Described,
  type LeaseRequest,
} from './registration.js'

/** Makes sessions that are not Mayfly's: a fork of a MikroORM entity manager, a Drizzle handle. */
export interface ContextProvider<S, Cradle = any> {
  /** A session for one unit of work; synchronous. */
  create(cradle: Cradle): S
  /** Makes a session as good as new. A pool needs it (P7). */
  reset?(session: S): unknown
  /** Ends a session. */
  dispose?(session: S): unknown
}

/** A name whose sessions a provider makes. Mayfly gives them their lifetime; what they do is their own business. */
export class ProviderRegistration extends Registration<object> {
  readonly source = undefined
  readonly #provider: ContextProvider<object>
  readonly #idle: object[] = []
  #size = 0
  #leased = 0
  #created = 0
  #dropped = 0
  #closed = false

  constructor(described: Described, provider: ContextProvider<object>) {
    super(described)
    this.#provider = provider
  }

  /** Whether its sessions can be pooled (P7). */
  get canBePooled(): boolean {
    return typeof this.#provider.reset === 'function'
  }

  get counts(): PoolCounts {
    return {
      leased: this.#leased,
      idle: this.#idle.length,
      created: this.#created,
      dropped: this.#dropped,
    }
  }

  protected get makers(): CradleReader[] {
    return [{ by: this.#provider.create, position: 0, kind: 'asks', what: 'create' }]
  }

  protected lease({ scope, holder, isPooled, onEnd }: LeaseRequest): Leased<object> {
    const session = (isPooled ? this.#idle.pop() : undefined) ?? this.#create(holder)
    this.#leased++
    let ending: Promise<void> | undefined
    const lease: LeaseEnd = {
      isForeign: true,
      scopeLabel: scope.label,
      dispose: () => (ending ??= this.#end(session, isPooled).finally(() => onEnd?.())),
    }
    return { context: this.ready(session, holder, lease), lease, watch: () => () => {} }
  }

  protected resizePool(size: number): void {
    this.#size = size
  }

  protected async close(): Promise<void> {
    this.#closed = true
    for (const session of this.#idle.splice(0)) await this.#provider.dispose?.(session)
  }

  #create(holder: object): object {
    this.#created++
    return this.#provider.create(holder)
  }

  /** One that is not pooled, finds no place, or cannot be reset is disposed (P2, P3). */
  async #end(session: object, isPooled: boolean): Promise<void> {
    this.#leased--
    if (isPooled && !this.#closed && this.#idle.length < this.#size) {
      try {
        await this.#provider.reset!(session)
        if (!this.#closed && this.#idle.length < this.#size) {
          this.#idle.push(session)
          return
        }
      } catch (error) {
        this.#dropped++
        await this.#provider.dispose?.(session)
        throw error
      }
    }
    this.#dropped++
    await this.#provider.dispose?.(session)
  }
}
