import {
  DummyDriver,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type Dialect,
} from 'kysely'
import { openDataSource } from '../connection/data-source.js'
import { modelHasNoDatabase, modelUnreadable } from '../errors.js'
import { DbSet } from '../query/db-set.js'
import { setOf } from '../query/rows.js'
import type { SetModel } from '../query/set-model.js'
import { Pool } from '../support/pool.js'
import type { ContextCore } from './core.js'
import { DbContext, type DbContextClass } from './db-context.js'
import { Ticket, ticketed } from './ticket.js'

/** What the class of a context declares. */
export interface ContextModel<C = DbContext> {
  /** The name of the class. */
  readonly name: string
  /** Its sets, by the names of their fields. */
  readonly sets: {
    readonly [
      P in keyof C & string as C[P] extends DbSet<any, any, any, any, any> ? P : never
    ]: SetModel
  }
}

/**
 * What a context's class declares: its sets with their tables, keys and columns, and whether they are complete. It needs no registration, no scope and
 * no database: for schemas, GraphQL and checks at start-up. The class says its sets when a context is made, so one is made, without a way to any
 * database, and ended at once; sets that only some contexts have are those of this one.
 * @param cradle what the constructor reads from its scope, where it reads something
 * @throws RegistrationError for a constructor that fails, with its error as `cause`
 * @example modelOf(ShopContext).sets.orders.columns
 */
export function modelOf<C extends DbContext>(
  context: DbContextClass<C>,
  cradle: object = {},
): ContextModel<C> {
  const source = openDataSource(NO_DATABASE)
  const pool = new Pool<ContextCore>(0)
  const ticket = new Ticket(ticketed({}, source.dialect), { source, pool, owner: 'scope' })
  let made: unknown
  try {
    made = ticket.redeem(context, cradle)
    if (!(made instanceof DbContext)) throw new TypeError('The class does not extend DbContext.')
    const sets = Object.entries(made).flatMap(([name, value]): [string, SetModel][] =>
      value instanceof DbSet ? [[name, setOf(value).model]] : [],
    )
    return { name: context.name, sets: Object.fromEntries(sets) as ContextModel<C>['sets'] }
  } catch (error) {
    throw modelUnreadable(context?.name, error)
  } finally {
    // A class that brings options of its own makes a context by hand.
    if (!ticket.lease && made instanceof DbContext) made.dispose().catch(() => {})
    void ticket.lease?.dispose('made to read the model of its class')
    void source.release()
  }
}

class NoDatabase extends DummyDriver {
  override acquireConnection(): Promise<never> {
    return Promise.reject(modelHasNoDatabase())
  }
}

const NO_DATABASE: Dialect = {
  createDriver: () => new NoDatabase(),
  createQueryCompiler: () => new SqliteQueryCompiler(),
  createAdapter: () => new SqliteAdapter(),
  createIntrospector: db => new SqliteIntrospector(db),
}
