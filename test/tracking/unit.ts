import { sql, type Generated } from 'kysely'
import {
  column,
  dateTime,
  DbContext,
  decimal,
  integer,
  json,
  many,
  one,
  oneOrNone,
  text,
  uuid,
  type DbContextOptions,
  type InferDatabase,
  type MayflyDialect,
} from 'mayfly'
import type { databases } from '../support/databases.js'
import { logged, type ConnectionLog } from '../support/logged-dialect.js'

const tables = {
  notes: {
    id: uuid(),
    body: text(),
    stars: integer().generated(),
    meta: json<{ tags: string[] }>().nullable(),
  },
}

export interface UnitDatabase extends InferDatabase<typeof tables> {
  users: { id: Generated<number>; name: string; email: string | null; version: Generated<number> }
  orders: { id: Generated<number>; userId: number; amount: string; createdAt: Date }
  lines: { orderId: number; position: number; text: string }
  parts: { id: Generated<number>; name: string; partOf: number | null }
}

/** A generated key with a version, a reference, a key of two columns, and a complete set with a key of the application's. */
export class UnitContext extends DbContext<UnitDatabase> {
  hidden: string | undefined
  readonly users = this.set('users', {
    key: 'id',
    version: 'version',
    relations: { orders: many('orders', 'userId') },
  })
  readonly orders = this.set('orders', {
    key: 'id',
    relations: { user: one('users', 'userId'), lines: many('lines', 'orderId') },
    columns: { createdAt: dateTime(), amount: decimal({ scale: 2 }) },
  })
  readonly lines = this.set('lines', {
    key: ['orderId', 'position'],
    references: { orderId: 'orders' },
  })
  readonly parts = this.set('parts', {
    key: 'id',
    relations: { whole: oneOrNone('parts', 'partOf'), parts: many('parts', 'partOf') },
  })
  readonly notes = this.set('notes', { key: 'id', complete: true, columns: tables.notes })
  readonly shownNotes = this.set('notes', {
    key: 'id',
    complete: true,
    columns: tables.notes,
    filter: q => (this.hidden === undefined ? q : q.where('body', '!=', this.hidden)),
  })
}

/** The same over a table whose columns have other names. */
class RenamedContext extends UnitContext {
  override readonly users = this.set('users', {
    key: 'id',
    version: 'version',
    relations: { orders: many('orders', 'userId') },
    columns: {
      name: column('usr_name', text()),
      email: column('mail'),
      version: column('row_no'),
    },
  })
}

export interface Unit {
  readonly url: string
  readonly dialect: MayflyDialect
  readonly db: UnitContext
  readonly log: ConnectionLog
  /** Another context of the same database. */
  another(options?: Partial<DbContextOptions>): UnitContext
  /** What was sent, in one line each. */
  sent(): string[]
  close(): Promise<void>
}

/** An empty database with the tables of {@link UnitContext}. @param renamed whether the columns of users have other names than their properties */
export async function openUnit(kind: (typeof databases)[number], renamed = false): Promise<Unit> {
  const Context = renamed ? RenamedContext : UnitContext
  const empty = await kind.create('unit')
  const { dialect, log } = logged(kind.dialect(empty.url))
  const contexts: UnitContext[] = []
  const another = (options: Partial<DbContextOptions> = {}) => {
    const context = new Context({ dialect, ...options })
    contexts.push(context)
    return context
  }
  const db = another()
  await createTables(db, kind, renamed)
  log.clear()
  return {
    url: empty.url,
    dialect,
    db,
    log,
    another,
    sent: () => log.lines.filter(line => !line.endsWith('release')).map(line => line.slice(3)),
    async close() {
      await Promise.all(contexts.map(context => context.dispose()))
      await empty.drop()
    },
  }
}

async function createTables(
  db: UnitContext,
  { types, quote: q, family }: (typeof databases)[number],
  renamed: boolean,
): Promise<void> {
  const [name, email, version] = renamed
    ? ['usr_name', 'mail', 'row_no']
    : ['name', 'email', 'version']
  const raw = (statement: string) => sql.raw(statement).execute(db.kysely)
  const key = family === 'sqlite' ? 'text' : family === 'postgres' ? 'uuid' : 'char(36)'
  await raw(
    `create table users (id ${types.id}, ${name} varchar(100) not null unique, ${email} varchar(100), ${version} integer not null default 1)`,
  )
  await raw(
    `create table orders (id ${types.id}, ${q}userId${q} integer not null references users (id), amount ${types.amount} not null, ${q}createdAt${q} ${types.dateTime} not null, constraint orders_users foreign key (${q}userId${q}) references users (id))`,
  )
  await raw(
    `create table ${q}lines${q} (${q}orderId${q} integer not null, position integer not null, text varchar(100) not null, primary key (${q}orderId${q}, position), foreign key (${q}orderId${q}) references orders (id))`,
  )
  await raw(
    `create table parts (id ${types.id}, name varchar(100) not null, ${q}partOf${q} integer, foreign key (${q}partOf${q}) references parts (id))`,
  )
  await raw(
    `create table notes (id ${key} primary key, body varchar(100) not null, stars integer not null default 3, meta ${types.json})`,
  )
}
