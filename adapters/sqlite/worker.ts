import { parentPort, workerData } from 'node:worker_threads'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Answer, Bindable, Failure, OpenSettings, Request, Table } from './protocol.js'

// This file runs in a thread of its own, from dist or straight from its source, so it imports nothing but Node and types.

const CACHED_STATEMENTS = 200
const SQLITE_ERROR = 1
const SQLITE_BUSY = 5
/** How long one waits before the next try (ms). */
const BETWEEN_TRIES = 5
const SLEEP = new Int32Array(new SharedArrayBuffer(4))
const NO_STATEMENT = /--[^\n]*|\/\*[^]*?(?:\*\/|$)|[ \t\n\f\r;]+/g
const LARGEST = BigInt(Number.MAX_SAFE_INTEGER)

interface Cursor {
  readonly statement: StatementSync
  readonly rows: Iterator<unknown>
}

/** One open database, and the statements and cursors on it. */
class Session {
  readonly #settings: OpenSettings
  #db!: DatabaseSync
  #counts!: StatementSync
  readonly #statements = new Map<string, StatementSync>()
  readonly #cursors = new Map<number, Cursor>()

  constructor(settings: OpenSettings) {
    this.#settings = settings
    this.#open()
  }

  #open(): void {
    const { location, readOnly, pragmas } = this.#settings
    const { DatabaseSync } = loadSqlite()
    this.#db = new DatabaseSync(location, { readOnly })
    for (const pragma of pragmas) this.#setUp(pragma)
    this.#counts = this.#db.prepare('select changes() as changes, last_insert_rowid() as lastRowId')
    this.#counts.setReadBigInts(true)
  }

  /** For a change of the journal SQLite itself waits for nobody: of two that open a new file at once, one would fail. */
  #setUp(pragma: string): void {
    const { timeout } = this.#db.prepare('pragma busy_timeout').get() as { timeout: number }
    for (const end = performance.now() + timeout; ;) {
      try {
        return this.#db.exec(pragma)
      } catch (error) {
        if ((error as Failure).errcode !== SQLITE_BUSY || performance.now() >= end) throw error
        Atomics.wait(SLEEP, 0, 0, BETWEEN_TRIES)
      }
    }
  }

  answer(request: Request): Answer {
    let answer: Answer
    try {
      answer = this.#handle(request)
    } catch (error) {
      answer = { failure: toFailure(error) }
    }
    // A database that could not be opened again has no transaction to ask for.
    const { kind } = request
    if (kind === 'close' || kind === 'reopen') return { ...answer, inTransaction: false }
    return { ...answer, inTransaction: this.#inTransaction() }
  }

  #handle(request: Request): Answer {
    switch (request.kind) {
      case 'execute':
        return this.#execute(request.sql, request.parameters, request.writes)
      case 'executeRuns':
        return this.#executeRuns(request.sql, request.runs)
      case 'openCursor': {
        // Never a cached statement: another execution of the same text would move the cursor.
        const statement = this.#prepare(request.sql)
        const rows = statement.iterate(...request.parameters.map(toSqlite))
        this.#cursors.set(request.cursor, { statement, rows })
        break
      }
      case 'fetch':
        return this.#fetch(request.cursor, request.size)
      case 'closeCursor':
        this.#closeCursor(request.cursor)
        break
      case 'reset':
        this.#reset()
        break
      case 'reopen':
        this.#cursors.clear()
        this.#statements.clear()
        // Finalizes every statement, rolls back, detaches files and drops temporary tables.
        this.#db.close()
        this.#open()
        break
      case 'close':
        this.#db.close()
    }
    return {}
  }

  #execute(sql: string, parameters: readonly Bindable[], writes: boolean): Answer {
    const statement = this.#cached(sql)
    const table = toTable(statement, statement.all(...parameters.map(toSqlite)))
    if (!writes) return { table }
    const { changes, lastRowId } = this.#counts.get() as Record<string, bigint>
    return { table, changes: changes!, lastRowId: lastRowId! }
  }

  #executeRuns(sql: string, runs: readonly (readonly Bindable[])[]): Answer {
    const statement = this.#cached(sql)
    const records: unknown[] = []
    let changes = 0n
    for (const parameters of runs) {
      records.push(...statement.all(...parameters.map(toSqlite)))
      changes += (this.#counts.get() as Record<string, bigint>)['changes']!
    }
    return { table: toTable(statement, records), changes }
  }

  #fetch(id: number, size: number): Answer {
    const cursor = this.#cursors.get(id)
    if (!cursor) throw new Error('The stream was closed when its connection was reset.')
    const records: unknown[] = []
    try {
      while (records.length < size) {
        const next = cursor.rows.next()
        if (next.done) {
          this.#cursors.delete(id)
          return { table: toTable(cursor.statement, records), done: true }
        }
        records.push(next.value)
      }
    } catch (error) {
      this.#cursors.delete(id)
      throw error
    }
    return { table: toTable(cursor.statement, records), done: false }
  }

  #closeCursor(id: number): void {
    this.#cursors.get(id)?.rows.return?.()
    this.#cursors.delete(id)
  }

  #reset(): void {
    for (const id of this.#cursors.keys()) this.#closeCursor(id)
    if (this.#inTransaction()) this.#db.exec('rollback')
    this.#db.exec('pragma query_only = off')
  }

  /**
   * Where Node does not tell (before 22.16), the attempt to begin one does: inside of one it fails and changes nothing. While a
   * cursor is open nothing is tried, since it may be writing, and this would end its own transaction.
   */
  #inTransaction(): boolean | undefined {
    const { isTransaction } = this.#db as { isTransaction?: boolean }
    if (isTransaction !== undefined) return isTransaction
    if (this.#cursors.size > 0) return undefined
    try {
      this.#db.exec('begin')
    } catch {
      return true
    }
    this.#db.exec('commit')
    return false
  }

  #cached(sql: string): StatementSync {
    const statement = this.#statements.get(sql) ?? this.#prepare(sql)
    this.#statements.delete(sql)
    this.#statements.set(sql, statement)
    if (this.#statements.size > CACHED_STATEMENTS) {
      this.#statements.delete(this.#statements.keys().next().value!)
    }
    return statement
  }

  #prepare(sql: string): StatementSync {
    const statement = this.#compile(sql)
    if (sql.slice(statement.sourceSQL.length).replace(NO_STATEMENT, '') !== '') {
      throw Object.assign(new Error('several statements'), { code: 'SEVERAL_STATEMENTS' })
    }
    // Integers beyond 2^53 are an error otherwise, when the statement has run already.
    statement.setReadBigInts(true)
    statement.setReturnArrays?.(true)
    return statement
  }

  /**
   * A connection whose schema is out of date, and which a lock keeps from reading the new one, calls a table unknown. Reading
   * the schema's version reports the lock instead.
   */
  #compile(sql: string): StatementSync {
    try {
      return this.#db.prepare(sql)
    } catch (error) {
      if ((error as Failure).errcode !== SQLITE_ERROR) throw error
      this.#db.exec('pragma schema_version')
      return this.#db.prepare(sql)
    }
  }
}

