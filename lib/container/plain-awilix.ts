import { Lifetime, type AwilixContainer } from 'awilix'
import type { DbContext } from '../context/db-context.js'
import type { DbContextFactory } from '../context/factory.js'
import { notAnyContainer } from '../errors.js'
import { MayflyContainer } from './container.js'
import type { Call } from '../registration/registration.js'
import type {
  ContextRegistrationOptions,
  DbContextClass,
  FactoryRegistrationOptions,
  PoolOptions,
} from '../registration/options.js'

/**
 * The side of a plain Awilix container that Mayfly keeps: contexts are registered on a container of its own, and each of Awilix's scopes has a
 * Mayfly scope beside it, which ends when Awilix disposes what was resolved.
 */
class Companion {
  static readonly #all = new WeakMap<object, Companion>()

  static of(container: AwilixContainer<any>): Companion {
    let companion = this.#all.get(container)
    if (!companion) this.#all.set(container, (companion = new Companion(container)))
    return companion
  }

  readonly #plain: AwilixContainer<any>
  readonly #root = MayflyContainer.root({})
  readonly #scopes = new WeakMap<object, MayflyContainer>()

  private constructor(plain: AwilixContainer<any>) {
    this.#plain = plain
    this.#scopes.set(plain, this.#root.inPlaceOf(plain))
    // Awilix disposes what it has cached; this has it close the dialects.
    const end = Symbol('mayfly')
    plain.register(end, {
      lifetime: Lifetime.SINGLETON,
      isLeakSafe: true,
      resolve: () => this.#root as never,
      dispose: () => this.#root.dispose(),
    } as never)
    plain.resolve(end)
  }

  add(call: Call, name: string, context: unknown, options: unknown): void {
    this.#root[call](name, context, options)
    for (const added of [name, `${name}Factory`]) {
      if (!this.#root.hasRegistration(added)) continue
      this.#plain.register(added, {
        lifetime: Lifetime.SCOPED,
        isLeakSafe: true,
        resolve: (plain: object) => this.#scopeOf(plain).resolveName(added),
        dispose: () => {},
      } as never)
    }
  }

  remove(name: string): void {
    this.#root.removeDbContext(name)
  }

  /** The scope beside one of Awilix's, which ends with it. */
  #scopeOf(plain: object): MayflyContainer {
    let scope = this.#scopes.get(plain)
    if (scope) return scope
    scope = this.#root
      .createNamedScope('a scope of Awilix')
      .inPlaceOf(plain as AwilixContainer<any>)
    this.#scopes.set(plain, scope)
    const end = Symbol('mayfly')
    const container = plain as AwilixContainer<any>
    container.register(end, {
      lifetime: Lifetime.SCOPED,
      isLeakSafe: true,
      resolve: () => scope as never,
      dispose: () => scope.dispose(),
    } as never)
    container.resolve(end)
    return scope
  }
}

function add(
  call: Call,
  container: AwilixContainer<any>,
  name: string,
  context: unknown,
  options: unknown,
): never {
  if (container instanceof MayflyContainer) container[call](name, context, options)
  else if (typeof (container as Partial<AwilixContainer> | null)?.createScope === 'function') {
    Companion.of(container).add(call, name, context, options)
  } else throw notAnyContainer(call)
  return container as never
}

/**
 * `container.addDbContext` for a plain Awilix container: one context per scope, ended when Awilix disposes the scope. A scope of Awilix checks no
 * lifetimes; `createContainer` of 'mayfly' does.
 * @throws RegistrationError as the method does
 */
export function addDbContext<Cradle extends object, N extends string, C extends DbContext<any>>(
  container: AwilixContainer<Cradle>,
  name: N,
  context: DbContextClass<C>,
  options: ContextRegistrationOptions<C, Cradle>,
): AwilixContainer<Cradle & Record<N, C>> {
  return add('addDbContext', container, name, context, options)
}

/** `container.addDbContextPool` for a plain Awilix container. */
export function addDbContextPool<Cradle extends object, N extends string, C extends DbContext<any>>(
  container: AwilixContainer<Cradle>,
  name: N,
  context: DbContextClass<C>,
  options: FactoryRegistrationOptions<C, Cradle> & PoolOptions,
): AwilixContainer<Cradle & Record<N, C>> {
  return add('addDbContextPool', container, name, context, options)
}

/** `container.addDbContextFactory` for a plain Awilix container; class and options may be left out for a name that is described. */
export function addDbContextFactory<
  Cradle extends object,
  N extends string,
  C extends DbContext<any>,
>(
  container: AwilixContainer<Cradle>,
  name: N,
  context?: DbContextClass<C>,
  options?: FactoryRegistrationOptions<C, Cradle>,
): AwilixContainer<Cradle & Record<N, C> & Record<`${N}Factory`, DbContextFactory<C>>> {
  return add('addDbContextFactory', container, name, context, options)
}

/** `container.addPooledDbContextFactory` for a plain Awilix container. */
export function addPooledDbContextFactory<
  Cradle extends object,
  N extends string,
  C extends DbContext<any>,
>(
  container: AwilixContainer<Cradle>,
  name: N,
  context?: DbContextClass<C>,
  options?: FactoryRegistrationOptions<C, Cradle> & PoolOptions,
): AwilixContainer<Cradle & Record<N, C> & Record<`${N}Factory`, DbContextFactory<C>>> {
  return add('addPooledDbContextFactory', container, name, context, options)
}

/** Takes a context away, so that a test can register another; on a plain container by registering over it. */
export function removeDbContext(container: AwilixContainer<any>, name: string): void {
  if (container instanceof MayflyContainer) container.removeDbContext(name)
  else Companion.of(container).remove(name)
}
