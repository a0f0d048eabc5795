import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Dialect } from 'kysely'
import { mysql } from 'mayfly/mysql2'
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
 * @throws StartError for a URL that leads to no MySQL or MariaDB
 */
export function chooseDatabase(url: string | undefined, rows: number): Database {
  if (url) return mysqlDatabase(url)
  const file = join(tmpdir(), `mayfly-dashboard-v${SCHEMA_VERSION}-${rows}.sqlite`)
  return { dialect: sqlite(file), label: file }
}

function mysqlDatabase(text: string): Database {
  const scheme = /^[a-z][\w+.-]*:(?=\/\/)/i.exec(text)?.[0].toLowerCase()
  if (scheme !== 'mysql:' && scheme !== 'mariadb:') {
    throw new StartError(
      `DATABASE_URL must start with mysql:// or mariadb://${scheme ? `, not ${scheme}//` : ''}. Without it the demo uses SQLite.`,
    )
  }
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url?.host || url.pathname.length < 2) {
    throw new StartError('DATABASE_URL must look like mysql://user:password@host:3306/database.')
  }
  return { dialect: mysql(text), label: `${scheme}//${url.host}${url.pathname}` }
}
