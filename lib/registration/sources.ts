import type { Dialect } from 'kysely'
import { openDataSource, type DataSource } from '../connection/data-source.js'
import type { GateOptions } from '../connection/gate.js'
import { isDialect } from '../context/options.js'
import { dialectFunctionOfScope, dialectKeyUnreadable, dialectMissing } from '../errors.js'
import { DialectPerKey, type DialectKey } from './dialect-per-key.js'
import { OpenDialects, type DialectCounts, type OpenDialect } from './open-dialects.js'
import { readHolder } from './read-holder.js'
import type { Described } from './described.js'
import type { LeaseScope } from './lease-request.js'

/** The use of a data source by one context. */
export interface SourceUse {
  readonly source: DataSource
  /** Ends it, where that is of interest. */
  readonly end?: () => void
}

/** A data source that is open, and its key where there are several. */
export interface OpenSource {
  readonly source: DataSource
  readonly key?: DialectKey
}

/** Where the contexts of one registration get their connections from. */
export interface Sources {
  readonly open: Iterable<OpenSource>
  /** What it shares with the registrations that have the same dialects, and how many of these are open. */
  readonly perKey?: { readonly counts: DialectCounts } | undefined
  /** The source for one more context. */
  take(scope: LeaseScope, holder: object): SourceUse
  close(): Promise<void>
}

/** What the registrations of one container share: a function that makes a dialect is called once, and each key has one dialect. */
export class SharedDialects {
  /** What functions that make a dialect get. */
  readonly rootHolder: () => object
  readonly #made = new Map<Function, Dialect>()
  readonly #perKey = new Map<DialectPerKey, OpenDialects>()

  constructor(rootHolder: () => object) {
    this.rootHolder = rootHolder
  }

  /** @param onClose hears of a source before it is closed, unless that is with the registration */
  sourcesOf(described: Described, onClose: (source: DataSource) => void): Sources {
    const { dialect, gate } = described.options as { dialect: unknown; gate?: GateOptions }
    if (dialect instanceof DialectPerKey)
      return new KeyedSources(
        described.label,
        dialect,
        this.#openOf(dialect, described),
        gate,
        onClose,
      )
    if (typeof dialect !== 'function') return new OneSource(() => dialect as Dialect, gate, true)
    return new OneSource(() => this.#make(dialect, described.label), gate, false)
  }

  #openOf(dialects: DialectPerKey, { scope }: Described): OpenDialects {
    let open = this.#perKey.get(dialects)
    if (!open) this.#perKey.set(dialects, (open = new OpenDialects(dialects, scope.logger)))
    return open
  }

  #make(make: Function, label: string): Dialect {
    const had = this.#made.get(make)
    if (had) return had
    const made: unknown = readHolder(
      this.rootHolder(),
      holder => make(holder) as unknown,
      (name, cause) => dialectFunctionOfScope(label, name, cause),
    )
    if (!isDialect(made)) throw dialectMissing(`The dialect function of '${label}'`)
    this.#made.set(make, made)
    return made
  }
}

/** One dialect for all contexts, given, or made when the first of them needs it. */
class OneSource implements Sources {
  readonly #dialect: () => Dialect
  readonly #gate: GateOptions | undefined
  #use: SourceUse | undefined

  constructor(dialect: () => Dialect, gate: GateOptions | undefined, isGiven: boolean) {
    this.#dialect = dialect
    this.#gate = gate
    if (isGiven) this.take()
  }

  get open(): Iterable<OpenSource> {
    return this.#use ? [this.#use] : []
  }

  take(): SourceUse {
    return (this.#use ??= { source: openDataSource(this.#dialect(), this.#gate) })
  }

  async close(): Promise<void> {
    await this.#use?.source.release()
  }
}

/** A dialect for each key of a unit of work. */
class KeyedSources implements Sources {
  readonly perKey: OpenDialects
  readonly #label: string
  readonly #dialects: DialectPerKey

  constructor(
    label: string,
    dialects: DialectPerKey,
    open: OpenDialects,
    gate: GateOptions | undefined,
    onClose: (source: DataSource) => void,
  ) {
    this.#label = label
    this.#dialects = dialects
    this.perKey = open
    open.join(gate, onClose)
  }

  get open(): Iterable<OpenDialect> {
    return this.perKey.open
  }

  take(scope: LeaseScope, holder: object): SourceUse {
    const { key } = this.#dialects.options
    const read: unknown = readHolder(holder, key, (name, cause) =>
      dialectKeyUnreadable(this.#label, scope.label, name, cause),
    )
    const dialect = this.perKey.take(read, `${this.#label} of ${scope.label}`, holder)
    return { source: dialect.source, end: () => this.perKey.giveBack(dialect) }
  }

  close(): Promise<void> {
    return this.perKey.leave()
  }
}
