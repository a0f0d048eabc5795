import type { AwilixContainer, InferCradleFromResolvers, Resolver } from 'awilix'
import type { DbContext, DbContextClass } from '../context/db-context.js'
import type { DbContextFactory } from '../context/factory.js'
import type { ContainerGraph } from './verify/container-graph.js'
import type {
  ContextLifetime,
  ContextRegistrationOptions,
  FactoryRegistrationOptions,
  PoolOptions,
  ProviderOptions,
} from '../registration/options.js'
import type { ContainerStats } from '../registration/stats.js'
import type { ContextProvider } from '../registration/provider-registration.js'
import type { Verified, VerifyOptions } from './verify/verify.js'

/** The names under which a cradle has contexts. */
export type ContextName<Cradle> = {
  [K in keyof Cradle & string]: Cradle[K] extends DbContext<any> ? K : never
}[keyof Cradle & string]

/** An Awilix container that knows contexts and ends its scopes. Nothing of Awilix is missing. */
export interface Container<Cradle extends object = {}, Declared extends object = {}>
  extends AwilixContainer<Cradle>, AsyncDisposable {
  register<N extends string | symbol, T>(
    name: N,
    resolver: Resolver<T>,
  ): Container<Cradle & Record<N, T>, Omit<Declared, N>>
  register<R extends Record<string, Resolver<any>>>(
    resolvers: R,
  ): Container<Cradle & InferCradleFromResolvers<R>, Omit<Declared, keyof R>>

  /** A scope for one unit of work. Whoever makes it disposes it. @throws ScopeEndedError after the end of this one */
  createScope<T extends object = object>(): Container<Cradle & T, Declared>

  /**
   * Registers a context: one per scope, disposed with its scope.
   * @throws RegistrationError for a class that is no context, a missing dialect, a name that is taken, limits that cannot work
   */
  addDbContext<N extends string, C extends DbContext<any>>(
    name: N,
    context: DbContextClass<C>,
    options: ContextRegistrationOptions<C, Cradle, Declared>,
  ): Container<Cradle & Record<N, C>, Declared>
  /** The same for sessions that are not Mayfly's: a provider makes them, and Mayfly gives them their lifetime. */
  addDbContext<N extends string, S extends object>(
    name: N,
    provider: ContextProvider<S, Cradle>,
    options?: ProviderOptions<S, Cradle> & { readonly lifetime?: ContextLifetime },
  ): Container<Cradle & Record<N, S>, Declared>
  /** The same for a name that `addDbContextFactory` has described. */
  addDbContext<N extends ContextName<Cradle>>(
    name: N,
    options?: { readonly lifetime?: ContextLifetime },
  ): Container<Cradle, Declared>

  /**
   * The same as `addDbContext`, but the inside of a context (its hold on a connection, nothing that a user can keep) is kept for the next
   * one. Every lease gets a fresh object of your class, so nothing that a request left in its context reaches another.
   * @throws RegistrationError as for `addDbContext`; RangeError for a `poolSize` that is no whole number of contexts, 1 or more
   */
  addDbContextPool<N extends string, C extends DbContext<any>>(
    name: N,
    context: DbContextClass<C>,
    options: FactoryRegistrationOptions<C, Cradle, Declared> & PoolOptions,
  ): Container<Cradle & Record<N, C>, Declared>
  /** The same for a provider, which needs `reset`. */
  addDbContextPool<N extends string, S extends object>(
    name: N,
    provider: ContextProvider<S, Cradle> & { reset(session: S): unknown },
    options?: ProviderOptions<S, Cradle> & PoolOptions,
  ): Container<Cradle & Record<N, S>, Declared>
  /** The same for a name that another call has described. */
  addDbContextPool<N extends ContextName<Cradle>>(
    name: N,
    options?: PoolOptions,
  ): Container<Cradle, Declared>

  /**
   * Registers `${name}Factory`, which makes contexts for parallel work and for work without a scope, and `name`, one per scope, unless it is
   * registered. @throws RegistrationError as for `addDbContext`
   */
  addDbContextFactory<N extends string, C extends DbContext<any>>(
    name: N,
    context: DbContextClass<C>,
    options: FactoryRegistrationOptions<C, Cradle, Declared>,
  ): Container<Cradle & Record<N, C> & Record<`${N}Factory`, DbContextFactory<C>>, Declared>
  /** The same for a provider. What `createDbContext` gives ends with its scope at the latest; prefer `use` and `parallel`. */
  addDbContextFactory<N extends string, S extends object>(
    name: N,
    provider: ContextProvider<S, Cradle>,
    options?: ProviderOptions<S, Cradle>,
  ): Container<Cradle & Record<N, S> & Record<`${N}Factory`, DbContextFactory<S>>, Declared>
  /** The same for a name that `addDbContext` has described. */
  addDbContextFactory<N extends ContextName<Cradle>>(
    name: N,
  ): Container<Cradle & Record<`${N}Factory`, DbContextFactory<Cradle[N]>>, Declared>

  /** The same with pooled contexts; a name has one pool. @throws as for `addDbContextPool` */
  addPooledDbContextFactory<N extends string, C extends DbContext<any>>(
    name: N,
    context: DbContextClass<C>,
    options: FactoryRegistrationOptions<C, Cradle, Declared> & PoolOptions,
  ): Container<Cradle & Record<N, C> & Record<`${N}Factory`, DbContextFactory<C>>, Declared>
  /** The same for a provider, which needs `reset`. */
  addPooledDbContextFactory<N extends string, S extends object>(
    name: N,
    provider: ContextProvider<S, Cradle> & { reset(session: S): unknown },
    options?: ProviderOptions<S, Cradle> & PoolOptions,
  ): Container<Cradle & Record<N, S> & Record<`${N}Factory`, DbContextFactory<S>>, Declared>
  /** The same for a name that another call has described. */
  addPooledDbContextFactory<N extends ContextName<Cradle>>(
    name: N,
    options?: PoolOptions,
  ): Container<Cradle & Record<`${N}Factory`, DbContextFactory<Cradle[N]>>, Declared>

  /**
   * Takes `name` and `${name}Factory` away, so that a test can register something else. Contexts that were resolved stay good; the dialect is
   * closed with the container. @throws RegistrationError for a name that no context has
   */
  removeDbContext<N extends ContextName<Cradle>>(
    name: N,
  ): Container<Omit<Cradle, N | `${N}Factory`>, Declared>

  /** For each context leased, idle, created and dropped; for each gate in use, waiting, and its oldest holder. */
  stats(): ContainerStats

  /**
   * Checks what is registered, without running a constructor: unknown names, cycles, singletons that would keep something scoped, and
   * transient contexts that two services of one scope would get. Dependencies are read from the parameters of what Mayfly's `asClass`,
   * `asFunction`, `loadModules` and the calls for contexts registered, and aliases are followed.
   * @returns what was checked, and what could not be read
   * @throws VerificationError with all findings
   * @example container.verify({ scopeValues: ['tenant'] })
   */
  verify(options?: VerifyOptions): Verified

  /** What is registered and what asks for what, as data and as Mermaid text. No constructor runs. */
  graph(): ContainerGraph

  /** Aborts when the unit of work of this scope is called off, e.g. when the client has gone. */
  readonly signal: AbortSignal

  /**
   * Ends this container or scope: its live child scopes first, then everything it created, in reverse order and one after the other. A second
   * call returns the same promise.
   * @throws the error of a disposer, or an `AggregateError` of several; all of them have run
   */
  dispose(): Promise<void>
}
