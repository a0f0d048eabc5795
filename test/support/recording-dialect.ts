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

  constructor(script: Script = () => []) {
    this.#script = script
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
    const { log } = this
    const script = this.#script
    const write = (line: string) => async () => void log.push(line)
    return {
      init: write('init'),
      async acquireConnection() {
        log.push('acquire')
        return new ScriptedConnection(log, script)
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
  readonly #log: string[]
  readonly #script: Script

  constructor(log: string[], script: Script) {
    this.#log = log
    this.#script = script
  }

  async executeQuery<R>({ sql }: CompiledQuery): Promise<QueryResult<R>> {
    this.#log.push(sql)
    return { rows: [...(await this.#script(sql))] as R[] }
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncGenerator<QueryResult<R>> {
    yield await this.executeQuery<R>(query)
  }
}
