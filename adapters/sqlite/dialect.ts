import {
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type DatabaseIntrospector,
  type DialectAdapter,
  type Kysely,
  type QueryCompiler,
} from 'kysely'
import { utcDay, type DialectValues } from '../../lib/connection/dialect-values.js'
import type { MayflyDialect } from '../../lib/connection/driver.js'
import { SqliteDriver } from './driver.js'
import type { SqliteTarget } from './target.js'

const VALUES: DialectValues = {
  family: 'sqlite',
  json: 'text',
  dayOf: utcDay,
  decimal: digits => digits,
}

/** Kysely's SQLite compiler, adapter and introspector with Mayfly's driver. */
export class SqliteDialect implements MayflyDialect {
  /** Connections. */
  readonly maxConnections: number
  readonly values = VALUES
  readonly #target: SqliteTarget

  constructor(target: SqliteTarget) {
    this.#target = target
    this.maxConnections = target.maxConnections
  }

  createDriver(): SqliteDriver {
    return new SqliteDriver(this.#target)
  }

  createQueryCompiler(): QueryCompiler {
    return new SqliteQueryCompiler()
  }

  createAdapter(): DialectAdapter {
    return new ManyConnectionsAdapter()
  }

  createIntrospector(db: Kysely<any>): DatabaseIntrospector {
    return new SqliteIntrospector(db)
  }
}

/** Kysely's own driver has one connection for everybody. */
class ManyConnectionsAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true
  }

  /**
   * So that a migration that fails leaves nothing behind, and of two migrators one waits: Kysely's lock is its one connection, and ours is the `begin
   * immediate` of a transaction.
   */
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}
