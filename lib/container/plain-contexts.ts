import { Lifetime, type AwilixContainer } from 'awilix'
import { captiveDependency } from '../errors.js'
import type { ContextLifetime } from '../registration/options.js'
import type { Call, Part } from '../registration/calls.js'
import { Registry, type Give, type RegistryHost } from '../registration/registry.js'
import { Scope } from '../scope/scope.js'
import { DroppedScopes } from '../scope/dropped-scopes.js'
import { WorkInFlight } from '../scope/work-in-flight.js'
import { DEFAULT_GRACE_PERIOD } from './container-options.js'
import { assertName, nameOf } from './contexts.js'

/**
 * The contexts of a plain Awilix container. Each of Awilix's containers and scopes has a scope of Mayfly's beside it, which ends when Awilix disposes
 * what was resolved.
 */
export class PlainContexts implements RegistryHost<string> {
  static readonly #all = new WeakMap<object, PlainContexts>()

  static of(container: AwilixContainer<any>): PlainContexts {
    let contexts = this.#all.get(container)
    if (!contexts) this.#all.set(container, (contexts = new PlainContexts(container)))
    return contexts
  }

  readonly scope: Scope
  readonly #plain: AwilixContainer<any>
  readonly #registry = new Registry<string>(this)
  readonly #scopes = new WeakMap<object, Scope>()
  /** Names that were taken away. */
  readonly #free = new Set<string>()

  private constructor(plain: AwilixContainer<any>) {
    this.#plain = plain
    const family = {
      logger: undefined,
      work: new WorkInFlight(),
      gracePeriod: DEFAULT_GRACE_PERIOD,
      dropped: new DroppedScopes(undefined),
    }
    this.scope = new Scope(family, undefined, 'the container')
    this.#bind(plain, this.scope, 'SINGLETON')
  }

  get holder(): object {
    return this.#plain.cradle as object
  }

  add(call: Call, name: string, context: unknown, options: unknown): void {
    assertName(call, name)
    this.#registry.add(call, name, context, options)
  }

  /** @throws RegistrationError for a name that no context has */
  removeContext(name: string): void {
    this.#registry.remove(name)
  }

  labelOf(name: string, part: Part): string {
    return nameOf(name, part)
  }

  has(name: string, part: Part): boolean {
    const placed = nameOf(name, part)
    return this.#plain.hasRegistration(placed) && !this.#free.has(placed)
  }

  put(name: string, part: Part, lifetime: ContextLifetime, give: Give): void {
    const placed = nameOf(name, part)
    this.#free.delete(placed)
    this.#plain.register(placed, {
      lifetime: lifetime === 'scoped' ? Lifetime.SCOPED : Lifetime.TRANSIENT,
      isLeakSafe: true,
      resolve: (plain: AwilixContainer<any>) => {
        if (plain === this.#plain && part === 'context')
          throw captiveDependency([{ name, lifetime }])
        return give(this.#scopeOf(plain), plain.cradle as object)
      },
    } as never)
  }

  /** Awilix forgets no registration, but another one may take its place. */
  remove(name: string, part: Part): void {
    this.#free.add(nameOf(name, part))
  }

  /** The scope beside one of Awilix's, which ends with it. */
  #scopeOf(plain: AwilixContainer<any>): Scope {
    const had = this.#scopes.get(plain)
    if (had) return had
    const scope = new Scope(this.scope.family, this.scope, 'a scope of Awilix')
    this.#bind(plain, scope, 'SCOPED')
    return scope
  }

  /** Awilix disposes what it has cached; this has it end the scope. */
  #bind(plain: AwilixContainer<any>, scope: Scope, lifetime: 'SINGLETON' | 'SCOPED'): void {
    this.#scopes.set(plain, scope)
    const end = Symbol('mayfly')
    plain.register(end, {
      lifetime,
      isLeakSafe: true,
      resolve: () => scope as never,
      dispose: () => scope.dispose(),
    } as never)
    plain.resolve(end)
  }
}
