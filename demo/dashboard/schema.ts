import { PostgresAdapter, sql, type ColumnDefinitionBuilder } from 'kysely'
import type { ShopContext } from './shop-context.js'
import { StartError } from './start-error.js'

/** Raise it with every change of the tables or of the sample data. */
export const SCHEMA_VERSION = 1

/** Remembers that this demo made the tables, and what it has put into them. */
export type DemoTable = {
  mayfly_demo: { seed: string }
}

/**
 * Creates the tables that are missing. `orders` has no index on `userId`, and `logs` none on `timestamp`: the usual reason why a
 * dashboard is slow.
 * @throws StartError for a database that has tables of these names for another purpose
 */
export async function createTables(db: ShopContext): Promise<void> {
  await refuseForeignTables(db)
  const { schema } = db.kysely
  const { id, time } = typesFor(db)
  await schema
    .createTable('mayfly_demo')
    .ifNotExists()
    .addColumn('seed', 'varchar(50)', column => column.primaryKey())
    .execute()
  await schema
    .createTable('users')
    .ifNotExists()
    .addColumn('id', 'integer', id)
    .addColumn('name', 'varchar(100)', column => column.notNull())
    .execute()
  await schema
    .createTable('orders')
    .ifNotExists()
    .addColumn('id', 'integer', id)
    .addColumn('userId', 'integer', column => column.notNull())
    .addColumn('amount', 'decimal(10, 2)', column => column.notNull())
    .addColumn('createdAt', time, column => column.notNull())
    .execute()
  await schema
    .createTable('logs')
    .ifNotExists()
    .addColumn('id', 'integer', id)
    .addColumn('message', 'varchar(200)', column => column.notNull())
    .addColumn('timestamp', time, column => column.notNull())
    .execute()
}

/** What PostgreSQL has other words for. */
function typesFor(db: ShopContext) {
  const isPostgres = db.kysely.getExecutor().adapter instanceof PostgresAdapter
  return {
    id: (column: ColumnDefinitionBuilder) =>
      isPostgres
        ? column.primaryKey().generatedByDefaultAsIdentity()
        : column.primaryKey().autoIncrement(),
    time: isPostgres ? sql`timestamp(3)` : sql`datetime(3)`,
  }
}

async function refuseForeignTables(db: ShopContext): Promise<void> {
  const tables = await db.kysely.introspection.getTables()
  const names = tables.map(({ name }) => name)
  const foreign = names.filter(name => ['users', 'orders', 'logs'].includes(name))
  if (foreign.length === 0 || names.includes('mayfly_demo')) return
  throw new StartError(
    `The database has tables of its own (${foreign.join(', ')}), and the demo would write into them. Give it an empty database.`,
  )
}
