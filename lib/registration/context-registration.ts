import type { Dialect } from 'kysely'
import { openDataSource, type DataSource } from '../connection/data-source.js'
import type { ContextCore } from '../context/core.js'
import type { DbContext, DbContextClass } from '../context/db-context.js'
import type { Leased } from '../context/factory.js'
import type { LeaseTerms } from '../context/lease.js'
import { makeContext } from '../context/make-context.js'
import { isDialect, type DbContextOptions } from '../context/options.js'
import { dialectMissing } from '../errors.js'
import {
  Registration,
  type CradleReader,
  type Described,
  type LeaseRequest,
} from './registration.js'

/** A function that makes a dialect is called once for a container, and all registrations that have it share what it made. */
export type MadeDialects = Map<Function, Dialect>

/** A name whose contexts are of a class of the user's: its options, its cores, and its hold on a data source. */
export class ContextRegistration extends Registration<DbContext, ContextCore> {
  readonly #Context: DbContextClass<DbContext>
  readonly #dialects: MadeDialects
  /** What a function that makes a dialect gets. */
  readonly #rootHolder: () => object
  #source: DataSource | undefined
  #contextOptions: DbContextOptions | undefined

  constructor(
    described: Described,
    Context: DbContextClass<DbContext>,
    dialects: MadeDialects,
    rootHolder: () => object,
  ) {
    super(described)
    this.#Context = Context
    this.#dialects = dialects
    this.#rootHolder = rootHolder
    if (typeof described.options.dialect !== 'function') this.#openSource()
  }

  get canBePooled(): boolean {
    return true
  }

  get source(): DataSource | undefined {
    return this.#source
  }

  protected get makers(): CradleReader[] {
    const { dialect } = this.described.options
    const constructed = { by: this.#Context, position: 1, kind: 'asks', what: undefined } as const
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
    const terms: LeaseTerms = {
      source: this.#source ?? this.#openSource(),
      pool: this.pool(isPooled),
      owner,
      scopeLabel: scope.label,
      scopeId: scope.unitId,
      containerId: scope.containerId,
      shareKey: scope.shareKey,
      signal: anyOf(signal, scope.workSignal),
      onEnd,
    }
    const leased = makeContext(this.#Context, this.#contextOptions!, terms, holder)
    this.ready(leased.context, holder, leased.lease)
    return leased
  }

  protected async close(): Promise<void> {
    await this.#source?.release()
  }

  #openSource(): DataSource {
    const { onLease: _, lifetime: __, poolSize: ___, ...options } = this.described.options
    const dialect = this.#dialect()
    const logger = options.logger ?? this.described.scope.logger
    this.#contextOptions = { ...options, dialect, logger }
    return (this.#source = openDataSource(dialect, options.gate))
  }

  #dialect(): Dialect {
    const make: unknown = this.described.options.dialect
    if (typeof make !== 'function') return make as Dialect
    const made = this.#dialects.get(make) ?? (make(this.#rootHolder()) as unknown)
    if (!isDialect(made)) throw dialectMissing(`The dialect function of '${this.described.label}'`)
    this.#dialects.set(make, made)
    return made
  }
}

function anyOf(
  one: AbortSignal | undefined,
  other: AbortSignal | undefined,
): AbortSignal | undefined {
  return one && other ? AbortSignal.any([one, other]) : (one ?? other)
}
