import { PostgresAdapter, sql, SqliteAdapter } from 'kysely'
import type { ShopContext } from './shop-context.js'

/** `PostgreSQL 15.18`, as the database itself says. */
export async function databaseName({ kysely }: ShopContext): Promise<string> {
  const { adapter } = kysely.getExecutor()
  const isSqlite = adapter instanceof SqliteAdapter
  const version = isSqlite ? sql<string>`sqlite_version()` : sql<string>`version()`
  const { text } = await kysely.selectNoFrom(version.as('text')).executeTakeFirstOrThrow()
  return `${productOf(adapter, text)} ${/\d+(?:\.\d+)*/.exec(text)?.[0]}`
}

function productOf(adapter: unknown, text: string): string {
  if (adapter instanceof SqliteAdapter) return 'SQLite'
  if (adapter instanceof PostgresAdapter) return 'PostgreSQL'
  return text.includes('MariaDB') ? 'MariaDB' : 'MySQL'
}
