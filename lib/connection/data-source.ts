import {
  DefaultQueryExecutor,
  Kysely,
  type ConnectionProvider,
  type Dialect,
  type DialectAdapter,
  type KyselyProps,
  type QueryCompiler,
} from 'kysely'
import { checkLimit } from '../support/check-limit.js'
import { checkEachOption, type OptionChecks } from '../support/check-options.js'
import { gateConflict, RegistrationError } from '../errors.js'
import { foreignValues, type DialectValues } from './dialect-values.js'
import type { MayflyDialect, MayflyDriver } from './driver.js'
import { DEFAULT_ACQUIRE_TIMEOUT, DEFAULT_MAX_CONNECTIONS, Gate, type GateOptions } from './gate.js'

const GATE_OPTIONS: OptionChecks<GateOptions> = {
  maxConnections: value =>
    checkLimit(RegistrationError, 'gate.maxConnections', value, 'connections'),
  acquireTimeout: value => checkLimit(RegistrationError, 'gate.acquireTimeout', value, 'ms'),
}

/**
 * One dialect, opened once: its driver, its gate, its compiler. Whoever uses the same dialect object shares it.
 * Opening touches no database (C1); the driver is initialised by the first connection.
 */
export class DataSource {
  readonly dialect: MayflyDialect
  readonly adapter: DialectAdapter
  readonly compiler: QueryCompiler
  readonly driver: MayflyDriver
  readonly gate: Gate
  /** How values of declared columns travel. */
  readonly values: DialectValues
  /** Builds and compiles statements; it has no connection and can send nothing. */
  readonly builder: Kysely<any>
  readonly #onClosed: () => void
  #users = 0

  constructor(dialect: MayflyDialect, options: GateOptions, onClosed: () => void) {
    this.dialect = dialect
    this.adapter = dialect.createAdapter()
    this.compiler = dialect.createQueryCompiler()
    this.driver = dialect.createDriver()
    this.values = dialect.values ?? foreignValues(this.adapter)
    this.gate = new Gate(
      this.driver,
      limitOf(dialect, this.adapter, options),
      options.acquireTimeout ?? DEFAULT_ACQUIRE_TIMEOUT,
    )
    this.builder = new Kysely(
      this.kyselyProps(new DefaultQueryExecutor(this.compiler, this.adapter, nowhere)),
    )
    this.#onClosed = onClosed
  }

  /** What a `Kysely` needs to be made without opening the dialect a second time. */
  kyselyProps(executor: KyselyProps['executor']): KyselyProps {
    return {
      config: { dialect: this.dialect },
      dialect: this.dialect,
      driver: this.driver,
      executor,
    }
  }

  retain(): this {
    this.#users++
    return this
  }

  /** The last user's release closes the driver. */
  async release(): Promise<void> {
    if (--this.#users > 0) return
    this.#onClosed()
    await this.gate.close()
  }
}

const openSources = new WeakMap<Dialect, DataSource>()

/**
 * The data source of a dialect object, opened if it is not yet. The caller owns one use of it and ends it with `release()`.
 * @throws RegistrationError when the dialect is none, or is open already with other limits.
 */
export function openDataSource(dialect: Dialect, options: GateOptions = {}): DataSource {
  checkGateOptions(options)
  const open = openSources.get(dialect)
  if (open) {
    const { maxConnections, acquireTimeout } = open.gate
    for (const [key, had] of Object.entries({ maxConnections, acquireTimeout })) {
      const wants = options[key as keyof GateOptions]
      if (wants !== undefined && had !== wants) throw gateConflict(key, had, wants)
    }
    return open.retain()
  }
  const source = new DataSource(dialect, options, () => openSources.delete(dialect))
  openSources.set(dialect, source)
  return source.retain()
}

/** @throws RegistrationError for a limit that can never work, or one that nobody knows. */
export function checkGateOptions(options: GateOptions): void {
  checkEachOption(RegistrationError, 'gate', options, GATE_OPTIONS)
}

function limitOf(dialect: MayflyDialect, adapter: DialectAdapter, options: GateOptions): number {
  if (adapter.supportsMultipleConnections === false) return 1
  return options.maxConnections ?? dialect.maxConnections ?? DEFAULT_MAX_CONNECTIONS
}

const nowhere: ConnectionProvider = {
  provideConnection: () => Promise.reject(new Error('This Kysely only compiles statements.')),
}
