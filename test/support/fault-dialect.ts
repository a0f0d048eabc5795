import {
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type CompiledQuery,
  type QueryResult,
} from 'kysely'
import type { TransactionState } from '../../lib/connection/driver.js'
import type { DatabaseFailure, MayflyConnection, MayflyDialect, MayflyDriver } from 'mayfly'

/** The places at which a database can go wrong. */
export type StepKind =
  | 'connect'
  | 'statement'
  | 'begin'
  | 'commit'
  | 'rollback'
  | 'savepoint'
  | 'release savepoint'
  | 'rollback to savepoint'
  | 'reset'
  | 'release'

export interface Step {
  readonly kind: StepKind
  readonly sql: string | undefined
  readonly connection: number
  /** How many steps came before it. */
  readonly index: number
}

/**
 * What goes wrong at a step. `fail`: the server says no. `deadlock`: it says no, and has rolled the whole transaction back. `lock
 * timeout`: it waited for a lock in vain. `lose before`: the connection breaks and the server saw nothing. `lose after`: the server did it, and
 * the answer is lost. `hang`: no answer until the connection is destroyed. A promise: the answer comes when it settles.
 */
export type Fault =
  'fail' | 'deadlock' | 'lock timeout' | 'lose before' | 'lose after' | 'hang' | Promise<void>

/** Decides what goes wrong; `undefined` is an ordinary step. Deterministic: driven by a script or a seed. */
export type Script = (step: Step) => Fault | undefined

class InjectedError extends Error {
  readonly kind: DatabaseFailure['kind']
  constructor(kind: DatabaseFailure['kind'], step: StepKind) {
    super(`injected: ${kind} at ${step}`)
    this.kind = kind
  }
}

type Change = (rows: Set<unknown>) => void

/**
 * A database in memory with one table of keys (`insert into rows`, `delete from rows`, `select from rows`), real transactions and savepoints, and
 * faults by script. Nothing waits for a clock.
 */
export class FaultDatabase {
  readonly dialect: MayflyDialect
  /** Keys that were committed. */
  readonly rows = new Set<unknown>()
  readonly connections: FaultConnection[] = []
  /** Things that must never happen: a statement on a connection that is not out, a dirty connection that was handed out, ... */
  readonly violations: string[] = []
  readonly log: string[] = []
  script: Script = () => undefined
  destroyed = 0
  #steps = 0
  readonly #failsTransactions: boolean

  /**
   * @param options.without what its driver cannot do; one that cannot destroy drops what is given back broken, as the pools of Kysely's own drivers do
   * @param options.failsTransactions after an error the server does nothing more in a transaction but roll it back, as PostgreSQL does
   */
  constructor(
    options: {
      readonly maxConnections?: number
      readonly without?: readonly ('resetConnection' | 'destroyConnection')[]
      readonly failsTransactions?: boolean
    } = {},
  ) {
    this.#failsTransactions = options.failsTransactions ?? false
    this.dialect = {
      maxConnections: options.maxConnections ?? 3,
      createAdapter: () => new ManyConnectionsAdapter(),
      createQueryCompiler: () => new SqliteQueryCompiler(),
      createIntrospector: db => new SqliteIntrospector(db),
      createDriver: () => createDriver(this, options.without ?? []),
    }
  }

  /** Connections that were handed out and not given back or destroyed. */
  get out(): FaultConnection[] {
    return this.connections.filter(connection => connection.state === 'out')
  }

