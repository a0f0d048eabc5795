import {
  MysqlAdapter,
  MysqlIntrospector,
  type DatabaseIntrospector,
  type DialectAdapter,
  type Kysely,
  type QueryCompiler,
} from 'kysely'
import {
  DecimalParameter,
  utcDay,
  type DialectValues,
} from '../../lib/connection/dialect-values.js'
import type { MayflyDialect } from '../../lib/connection/driver.js'
import { MysqlCompiler } from '../../lib/query/compilers.js'
import { MysqlDriver } from './driver.js'
import type { PoolSource } from './target.js'

const VALUES: DialectValues = {
  family: 'mysql',
  json: 'text',
  dayOf: utcDay,
  decimal: digits => new DecimalParameter(digits),
}

/** Kysely's MySQL compiler, adapter and introspector with Mayfly's driver. */
export class MysqlDialect implements MayflyDialect {
  /** The pool's `connectionLimit` (connections). */
  readonly maxConnections: number
  readonly values = VALUES
  readonly #source: PoolSource

  constructor(source: PoolSource) {
    this.#source = source
    this.maxConnections = source.connectionLimit
  }

  /** A driver of its own each time; one for a URL or config has a pool of its own. */
  createDriver(): MysqlDriver {
    return new MysqlDriver(this.#source)
  }

  createQueryCompiler(): QueryCompiler {
    return new MysqlCompiler()
  }

  createAdapter(): DialectAdapter {
    return new MysqlAdapter()
  }

  createIntrospector(db: Kysely<any>): DatabaseIntrospector {
    return new MysqlIntrospector(db)
  }
}
