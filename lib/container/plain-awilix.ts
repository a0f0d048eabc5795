import type { AwilixContainer } from 'awilix'
import type { DbContext, DbContextClass } from '../context/db-context.js'
import type { DbContextFactory } from '../context/factory.js'
import { notAnyContainer } from '../errors.js'
import type {
  ContextLifetime,
  ContextRegistrationOptions,
  FactoryRegistrationOptions,
  PoolOptions,
  ProviderOptions,
} from '../registration/options.js'
import type { ContextProvider } from '../registration/provider-registration.js'
import type { Call } from '../registration/calls.js'
import { MayflyContainer } from './container.js'
import type { ContextName } from './container-interface.js'
import { PlainContexts } from './plain-contexts.js'

type LifetimeOptions = { readonly lifetime?: ContextLifetime }
type PoolableProvider<S, Cradle> = ContextProvider<S, Cradle> & { reset(session: S): unknown }
type FactoryOf<N extends string, C> = Record<`${N}Factory`, DbContextFactory<C>>
type Arguments = [container: AwilixContainer<any>, name: string, first?: unknown, second?: unknown]

/**
 * `container.addDbContext` for a plain Awilix container: one context per scope, ended when Awilix disposes the scope. A scope of Awilix checks no
 * lifetimes; `createContainer` of 'mayfly' does.
 * @throws RegistrationError as the method does
 */
export function addDbContext<Cradle extends object, N extends ContextName<Cradle>>(
  container: AwilixContainer<Cradle>,
  name: N,
  options?: LifetimeOptions,
): AwilixContainer<Cradle>
/** The same for sessions that are not Mayfly's: a provider makes them, and Mayfly gives them their lifetime. */
export function addDbContext<Cradle extends object, N extends string, S extends object>(
  container: AwilixContainer<Cradle>,
  name: N,
  provider: ContextProvider<S, NoInfer<Cradle>>,
  options?: ProviderOptions<S, NoInfer<Cradle>> & LifetimeOptions,
): AwilixContainer<Cradle & Record<N, S>>
/** The same for a class. */
export function addDbContext<Cradle extends object, N extends string, C extends DbContext<any>>(
  container: AwilixContainer<Cradle>,
  name: N,
  context: DbContextClass<C>,
  options: ContextRegistrationOptions<C, NoInfer<Cradle>>,
): AwilixContainer<Cradle & Record<N, C>>
export function addDbContext(...call: Arguments): never {
  return add('addDbContext', ...call)
}

/** `container.addDbContextPool` for a plain Awilix container; class and options are left out for a name that is described. */
export function addDbContextPool<Cradle extends object, N extends ContextName<Cradle>>(
  container: AwilixContainer<Cradle>,
  name: N,
  options?: PoolOptions,
): AwilixContainer<Cradle>
/** The same for a provider, which needs `reset`. */
export function addDbContextPool<Cradle extends object, N extends string, S extends object>(
  container: AwilixContainer<Cradle>,
  name: N,
  provider: PoolableProvider<S, NoInfer<Cradle>>,
  options?: ProviderOptions<S, NoInfer<Cradle>> & PoolOptions,
): AwilixContainer<Cradle & Record<N, S>>
/** The same for a class. */
export function addDbContextPool<Cradle extends object, N extends string, C extends DbContext<any>>(
  container: AwilixContainer<Cradle>,
  name: N,
  context: DbContextClass<C>,
  options: FactoryRegistrationOptions<C, NoInfer<Cradle>> & PoolOptions,
): AwilixContainer<Cradle & Record<N, C>>
export function addDbContextPool(...call: Arguments): never {
  return add('addDbContextPool', ...call)
}

/** `container.addDbContextFactory` for a plain Awilix container; class and options are left out for a name that is described. */
export function addDbContextFactory<Cradle extends object, N extends ContextName<Cradle>>(
  container: AwilixContainer<Cradle>,
  name: N,
): AwilixContainer<Cradle & FactoryOf<N, Cradle[N]>>
/** The same for a provider. What `createDbContext` gives ends with its scope at the latest; prefer `use` and `parallel`. */
export function addDbContextFactory<Cradle extends object, N extends string, S extends object>(
  container: AwilixContainer<Cradle>,
  name: N,
  provider: ContextProvider<S, NoInfer<Cradle>>,
  options?: ProviderOptions<S, NoInfer<Cradle>>,
): AwilixContainer<Cradle & Record<N, S> & FactoryOf<N, S>>
/** The same for a class. */
export function addDbContextFactory<
  Cradle extends object,
  N extends string,
  C extends DbContext<any>,
>(
  container: AwilixContainer<Cradle>,
  name: N,
  context: DbContextClass<C>,
  options: FactoryRegistrationOptions<C, NoInfer<Cradle>>,
): AwilixContainer<Cradle & Record<N, C> & FactoryOf<N, C>>
export function addDbContextFactory(...call: Arguments): never {
  return add('addDbContextFactory', ...call)
}

/** `container.addPooledDbContextFactory` for a plain Awilix container; class and options are left out for a name that is described. */
export function addPooledDbContextFactory<Cradle extends object, N extends ContextName<Cradle>>(
  container: AwilixContainer<Cradle>,
  name: N,
  options?: PoolOptions,
): AwilixContainer<Cradle & FactoryOf<N, Cradle[N]>>
/** The same for a provider, which needs `reset`. */
export function addPooledDbContextFactory<
  Cradle extends object,
  N extends string,
  S extends object,
>(
  container: AwilixContainer<Cradle>,
  name: N,
  provider: PoolableProvider<S, NoInfer<Cradle>>,
  options?: ProviderOptions<S, NoInfer<Cradle>> & PoolOptions,
): AwilixContainer<Cradle & Record<N, S> & FactoryOf<N, S>>
/** The same for a class. */
export function addPooledDbContextFactory<
  Cradle extends object,
  N extends string,
  C extends DbContext<any>,
>(
  container: AwilixContainer<Cradle>,
  name: N,
  context: DbContextClass<C>,
  options: FactoryRegistrationOptions<C, NoInfer<Cradle>> & PoolOptions,
): AwilixContainer<Cradle & Record<N, C> & FactoryOf<N, C>>
export function addPooledDbContextFactory(...call: Arguments): never {
  return add('addPooledDbContextFactory', ...call)
}

/** Takes a context away, so that a test can register another; on a plain container by registering over it. */
export function removeDbContext(container: AwilixContainer<any>, name: string): void {
  if (container instanceof MayflyContainer) container.removeDbContext(name)
  else PlainContexts.of(container).removeContext(name)
}

function add(
  call: Call,
  container: AwilixContainer<any>,
  name: string,
  first?: unknown,
  second?: unknown,
): never {
  if (container instanceof MayflyContainer) container[call](name, first, second)
  else if (typeof (container as Partial<AwilixContainer> | null)?.createScope === 'function') {
    PlainContexts.of(container).add(call, name, first, second)
  } else throw notAnyContainer(call)
  return container as never
}
