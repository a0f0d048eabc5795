import {
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type Kysely,
  type QueryResult,
} from 'kysely'
import type { MayflyDialect, MayflyDriver } from 'mayfly'

type Row = Record<string, unknown>

/** Answers a statement with its rows, at once or when a test lets it. */
export type Script = (sql: string) => readonly Row[] | Promise<readonly Row[]>

/**
 * A dialect without a database. What its driver is asked to do is written down in order (`acquire`, `select ...`, `release`, `destroy`), and
 * statements are answered from a script.
 */
export class RecordingDialect implements MayflyDialect {
  readonly log: string[] = []
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
        return new ScriptedConnection(note, script)
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

  constructor(note: (line: string) => void, script: Script) {
    this.#note = note
    this.#script = script
  }

  async executeQuery<R>({ sql }: CompiledQuery): Promise<QueryResult<R>> {
    this.#note(sql)
    return { rows: [...(await this.#script(sql))] as R[] }
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncGenerator<QueryResult<R>> {
    yield await this.executeQuery<R>(query)
  }
}
