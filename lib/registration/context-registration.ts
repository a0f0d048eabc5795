import type { DataSource } from '../connection/data-source.js'
import type { ContextCore } from '../context/core.js'
import type { DbContext, DbContextClass } from '../context/db-context.js'
import type { Leased } from '../context/leased.js'
import type { LeaseTerms } from '../context/lease.js'
import { makeContext } from '../context/make-context.js'
import type { ContextOptions } from '../context/options.js'
import { ticketed, type TicketedOptions } from '../context/ticket.js'
import { DialectPerKey } from './dialect-per-key.js'
import type { Described } from './described.js'
import type { LeaseRequest } from './lease-request.js'
import { Registration, type CradleReader } from './registration.js'
import type { SharedDialects, Sources } from './sources.js'

/** A name whose contexts are of a class of the user's: its options, its cores, and its hold on a data source. */
export class ContextRegistration extends Registration<DbContext, ContextCore> {
  readonly #Context: DbContextClass<DbContext>
  readonly #options: ContextOptions
  /** Of each source that is open. */
  readonly #ticketed = new WeakMap<DataSource, TicketedOptions>()
  readonly #sources: Sources

  constructor(described: Described, Context: DbContextClass<DbContext>, dialects: SharedDialects) {
    super(described)
    this.#Context = Context
    const { onLease: _, lifetime: __, poolSize: ___, dialect: ____, ...options } = described.options
    this.#options = { ...options, logger: options.logger ?? described.scope.logger }
    this.#sources = dialects.sourcesOf(described, source => this.pool(true).drop(source))
  }

  get canBePooled(): boolean {
    return true
  }

  get sources(): Sources {
    return this.#sources
  }

  protected get makers(): CradleReader[] {
    const { dialect } = this.described.options
    const constructed = { by: this.#Context, position: 1, kind: 'asks', what: undefined } as const
    if (dialect instanceof DialectPerKey) {
      const { key, open } = dialect.options
      const asks = (by: Function, position: number, what: string) =>
        ({ by, position, kind: 'asks', what }) as const
      return [constructed, asks(key, 0, 'key'), asks(open, 1, 'open')]
    }
    if (typeof dialect !== 'function') return [constructed]
    return [constructed, { by: dialect, position: 0, kind: 'dialect', what: 'dialect' }]
  }

  protected lease({
    scope,
    holder,
    owner,
    isPooled,
    signal,
    onEnd,
  }: LeaseRequest): Leased<DbContext> {
    const { source, end } = this.#sources.take(scope, holder)
    const terms: LeaseTerms = {
      source,
      pool: this.pool(isPooled),
      owner,
      scopeLabel: scope.label,
      scopeId: scope.unitId,
      containerId: scope.containerId,
      shareKey: scope.shareKey,
      signal: anyOf(signal, scope.workSignal),
      onEnd: bothOf(end, onEnd),
    }
    const leased = makeContext(this.#Context, this.#optionsFor(source), terms, holder)
    this.makeReady(leased.context, holder, leased.lease)
    return leased
  }

  #optionsFor(source: DataSource): TicketedOptions {
    let options = this.#ticketed.get(source)
    if (!options) this.#ticketed.set(source, (options = ticketed(this.#options, source.dialect)))
    return options
  }

  protected close(): Promise<void> {
    return this.#sources.close()
  }
}

function bothOf(
  one: (() => void) | undefined,
  other: (() => void) | undefined,
): (() => void) | undefined {
  if (!one || !other) return one ?? other
  return () => {
    one()
    other()
  }
}

function anyOf(
  one: AbortSignal | undefined,
  other: AbortSignal | undefined,
): AbortSignal | undefined {
  return one && other ? AbortSignal.any([one, other]) : (one ?? other)
}
