import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Dialect } from 'kysely'
import { mysql } from 'mayfly/mysql2'
import { postgres } from 'mayfly/postgres'
import { sqlite } from 'mayfly/sqlite'
import { SCHEMA_VERSION } from './schema.js'
import { StartError } from './start-error.js'

export interface Database {
  readonly dialect: Dialect
  /** Where the data is, for people; without a password. */
  readonly label: string
}

/**
 * The database that `DATABASE_URL` names, or an SQLite file that later starts find again.
 * @throws StartError for a URL that leads to no MySQL, MariaDB or PostgreSQL
 */
export function chooseDatabase(url: string | undefined, rows: number): Database {
  if (url) return serverDatabase(url)
  const file = join(tmpdir(), `mayfly-dashboard-v${SCHEMA_VERSION}-${rows}.sqlite`)
  return { dialect: sqlite(file), label: file }
}

/** The dialects by the schemes of their URLs. */
const DIALECTS: Readonly<Record<string, (url: string) => Dialect>> = {
  'mysql:': url => mysql(url),
  'mariadb:': url => mysql(url),
  'postgres:': url => postgres(url),
  'postgresql:': url => postgres(url),
}

function serverDatabase(text: string): Database {
  const scheme = /^[a-z][\w+.-]*:(?=\/\/)/i.exec(text)?.[0].toLowerCase()
  const dialect = scheme && DIALECTS[scheme]
  if (!dialect) {
    throw new StartError(
      `DATABASE_URL must start with mysql://, mariadb:// or postgres://${scheme ? `, not ${scheme}//` : ''}. Without it the demo uses SQLite.`,
    )
  }
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url?.host || url.pathname.length < 2) {
    throw new StartError(`DATABASE_URL must look like ${scheme}//user:password@host:port/database.`)
  }
  return { dialect: dialect(text), label: `${scheme}//${url.host}${url.pathname}` }
}