/** Numbers would be bound as REAL, so that 5 in a TEXT column became '5.0' and 5 / 2 gave 2.5. */
function toSqlite(value: Bindable): Bindable {
  return Number.isSafeInteger(value) ? BigInt(value as number) : value
}

function fromSqlite(value: unknown): unknown {
  return typeof value === 'bigint' && value <= LARGEST && value >= -LARGEST ? Number(value) : value
}

/** @param records Arrays of values, or objects where Node has no `setReturnArrays` (before 22.16). */
function toTable(statement: StatementSync, records: readonly unknown[]): Table {
  if (records.length === 0) return { names: [], columns: [] }
  const arrays = Array.isArray(records[0])
    ? (records as unknown[][])
    : records.map(record => Object.values(record as object))
  // Read after the rows: a changed schema changes what `select *` of a cached statement gives.
  const names =
    statement.columns?.().map(column => column.name) ?? Object.keys(records[0] as object)
  const columns = names.map((_, i) => arrays.map(values => fromSqlite(values[i])))
  return { names, columns }
}

function toFailure(error: unknown): Failure {
  const { message, code, errcode, errstr } = error as Failure
  return { message, code, errcode, errstr }
}

/** Loading it is all that happens meanwhile, so its ExperimentalWarning is all that is not printed. */
function loadSqlite(): typeof import('node:sqlite') {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return process.getBuiltinModule('node:sqlite')
  } finally {
    process.emitWarning = emitWarning
  }
}

function send(answer: Answer): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort!.postMessage(answer)
}

try {
  const session = new Session(workerData as OpenSettings)
  parentPort!.on('message', (request: Request) => send(session.answer(request)))
  send({})
} catch (error) {
  send({ failure: toFailure(error) })
}
