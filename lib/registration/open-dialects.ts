import { openDataSource, type DataSource } from '../connection/data-source.js'
import type { GateOptions } from '../connection/gate.js'
import { isDialect } from '../context/options.js'
import { warnOfError, type Logger } from '../diagnostics/logger.js'
import { dialectKeyWrong, dialectOfKeyMissing, gateConflict } from '../errors.js'
import {
  DEFAULT_IDLE_TIMEOUT,
  DEFAULT_MAX_DIALECTS,
  type DialectKey,
  type DialectPerKey,
} from './dialect-per-key.js'

/** How many dialects a `dialectPerKey` has open. */
export interface DialectCounts {
  /** How many may be open at rest. */
  readonly max: number
  readonly open: number
  /** Of these, those that no context uses. */
  readonly idle: number
  /** Since the start. */
  readonly opened: number
  readonly closed: number
}

/** The open dialect of a key, and how many contexts use it. */
export interface OpenDialect {
  readonly key: DialectKey
  readonly source: DataSource
  users: number
  idleSince: number
}

/** The dialects that the registrations of one container have open, one for each key. */
export class OpenDialects {
  readonly #dialects: DialectPerKey
  readonly #logger: Logger | undefined
  readonly #max: number
  readonly #idleTimeout: number
  readonly #open = new Map<DialectKey, OpenDialect>()
  /** What no context uses, in the order in which it became so. */
  readonly #idle = new Set<OpenDialect>()
  readonly #closing = new Set<Promise<void>>()
  readonly #onClose = new Set<(source: DataSource) => void>()
  #gate: GateOptions = {}
  #timer: NodeJS.Timeout | undefined
  #opened = 0
  #users = 0

  constructor(dialects: DialectPerKey, logger: Logger | undefined) {
    this.#dialects = dialects
    this.#logger = logger
    this.#max = dialects.options.max ?? DEFAULT_MAX_DIALECTS
    this.#idleTimeout = dialects.options.idleTimeout ?? DEFAULT_IDLE_TIMEOUT
  }

  get counts(): DialectCounts {
    const open = this.#open.size
    const closed = this.#opened - open
    return { max: this.#max, open, idle: this.#idle.size, opened: this.#opened, closed }
  }

  get open(): Iterable<OpenDialect> {
    return this.#open.values()
  }

  /**
   * A registration that will use them, until it calls `leave`.
   * @param onClose hears of each source before it is closed
   * @throws RegistrationError where two registrations say different limits
   */
  join(gate: GateOptions = {}, onClose: (source: DataSource) => void): void {
    for (const [option, wants] of Object.entries(gate) as [keyof GateOptions, number][]) {
      const had = this.#gate[option]
      if (had !== undefined && wants !== undefined && had !== wants)
        throw gateConflict(option, had, wants)
    }
    this.#gate = { ...this.#gate, ...gate }
    this.#onClose.add(onClose)
    this.#users++
  }

  /** The last registration that leaves closes all. */
  async leave(): Promise<void> {
    if (--this.#users > 0) return
    clearTimeout(this.#timer)
    for (const dialect of this.#open.values()) this.#close(dialect)
    await Promise.all(this.#closing)
  }

  /** @throws RegistrationError for a key that is none, or a dialect that is none; and what `open` throws */
  take(key: unknown, where: string, holder: object): OpenDialect {
    if (!isKey(key)) throw dialectKeyWrong(where, key)
    const dialect = this.#open.get(key) ?? this.#openFor(key, where, holder)
    dialect.users++
    this.#idle.delete(dialect)
    this.#closeSurplus()
    return dialect
  }

  giveBack(dialect: OpenDialect): void {
    if (--dialect.users > 0) return
    dialect.idleSince = performance.now()
    this.#idle.add(dialect)
    this.#closeSurplus()
    if (!this.#timer && this.#idle.size > 0) this.#wakeAfter(this.#idleTimeout)
  }

  #openFor(key: DialectKey, where: string, holder: object): OpenDialect {
    const made: unknown = this.#dialects.options.open(key, holder)
    if (!isDialect(made)) {
      Promise.resolve(made).catch(() => {})
      throw dialectOfKeyMissing(where, made)
    }
    const source = openDataSource(made, this.#gate)
    const dialect = { key, source, users: 0, idleSince: 0 }
    this.#open.set(key, dialect)
    this.#opened++
    return dialect
  }

  /** What is in use stays, so that keys which come and go cannot push out those that work. */
  #closeSurplus(): void {
    for (const dialect of this.#idle) {
      if (this.#open.size <= this.#max) return
      this.#close(dialect)
    }
  }

  #close(dialect: OpenDialect): void {
    const { key, source } = dialect
    this.#open.delete(key)
    this.#idle.delete(dialect)
    for (const onClose of this.#onClose) onClose(source)
    const closing = source
      .release()
      .catch((error: unknown) => warnOfError(this.#logger, error))
      .finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }

  /** One timer for all, because one for each would be set with every request. It keeps no process alive. */
  #wakeAfter(time: number): void {
    this.#timer = setTimeout(() => this.#closeIdle(), time)
    this.#timer.unref()
  }

  #closeIdle(): void {
    this.#timer = undefined
    const now = performance.now()
    for (const dialect of this.#idle) {
      const left = dialect.idleSince + this.#idleTimeout - now
      // Timers count whole milliseconds.
      if (left >= 1) return this.#wakeAfter(left)
      this.#close(dialect)
    }
  }
}

function isKey(value: unknown): value is DialectKey {
  if (typeof value === 'number') return !Number.isNaN(value)
  return typeof value === 'bigint' || (typeof value === 'string' && value !== '')
}