  /** One step of the conversation with the server: its fault, if it has one, and its effect. */
  async step<R>(
    kind: StepKind,
    connection: FaultConnection,
    sql: string | undefined,
    effect: () => R,
  ): Promise<R> {
    const step: Step = { kind, sql, connection: connection.number, index: this.#steps++ }
    this.log.push(`${connection.number}: ${sql ?? kind}`)
    if (kind !== 'connect' && connection.state !== 'out') {
      this.violations.push(
        `${sql ?? kind} on connection ${connection.number}, which is ${connection.state}`,
      )
    }
    if (connection.busy && kind !== 'release') {
      this.violations.push(
        `${sql ?? kind} on connection ${connection.number} while another statement runs on it`,
      )
    }
    connection.busy = true
    try {
      if (connection.broken) throw new InjectedError('connectionLost', kind)
      const fault = this.script(step)
      // An answer never comes in the same turn.
      await Promise.resolve()
      if (fault === 'fail' && this.#failsTransactions) connection.fail()
      if (fault === 'fail') throw new InjectedError('other', kind)
      if (fault === 'lock timeout') throw new InjectedError('lockTimeout', kind)
      if (fault === 'deadlock') {
        connection.rollback()
        throw new InjectedError('deadlock', kind)
      }
      if (fault === 'lose before') throw connection.break(kind)
      if (fault === 'hang') await connection.destroyedUnder
      else if (fault instanceof Promise) await Promise.race([fault, connection.destroyedUnder])
      if (connection.state === 'destroyed') throw new InjectedError('connectionLost', kind)
      if (connection.refuses(kind)) throw new InjectedError('other', kind)
      const result = effect()
      if (fault === 'lose after') throw connection.break(kind)
      return result
    } finally {
      connection.busy = false
    }
  }
}

export class FaultConnection implements MayflyConnection {
  readonly number: number
  readonly destroyedUnder: Promise<void>
  state: 'connecting' | 'out' | 'idle' | 'destroyed' = 'connecting'
  broken = false
  busy = false
  readonly #database: FaultDatabase
  readonly #destroy: () => void
  /** The changes of the open transaction; a savepoint remembers how many there were. */
  #changes: Change[] | undefined
  #failed = false
  readonly #savepoints: { name: string; changes: number }[] = []

  constructor(database: FaultDatabase, number: number) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#database = database
    this.#destroy = resolve
    this.destroyedUnder = promise
    this.number = number
  }

  get transactionState(): TransactionState {
    if (this.#changes === undefined) return 'none'
    return this.#failed ? 'failed' : 'open'
  }

  /** The server gives the open transaction up. */
  fail(): void {
    this.#failed = this.#changes !== undefined
  }

  refuses(kind: StepKind): boolean {
    return (
      this.#failed && (kind === 'statement' || kind === 'savepoint' || kind === 'release savepoint')
    )
  }

  executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    return this.#database.step(
      'statement',
      this,
      sql,
      () => this.#apply(sql, parameters) as QueryResult<R>,
    )
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncGenerator<QueryResult<R>> {
    const { rows } = await this.executeQuery<R>(query)
    for (const row of rows) yield { rows: [row] }
  }

  begin(): void {
    if (this.#changes)
      this.#database.violations.push(`begin in a transaction on connection ${this.number}`)
    this.#changes = []
  }

  /** One that has failed is rolled back, and the server sees nothing wrong in that. */
  commit(): void {
    if (this.#failed) return this.rollback()
    for (const change of this.#changes ?? []) change(this.#database.rows)
    this.rollback()
  }

  rollback(): void {
    this.#changes = undefined
    this.#failed = false
    this.#savepoints.length = 0
  }

  savepoint(name: string): void {
    this.#savepoints.push({ name, changes: this.#changes?.length ?? 0 })
  }

  releaseSavepoint(name: string): void {
    this.#savepoints.length = this.#find(name)
  }

  rollbackToSavepoint(name: string): void {
    const index = this.#find(name)
    this.#changes!.length = this.#savepoints[index]!.changes
    this.#savepoints.length = index + 1
    this.#failed = false
  }

  break(kind: StepKind): Error {
    this.broken = true
    this.rollback()
    return new InjectedError('connectionLost', kind)
  }

  destroy(): void {
    this.state = 'destroyed'
    this.rollback()
    this.#destroy()
  }

  #find(name: string): number {
    const index = this.#savepoints.findLastIndex(savepoint => savepoint.name === name)
    if (index < 0) throw new Error(`no savepoint ${name}`)
    return index
  }

  /** `begin` inside a transaction commits it, as MySQL does. */
  #applyRaw(sql: string): void {
    if (sql === 'commit' || sql === 'begin') this.commit()
    if (sql === 'rollback') this.rollback()
    if (sql === 'begin') this.#changes = []
  }

  #apply(sql: string, parameters: readonly unknown[]): QueryResult<unknown> {
    this.#applyRaw(sql)
    const change: Change | undefined = sql.startsWith('insert')
      ? rows => parameters.forEach(key => rows.add(key))
      : sql.startsWith('delete')
        ? rows => parameters.forEach(key => rows.delete(key))
        : undefined
    if (!change) {
      const seen = new Set(this.#database.rows)
      for (const pending of this.#changes ?? []) pending(seen)
      return {
        rows: sql.includes('count(*)')
          ? [{ count: seen.size }]
          : Array.from(seen, key => ({ key })),
      }
    }
    if (this.#changes) this.#changes.push(change)
    else change(this.#database.rows)
    return { rows: [], numAffectedRows: BigInt(parameters.length) }
  }
}

function createDriver(
  database: FaultDatabase,
  without: readonly ('resetConnection' | 'destroyConnection')[],
): MayflyDriver {
  const dropsBroken = without.includes('destroyConnection')
  const idle: FaultConnection[] = []
  const as = (connection: MayflyConnection) => connection as FaultConnection
  const driver: MayflyDriver = {
    async init() {},
    async destroy() {
      database.destroyed++
      for (const connection of idle.splice(0)) connection.destroy()
    },
    async acquireConnection() {
      const connection =
        idle.pop() ?? new FaultConnection(database, database.connections.length + 1)
      if (connection.state === 'connecting') {
        await database.step('connect', connection, undefined, () =>
          database.connections.push(connection),
        )
      }
      if (connection.transactionState !== 'none')
        database.violations.push(`connection ${connection.number} was handed out in a transaction`)
      connection.state = 'out'
      if (database.out.length > database.dialect.maxConnections!)
        database.violations.push(`connection ${connection.number} is one more than the limit`)
      return connection
    },
    beginTransaction: c => database.step('begin', as(c), undefined, () => as(c).begin()),
    commitTransaction: c => database.step('commit', as(c), undefined, () => as(c).commit()),
    rollbackTransaction: c => database.step('rollback', as(c), undefined, () => as(c).rollback()),
    savepoint: (c, name) =>
      database.step('savepoint', as(c), undefined, () => as(c).savepoint(name)),
    releaseSavepoint: (c, name) =>
      database.step('release savepoint', as(c), undefined, () => as(c).releaseSavepoint(name)),
    rollbackToSavepoint: (c, name) =>
      database.step('rollback to savepoint', as(c), undefined, () =>
        as(c).rollbackToSavepoint(name),
      ),
    async releaseConnection(c) {
      if (as(c).broken && dropsBroken) return as(c).destroy()
      if (as(c).broken) database.violations.push(`connection ${as(c).number} was given back broken`)
      await database.step('release', as(c), undefined, () => {
        if (as(c).transactionState !== 'none')
          database.violations.push(`connection ${as(c).number} was given back in a transaction`)
        as(c).state = 'idle'
        idle.push(as(c))
      })
    },
    classifyError: error => (error instanceof InjectedError ? { kind: error.kind } : undefined),
  }
  const extras: Required<Pick<MayflyDriver, 'resetConnection' | 'destroyConnection'>> = {
    resetConnection: c => database.step('reset', as(c), undefined, () => as(c).rollback()),
    async destroyConnection(c) {
      database.log.push(`${as(c).number}: destroy`)
      // One whose release went wrong may lie there already.
      if (idle.includes(as(c))) idle.splice(idle.indexOf(as(c)), 1)
      as(c).destroy()
    },
  }
  for (const name of without) delete (extras as MayflyDriver)[name]
  return { ...driver, ...extras }
}

class ManyConnectionsAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true
  }
}
