import {
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  type DatabaseConnection,
  type Kysely,
  type QueryResult,
} from 'kysely'
import type { MayflyDialect, MayflyDriver, MayflyQuery } from 'mayfly'

type Row = Record<string, unknown>

/** Answers a statement with its rows, at once or when a test lets it. */
export type Script = (sql: string) => readonly Row[] | Promise<readonly Row[]>

/**
 * A dialect without a database. What its driver is asked to do is written down in order (`acquire`, `select ...`, `release`, `destroy`), and
 * statements are answered from a script.
 */
export class RecordingDialect implements MayflyDialect {
  readonly log: string[] = []
  /** The statements, as the driver got them. */
  readonly queries: MayflyQuery[] = []
  readonly #script: Script
  readonly #onLine: (line: string) => void

  /** @param onLine hears of every line as well, so that a test can put several dialects into one log */
  constructor(script: Script = () => [], onLine: (line: string) => void = () => {}) {
    this.#script = script
    this.#onLine = onLine
  }

  createAdapter() {
    return new MysqlAdapter()
  }

  createQueryCompiler() {
    return new MysqlQueryCompiler()
  }

  createIntrospector(db: Kysely<any>) {
    return new MysqlIntrospector(db)
  }

  createDriver(): MayflyDriver {
    const { queries } = this
    const script = this.#script
    const note = (line: string) => {
      this.log.push(line)
      this.#onLine(line)
    }
    const write = (line: string) => async () => note(line)
    return {
      init: write('init'),
      async acquireConnection() {
        note('acquire')
        return new ScriptedConnection(note, script, queries)
      },
      beginTransaction: write('begin'),
      commitTransaction: write('commit'),
      rollbackTransaction: write('rollback'),
      savepoint: write('savepoint'),
      releaseSavepoint: write('release savepoint'),
      rollbackToSavepoint: write('rollback to savepoint'),
      releaseConnection: write('release'),
      destroy: write('destroy'),
    }
  }
}

class ScriptedConnection implements DatabaseConnection {
  readonly #note: (line: string) => void
  readonly #script: Script
  readonly #queries: MayflyQuery[]

  constructor(note: (line: string) => void, script: Script, queries: MayflyQuery[]) {
    this.#note = note
    this.#script = script
    this.#queries = queries
  }

  async executeQuery<R>(query: MayflyQuery): Promise<QueryResult<R>> {
    const { sql } = query
    this.#queries.push(query)
    this.#note(sql)
    return { rows: [...(await this.#script(sql))] as R[] }
  }

  async *streamQuery<R>(query: MayflyQuery): AsyncGenerator<QueryResult<R>> {
    yield await this.executeQuery<R>(query)
  }
}
