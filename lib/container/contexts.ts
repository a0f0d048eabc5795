import { Lifetime } from 'awilix'
import { nameAnswered, registrationOnScope, wrongName } from '../errors.js'
import type { ContextLifetime } from '../registration/options.js'
import type { Call, Part } from '../registration/calls.js'
import type { CradleReader } from '../registration/registration.js'
import { Registry, type Give, type RegistryHost } from '../registration/registry.js'
import type { ContainerStats } from '../registration/stats.js'
import { withFacts } from './resolvers.js'
import { nodeOf, type ScopeNode } from './scope-node.js'

/** What JavaScript asks of any object, and a cradle answers by itself or to everybody: `await cradle`, `JSON.stringify(cradle)`. */
const ANSWERED = new Set(['constructor', '__proto__', 'then', 'toJSON', 'toString', 'inspect'])

/** The contexts of a container: `name` gives a context, `${name}Factory` a factory. */
export class Contexts implements RegistryHost<string> {
  static readonly #all = new WeakMap<ScopeNode, Contexts>()

  /** @throws RegistrationError for a scope: contexts are registered once, at the root */
  static of(node: ScopeNode): Contexts {
    if (node.parent) throw registrationOnScope()
    let contexts = this.#all.get(node)
    if (!contexts) this.#all.set(node, (contexts = new Contexts(node)))
    return contexts
  }

  readonly scope: ScopeNode
  readonly #registry = new Registry<string>(this)

  private constructor(root: ScopeNode) {
    this.scope = root
  }

  get holder(): object {
    return this.scope.face.cradle
  }

  get stats(): ContainerStats {
    return this.#registry.stats
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
    return this.scope.find(nameOf(name, part)) !== undefined
  }

  put(
    name: string,
    part: Part,
    lifetime: ContextLifetime,
    give: Give,
    readers: readonly CradleReader[],
  ): void {
    const resolver = {
      lifetime: lifetime === 'scoped' ? Lifetime.SCOPED : Lifetime.TRANSIENT,
      isLeakSafe: part === 'factory',
      resolve: (container: object) =>
        give(nodeOf(container)!, (container as { readonly cradle: object }).cradle),
    }
    const facts =
      part === 'factory'
        ? ({ kind: 'factory', makes: name, rootSafe: true } as const)
        : ({ kind: 'context', readers, needsScope: true } as const)
    this.scope.register(nameOf(name, part), withFacts(resolver, facts))
  }

  remove(name: string, part: Part): void {
    this.scope.unregister(nameOf(name, part))
  }
}

/** Under which name a container has a part of a context's registration. */
export function nameOf(name: string, part: Part): string {
  return part === 'factory' ? `${name}Factory` : name
}

/** @throws RegistrationError for what cannot be the name of a context */
export function assertName(call: Call, name: unknown): void {
  if (typeof name !== 'string' || name === '') throw wrongName(call, name)
  if (ANSWERED.has(name)) throw nameAnswered(call, name)
}
