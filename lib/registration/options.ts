import type { Dialect } from 'kysely'
import type { DialectPerKey } from './dialect-per-key.js'
import type { Interceptor } from '../context/interceptor.js'
import type { DbContextOptions } from '../context/options.js'

/** How long a resolved context lives: one per scope, or one per resolution. */
export type ContextLifetime = 'scoped' | 'transient'

/** What the container's own cradle has: all but the values that only scopes have. */
export type RootValues<Cradle, Declared> = 0 extends 1 & Cradle ? any : Omit<Cradle, keyof Declared>

/**
 * What `addDbContextFactory` needs to know; `addDbContext` adds a lifetime.
 * @typeParam Declared values that only scopes have, as `createContainer<{ tenant: string }>()` declares them
 */
export interface FactoryRegistrationOptions<C, Cradle, Declared = {}> extends Omit<
  DbContextOptions,
  'dialect' | 'interceptors'
> {
  /**
   * The dialect; or a function that makes it, which is called once and gets the container's cradle, because one dialect serves all scopes; or
   * `dialectPerKey(...)` for one per tenant. The container closes what it was given or made when it is disposed.
   */
  readonly dialect:
    Dialect | ((cradle: RootValues<Cradle, Declared>) => Dialect) | DialectPerKey<Cradle>
  /** What takes part in the saves of its contexts, in this order. Default: nothing. */
  readonly interceptors?: readonly Interceptor<NoInfer<C>>[]
  /**
   * Runs for every context, resolved or made by a factory, before anybody gets it: the place for the tenant or the user of a request.
   * Synchronous.
   */
  onLease?(context: C, cradle: Cradle): void
}

export interface ContextRegistrationOptions<
  C,
  Cradle,
  Declared = {},
> extends FactoryRegistrationOptions<C, Cradle, Declared> {
  /** `'scoped'` (default) or `'transient'`. */
  readonly lifetime?: ContextLifetime
}

/** How many idle contexts a pool keeps (contexts); as in EF Core. */
export const DEFAULT_POOL_SIZE = 1024

export interface PoolOptions {
  /** How many idle contexts are kept (contexts). Default: {@link DEFAULT_POOL_SIZE}. There is no limit to those that are leased: a pool never waits. */
  readonly poolSize?: number
}

/** What a provider's registration can say: it has a lifetime, and no dialect. */
export interface ProviderOptions<S, Cradle> {
  onLease?(session: S, cradle: Cradle): void
}
