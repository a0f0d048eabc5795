import {
  PostgresAdapter,
  PostgresIntrospector,
  type DatabaseIntrospector,
  type DialectAdapter,
  type Kysely,
  type QueryCompiler,
} from 'kysely'
import { utcDay, type DialectValues } from '../../lib/connection/dialect-values.js'
import type { MayflyDialect } from '../../lib/connection/driver.js'
import { PostgresCompiler } from '../../lib/query/compilers.js'
import { PostgresDriver } from './driver.js'
import type { PoolSource } from './target.js'

const VALUES: DialectValues = {
  family: 'postgres',
  json: 'parsed',
  dayOf: utcDay,
  // A text takes the type of what it is compared with.
  decimal: digits => digits,
}

/** Kysely's PostgreSQL compiler, adapter and introspector with Mayfly's driver. */
export class PostgresDialect implements MayflyDialect {
  /** The pool's `max` (connections). */
  readonly maxConnections: number
  readonly values = VALUES
  readonly #source: PoolSource

  constructor(source: PoolSource) {
    this.#source = source
    this.maxConnections = source.connectionLimit
  }

  /** A driver of its own each time; one for a URL or config has a pool of its own. */
  createDriver(): PostgresDriver {
    return new PostgresDriver(this.#source)
  }

  createQueryCompiler(): QueryCompiler {
    return new PostgresCompiler()
  }

  createAdapter(): DialectAdapter {
    return new PostgresAdapter()
  }

  createIntrospector(db: Kysely<any>): DatabaseIntrospector {
    return new PostgresIntrospector(db)
  }
}
