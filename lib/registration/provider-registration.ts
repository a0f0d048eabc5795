import type { Leased, LeaseEnd } from '../context/leased.js'
import type { Described } from './described.js'
import type { LeaseRequest } from './lease-request.js'
import { Registration, type CradleReader } from './registration.js'
import { disposersFailed, noSession, sessionIsPromise, withSuppressed } from '../errors.js'
import { throwAll, type Remains } from '../scope/disposal.js'
import type { Pool } from '../support/pool.js'

/** Makes sessions that are not Mayfly's: a fork of a MikroORM entity manager, a Drizzle handle. */
export interface ContextProvider<S, Cradle = any> {
  /** A session for one unit of work: an object or a function, at once. */
  create(cradle: Cradle): S
  /** Makes a session as good as new. A pool needs it. */
  reset?(session: S): unknown
  /** Ends a session. */
  dispose?(session: S): unknown
}

/** A name whose sessions a provider makes. Mayfly gives them their lifetime; what they do is their own business. */
export class ProviderRegistration extends Registration<object, object> {
  readonly sources = undefined
  readonly #provider: ContextProvider<object>

  constructor(described: Described, provider: ContextProvider<object>) {
    super(described)
    this.#provider = provider
  }

  /** Whether its sessions can be pooled (P7). */
  get canBePooled(): boolean {
    return typeof this.#provider.reset === 'function'
  }

  protected get makers(): CradleReader[] {
    return [{ by: this.#provider.create, position: 0, kind: 'asks', what: 'create' }]
  }

  protected lease({ scope, holder, isPooled, onEnd }: LeaseRequest): Leased<object> {
    const session = this.pool(isPooled).take(this, () => this.#create(holder))
    const remains = new SessionRemains(this.described.label, this.pool(isPooled))
    let ending: Promise<void> | undefined
    const lease: LeaseEnd = {
      isForeign: true,
      scopeLabel: scope.label,
      dispose: () => (ending ??= this.#end(session, isPooled, remains).finally(() => onEnd?.())),
    }
    const context = this.makeReady(session, holder, lease)
    return { context, lease, remains, watch: () => () => {} }
  }

  protected async close(idle: readonly object[]): Promise<void> {
    const errors: unknown[] = []
    for (const session of idle) await attempt(errors, () => this.#provider.dispose?.(session))
    throwAll(errors, count => disposersFailed(`the pool of ${this.described.label}`, count))
  }

  /** @throws RegistrationError for what nobody could use, reset or dispose as a session */
  #create(holder: object): object {
    const made: unknown = this.#provider.create(holder)
    const isSession = (typeof made === 'object' && made !== null) || typeof made === 'function'
    if (!isSession) throw noSession(this.described.label, made)
    if (typeof (made as Partial<PromiseLike<unknown>>).then !== 'function') return made
    // What it gives later is nobody's, and would stay open.
    const dispose = (late: unknown) => this.#provider.dispose?.(late as object)
    Promise.resolve(made)
      .then(dispose)
      .catch(() => {})
    throw sessionIsPromise(this.described.label)
  }

  /** One that is not pooled, finds no place, or cannot be reset is disposed (P2, P3). */
  async #end(session: object, isPooled: boolean, remains: SessionRemains): Promise<void> {
    remains.end()
    const errors: unknown[] = []
    const pool = this.pool(isPooled)
    const isKept = pool.hasRoom && (await attempt(errors, () => this.#provider.reset!(session)))
    if (!pool.giveBack(this, session, isKept))
      await attempt(errors, () => this.#provider.dispose?.(session))
    if (errors.length > 0) throw withSuppressed(errors[0], errors.slice(1))
  }
}

/** @returns whether it went well; what it throws is collected */
async function attempt(errors: unknown[], act: () => unknown): Promise<boolean> {
  try {
    await act()
    return true
  } catch (error) {
    errors.push(error)
    return false
  }
}

/** What is left of a session whose scope was dropped: nothing that Mayfly could close, but it is no longer leased. */
class SessionRemains implements Remains {
  readonly #label: string
  readonly #pool: Pool<object>
  #isLeased = true

  constructor(label: string, pool: Pool<object>) {
    this.#label = label
    this.#pool = pool
  }

  get left(): readonly string[] {
    return this.#isLeased ? [this.#label] : []
  }

  /** Its end has begun. */
  end(): void {
    this.#isLeased = false
  }

  recover(): void {
    if (this.#isLeased) this.#pool.lose()
    this.end()
  }
}
