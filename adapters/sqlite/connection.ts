import type { CompiledQuery, QueryResult } from 'kysely'
import type {
  MayflyConnection,
  MayflyQuery,
  StoredColumns,
  TransactionState,
} from '../../lib/connection/driver.js'
import { checkLimit } from '../../lib/support/check-limit.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import { sqliteSeveralStatements } from './errors.js'
import type { Answer, Request, Table } from './protocol.js'
import { SEVERAL_STATEMENTS, SqliteError } from './sqlite-error.js'
import { toBindable } from './parameters.js'
import { checkStatement, type StatementText, type StatementTexts } from './statement.js'
import type { DeclaredTypes, TableColumns } from '../../lib/connection/table-columns.js'
import type { SqliteTarget } from './target.js'
import { SqliteThread } from './thread.js'

/** One connection: a thread with an open database. */
export class SqliteConnection implements MayflyConnection {
  readonly #target: SqliteTarget
  readonly #thread: SqliteThread
  readonly #texts: StatementTexts
  readonly #tables: TableColumns
  #isChanged = false
  #cursors = 0
  #openCursors = 0
  #queryOnly = false

  constructor(target: SqliteTarget, texts: StatementTexts, tables: TableColumns) {
    this.#target = target
    this.#texts = texts
    this.#tables = tables
    this.#thread = new SqliteThread(target)
  }

  /**
   * Resolves when the database is open.
   * @throws SqliteError when it cannot be opened; the thread has ended by then.
   */
  async opened(): Promise<void> {
    const answer = await this.#thread.opened
    if (!answer.failure) return
    await this.destroy()
    throw new SqliteError(answer.failure, this.#target.name)
  }

  /** Whether the thread has ended or is being ended. */
  get lost(): boolean {
    return this.#thread.lost
  }

  get transactionState(): TransactionState | undefined {
    const { inTransaction } = this.#thread
    if (inTransaction === undefined) return undefined
    return inTransaction ? 'open' : 'none'
  }

  get hasChangedSession(): boolean {
    return this.#isChanged
  }

  /** Whether something of the last holder is left that `reset` takes away. */
  get isDirty(): boolean {
    return this.#isChanged || this.#queryOnly || this.#openCursors > 0
  }

  /**
   * Runs one statement.
   * @throws InvalidArgumentError for values that SQLite cannot store, for a text with none or several statements, and for a set whose table keeps
   * its values as something else.
   * @throws SqliteError for everything that SQLite reports.
   */
  async executeQuery<R>(query: MayflyQuery): Promise<QueryResult<R>> {
    if (query.stores && !this.#tables.isRight(query.stores)) await this.#check(query.stores)
    const { writes, inserts } = this.#read(query)
    const { table, changes, lastRowId } = await this.#ask(
      { kind: 'execute', sql: query.sql, parameters: toBindable(query), writes },
      query.sql,
    )
    return {
      rows: toRows<R>(table),
      ...(changes !== undefined && { numAffectedRows: changes }),
      ...(inserts && changes && { insertId: lastRowId }),
    }
  }

  /** The same several times, with a message to the thread for all of them. */
  async executeRuns<R>(
    query: MayflyQuery<R>,
    runs: readonly (readonly unknown[])[],
  ): Promise<QueryResult<R>> {
    if (query.stores && !this.#tables.isRight(query.stores)) await this.#check(query.stores)
    const all = runs.map(parameters => {
      const run = { ...query, parameters }
      this.#read(run)
      return toBindable(run)
    })
    const { sql } = query
    const { table, changes = 0n } = await this.#ask({ kind: 'executeRuns', sql, runs: all }, sql)
    return { rows: toRows<R>(table), numAffectedRows: changes }
  }

  /**
   * Runs one statement and gives its rows as they are asked for.
   * @param chunkSize How many rows are fetched at a time (rows).
   */
  async *streamQuery<R>(
    query: MayflyQuery,
    chunkSize: number,
  ): AsyncIterableIterator<QueryResult<R>> {
    checkLimit(InvalidArgumentError, 'chunkSize', chunkSize, 'rows')
    if (query.stores && !this.#tables.isRight(query.stores)) await this.#check(query.stores)
    this.#read(query)
    const parameters = toBindable(query)
    const cursor = ++this.#cursors
    await this.#ask({ kind: 'openCursor', cursor, sql: query.sql, parameters }, query.sql)
    this.#openCursors++
    let more = true
    try {
      while (more) {
        more = false
        const { table, done } = await this.#ask({ kind: 'fetch', cursor, size: chunkSize })
        more = !done
        const rows = toRows<R>(table)
        if (rows.length > 0) yield { rows }
      }
    } finally {
      this.#openCursors--
      if (more && !this.lost) await this.#ask({ kind: 'closeCursor', cursor })
    }
  }

  /** Forbids writing, or allows it again. */
  async setQueryOnly(queryOnly: boolean): Promise<void> {
    if (queryOnly === this.#queryOnly) return
    const sql = `pragma query_only = ${queryOnly ? 'on' : 'off'}`
    await this.#ask({ kind: 'execute', sql, parameters: [], writes: false })
    this.#queryOnly = queryOnly
  }

  /**
   * Closes cursors, rolls back an open transaction and allows writing. What else a statement has left goes with the connection's
   * end: the thread opens the database again.
   */
  async reset(): Promise<void> {
    await this.#ask({ kind: this.#isChanged ? 'reopen' : 'reset' })
    this.#queryOnly = false
    this.#isChanged = false
  }

  /** Closes the database after what was asked of it before, then ends the thread. */
  close(): Promise<void> {
    return this.#thread.close()
  }

  /** Ends the thread. A statement that runs rejects at once. */
  destroy(): Promise<void> {
    return this.#thread.destroy()
  }

  #read(query: CompiledQuery): StatementText {
    const text = this.#texts.get(query.sql)
    checkStatement(text, query)
    if (text.changesConnection) this.#isChanged = true
    return text
  }

  #check(stores: StoredColumns): Promise<void> {
    return this.#tables.check(stores, async (table): Promise<DeclaredTypes> => {
      const [name, schema = null] = table.split('.').toReversed() as [string, string?]
      const { table: found } = await this.#ask({
        kind: 'execute',
        sql: 'select name, type from pragma_table_xinfo(?, ?)',
        parameters: [name, schema],
        writes: false,
      })
      const [names = [], types = []] = found!.columns
      return new Map(names.map((column, i) => [String(column).toLowerCase(), String(types[i])]))
    })
  }

  async #ask(request: Request, sql = ''): Promise<Answer> {
    const answer = await this.#thread.ask(request)
    if (!answer.failure) return answer
    if (answer.failure.code === SEVERAL_STATEMENTS) throw sqliteSeveralStatements(sql)
    throw new SqliteError(answer.failure, this.#target.name)
  }
}

const OWN = { enumerable: true, configurable: true, writable: true }

function toRows<R>(table: Table | undefined): R[] {
  const rows: R[] = []
  if (!table) return rows
  const { names, columns } = table
  const count = columns[0]?.length ?? 0
  for (let i = 0; i < count; i++) {
    const row: Record<string, unknown> = {}
    for (let column = 0; column < names.length; column++) {
      const name = names[column]!
      const value = columns[column]![i]
      // Assigned, it would become what the row inherits from.
      if (name === '__proto__') Object.defineProperty(row, name, { ...OWN, value })
      else row[name] = value
    }
    rows.push(row as R)
  }
  return rows
}
