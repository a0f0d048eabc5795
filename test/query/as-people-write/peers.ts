import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import {
  MysqlDialect,
  PostgresDialect,
  SqliteDialect,
  type Dialect,
  type SqliteDatabase,
} from 'kysely'
import type { MayflyDialect } from 'mayfly'
import { mysql } from 'mayfly/mysql2'
import { postgres } from 'mayfly/postgres'
import { createPool } from 'mysql2'
import { Pool } from 'pg'
import type { DatabaseKind } from '../../support/databases.js'

/** One database, reached through Kysely's own dialect and through Mayfly's. */
export interface Peers {
  readonly kysely: Dialect
  readonly mayfly: MayflyDialect
}

/** The ways to a database, by what they are called. */
export function waysTo(kind: DatabaseKind): Record<string, (url: string) => Peers> {
  const ofOurOwn = (url: string) => kind.dialect(url)
  if (kind.family === 'sqlite')
    return {
      'one file': url => ({
        kysely: new SqliteDialect({ database: shaped(new DatabaseSync(url)) }),
        mayfly: ofOurOwn(url),
      }),
    }
  if (kind.family === 'postgres')
    return {
      'a pool of our own': url => ({
        kysely: new PostgresDialect({ pool: new Pool(utc(url)) }),
        mayfly: ofOurOwn(url),
      }),
      "a caller's pool": url => {
        const pool = new Pool(utc(url))
        return { kysely: new PostgresDialect({ pool }), mayfly: postgres(pool) }
      },
    }
  return {
    'a pool of our own': url => {
      const pool = createPool({ uri: url, ...utcOfMysql, supportBigNumbers: true })
      return { kysely: new MysqlDialect({ pool }), mayfly: ofOurOwn(url) }
    },
    "a caller's pool": url => {
      const pool = createPool({ uri: url, ...utcOfMysql })
      return { kysely: new MysqlDialect({ pool }), mayfly: mysql(pool) }
    },
  }
}

const utcOfMysql = { timezone: 'Z', jsonStrings: true }
const utc = (url: string) => ({ connectionString: url, options: '-c timezone=UTC' })

/** Kysely's dialect wants the shape of better-sqlite3; this is `node:sqlite` in it. */
function shaped(database: DatabaseSync): SqliteDatabase {
  return {
    close: () => database.close(),
    prepare(text) {
      const statement = database.prepare(text)
      const values = (parameters: readonly unknown[]) => parameters as SQLInputValue[]
      return {
        reader: statement.columns().length > 0,
        all: parameters => statement.all(...values(parameters)),
        run: parameters => statement.run(...values(parameters)),
        iterate: parameters => statement.iterate(...values(parameters)),
      }
    },
  }
}
