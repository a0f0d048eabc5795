import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { Kysely, MysqlDialect, SqliteDialect, type SqliteDatabase } from 'kysely'
import type { MayflyDialect } from 'mayfly'
import { mysql } from 'mayfly/mysql2'
import { sqlite } from 'mayfly/sqlite'
import { createPool } from 'mysql2'
import { createDatabase } from '../../support/mysql-server.js'
import { flavours, type Flavour, type PeopleDatabase } from './schema.js'

/** One database, reached through Kysely's own dialect and through Mayfly's. */
export interface Peers {
  readonly flavour: Flavour
  readonly peer: Kysely<PeopleDatabase>
  readonly dialect: MayflyDialect
  close(): Promise<void>
}

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

export async function sqlitePeers(): Promise<Peers> {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-test-'))
  const file = join(folder, 'shop.db')
  const peer = new Kysely<PeopleDatabase>({
    dialect: new SqliteDialect({ database: shaped(new DatabaseSync(file)) }),
  })
  return Promise.resolve({
    flavour: flavours.sqlite,
    peer,
    dialect: sqlite(file),
    async close() {
      await peer.destroy()
      rmSync(folder, { recursive: true })
    },
  })
}

/** With a pool of Mayfly's own, or with the caller's. */
export async function mysqlPeers(whose: 'own pool' | "caller's pool"): Promise<Peers> {
  const database = await createDatabase('people')
  const own = { supportBigNumbers: true, jsonStrings: true }
  const pool = createPool({
    uri: database.url,
    timezone: 'Z',
    ...(whose === 'own pool' ? own : {}),
  })
  const peer = new Kysely<PeopleDatabase>({ dialect: new MysqlDialect({ pool }) })
  return {
    flavour: flavours.mysql,
    peer,
    dialect: mysql(whose === 'own pool' ? database.url : pool),
    async close() {
      await peer.destroy()
      await database.drop()
    },
  }
}
