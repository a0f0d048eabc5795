import type { DataSource } from '../connection/data-source.js'
import { channels, isHeard, over } from '../diagnostics/channels.js'
import type { Logger } from '../diagnostics/logger.js'
import type { ContextMessage } from '../diagnostics/messages.js'
import { contextBegins, tellRefusal, type Origin, type Wanted } from '../diagnostics/observe.js'
import { contextDisposed } from '../errors.js'
import { DONE } from '../support/done.js'
import type { Pool } from '../support/pool.js'
import type { Remains } from '../scope/disposal.js'
import type { TrackedSession } from '../tracking/tracker.js'
import { ContextCore } from './core.js'
import { endWatch } from './leak-watch.js'
import type { LeaseOwner } from './leased.js'
import { Operations } from './operations.js'
import { DEFAULT_DISPOSE_TIMEOUT, type DbContextOptions } from './options.js'
import type { WorkingLease } from './working-lease.js'

/** For whom a lease is, and where its inside comes from: what the options of a context do not say. */
export interface LeaseTerms {
  readonly source: DataSource
  /** Where the core comes from and goes back to. */
  readonly pool: Pool<ContextCore>
  readonly owner: LeaseOwner
  readonly scopeLabel?: string | undefined
  readonly scopeId?: number | undefined
  readonly containerId?: number | undefined
  /** Whose share of the connections it uses; by default its own. */
  readonly shareKey?: object | undefined
  /** Calls off what has not started yet. */
  readonly signal?: AbortSignal | undefined
  readonly onEnd?: (() => void | Promise<void>) | undefined
}

let leases = 0

/**
 * One holder's right to use a core. It ends once, for good: a holder who kept a context, a set or a query past the end gets
 * `ContextDisposedError` for ever, whoever uses the core by then (C5, P1). The idea is EF Core's `DbContextLease`.
 */
export class Lease implements WorkingLease, Remains {
  /** Whether its maker forgot it. */
  isLeaked = false
  readonly options: DbContextOptions
  readonly #class: Function
  readonly #number = ++leases
  readonly #terms: LeaseTerms
  readonly #core: ContextCore
  readonly #message: ContextMessage | undefined
  #id: string | undefined
  /** Made for the first operation, because many contexts end unused (bench row 'open scope'). */
  #operations: Operations | undefined
  #endReason: string | undefined
  #ending: Promise<void> | undefined

  /** @param contextClass the class of the context, which names it */
  constructor(contextClass: Function, options: DbContextOptions, terms: LeaseTerms) {
    this.options = options
    this.#class = contextClass
    this.#terms = terms
    this.#core = terms.pool.take(terms.source, ContextCore.of)
    this.#core.lend(this)
    this.#message = contextBegins(this)
  }

  get id(): string {
    return (this.#id ??= `${this.#class.name}#${this.#number}`)
  }

  get operations(): Operations {
    // Once it has ended, the core is somebody else's.
    const session = () => (this.#endReason === undefined ? this.#core.session : undefined)
    return (this.#operations ??= new Operations(this, session()))
  }

  /** What its tracker sees of the core. */
  get tracked(): TrackedSession {
    return this.#core
  }

  get owner(): LeaseOwner {
    return this.#terms.owner
  }

  get source(): DataSource {
    return this.#terms.source
  }

  get scopeLabel(): string | undefined {
    return this.#terms.scopeLabel
  }

  get scope(): object {
    return this.#terms.shareKey ?? this
  }

  get signal(): AbortSignal | undefined {
    return this.#terms.signal
  }

  get commandTimeout(): number | undefined {
    return this.options.commandTimeout
  }

  get logger(): Logger | undefined {
    return this.options.logger
  }

  get rollbackTimeout(): number {
    return this.options.disposeTimeout ?? DEFAULT_DISPOSE_TIMEOUT
  }

  get contextLabel(): string {
    return this.id
  }

  get operation(): Wanted | undefined {
    return this.operations.sole
  }

  get transaction(): object | undefined {
    return this.operations.transaction
  }

  origin(): Origin {
    const { containerId, scopeId, scopeLabel } = this.#terms
    return {
      containerId,
      scopeId,
      scope: scopeLabel,
      contextId: this.#number,
      context: this.id,
    }
  }

  get idlesInTransaction(): boolean {
    return this.operations.idlesInTransaction
  }

  activity(): string {
    return this.operations.activity
  }

  line(): string | undefined {
    return this.operations.line
  }

  /** Why the lease has ended; `undefined` while it is good. */
  get endReason(): string | undefined {
    return this.#endReason
  }

  get left(): readonly string[] {
    return this.#endReason === undefined ? [this.id] : []
  }

  /** Nobody can reach its context any more. */
  recover(): Promise<void> {
    this.isLeaked ||= this.#endReason === undefined
    return this.dispose('lost: its scope was forgotten')
  }

  /** @throws ContextDisposedError */
  assertAlive(): void {
    if (this.#endReason === undefined) return
    const error = contextDisposed(this.id, this.#endReason)
    if (isHeard(channels.refused))
      tellRefusal({ error, origin: this.origin(), wanted: { kind: 'the context' } })
    throw error
  }

  /**
   * Ends the lease (C7): nothing new starts, a running statement is waited for (up to `disposeTimeout`, then its connection
   * is destroyed), a stream is closed, a transaction rolled back. A second call returns the same promise; where nothing has to be waited for it is
   * `DONE`.
   */
  dispose(reason: string): Promise<void> {
    if (this.#ending) return this.#ending
    this.#endReason = reason
    if (this.owner === 'caller') endWatch(this)
    const isBusy = this.#operations?.isRunning || !this.#core.clean
    this.#ending = isBusy ? this.#windUp(reason) : this.#handBack(reason)
    return this.#ending
  }

  async #windUp(reason: string): Promise<void> {
    const isIdle = await this.#operations?.windUp(contextDisposed(this.id, reason))
    if (isIdle === false) await this.#core.session.destroy(reason)
    try {
      await this.#core.reset(`ended because its context was ${reason}`)
    } finally {
      await this.#handBack(reason)
    }
  }

  /** Only now, when nothing of this lease can reach it any more, is the core anybody else's (P3). */
  #handBack(reason: string): Promise<void> {
    this.#operations?.handBack()
    this.#core.forget()
    this.#terms.pool.giveBack(this.source, this.#core, this.#core.clean)
    if (this.#message) over(channels.context, this.#message, { reason, leaked: this.isLeaked })
    return this.#terms.onEnd?.() ?? DONE
  }
}
