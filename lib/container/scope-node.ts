import { inspect } from 'node:util'
import {
  AwilixRegistrationError,
  AwilixResolutionError,
  Lifetime,
  type CacheEntry,
  type LifetimeType,
  type ResolveOptions,
  type Resolver,
} from 'awilix'
import {
  captiveDependency,
  cradleAsParameter,
  notAResolver,
  singletonOnScope,
  type DependencyStep,
} from '../errors.js'
import type { Family } from '../scope/family.js'
import { Scope } from '../scope/scope.js'
import type { ContainerOptions } from './container-options.js'
import type { ResolutionStack } from './resolution-stack.js'
import { factsOf } from './resolvers.js'
import { namesItsCradle } from './verify/dependencies.js'

export type Name = string | symbol

/** What a container and all its scopes share. */
export interface ContainerFamily extends Family {
  readonly options: ContainerOptions
  readonly validates: boolean
  readonly stack: ResolutionStack
}

/** An instance of the root, and the one whose cradle asked for it: what a chain is made of (S6). */
export interface RootInstance {
  readonly name: Name
  readonly lifetime: LifetimeType
  readonly asker: RootInstance | undefined
}

/** What shows a node to users: its container, or one that belongs to an instance of the root. */
export interface Face {
  /** The instance of the root that it was handed to. */
  readonly handedTo: RootInstance | undefined
  readonly cradle: object
  /** The same, as an instance of the root sees it. */
  handTo(instance: RootInstance): Face
}

/** How a container gives its inside to those who work with it. */
export const NODE = Symbol('mayfly.node')

/** The inside of a container or scope; `undefined` for what Mayfly did not make. */
export function nodeOf(container: unknown): ScopeNode | undefined {
  return (container as { readonly [NODE]?: ScopeNode } | null | undefined)?.[NODE]
}

/** How a cradle asks, so that an error can tell it from `resolve`. */
export const OF_CRADLE: ResolveOptions = {}

/** The inside of a container or scope: what is registered, and how it is resolved. Containers are faces of it. */
export class ScopeNode extends Scope<ContainerFamily> {
  declare readonly parent: ScopeNode | undefined
  declare readonly root: ScopeNode
  /** The container that shows this node to users. */
  declare face: Face
  #registrations: Map<Name, Resolver<any>> | undefined

  protected override get isBuilding(): boolean {
    return this.family.stack.steps.length > 0
  }

  override building<T>(what: string, build: () => T): T {
    return this.family.stack.build(what, Lifetime.TRANSIENT, build)
  }

  /** @throws RegistrationError for what is no resolver, and for a singleton on a scope */
  register(name: Name, resolver: Resolver<any> | undefined): void {
    if (typeof resolver?.resolve !== 'function') throw notAResolver(String(name), resolver)
    const { options, validates } = this.family
    if (this.parent && resolver.lifetime === Lifetime.SINGLETON) {
      if (validates) throw singletonOnScope(String(name))
      if (options.strict) {
        const message = 'Cannot register a singleton on a scoped container.'
        throw new AwilixRegistrationError(name, message)
      }
    }
    ;(this.#registrations ??= new Map()).set(name, resolver)
  }

  unregister(name: Name): void {
    this.#registrations?.delete(name)
    this.cache.delete(name)
  }

  find(name: Name): Resolver<any> | undefined {
    for (let node: ScopeNode | undefined = this; node; node = node.parent) {
      const resolver = node.#registrations?.get(name)
      if (resolver) return resolver
    }
    return undefined
  }

  /** All registrations that can be seen from here. */
  registrations(): Record<Name, Resolver<any>> {
    const nodes: ScopeNode[] = []
    for (let node: ScopeNode | undefined = this; node; node = node.parent) nodes.push(node)
    const seen = new Map<Name, Resolver<any>>()
    for (const node of nodes.toReversed())
      for (const [name, resolver] of node.#registrations ?? []) seen.set(name, resolver)
    // As own properties, whatever their name: assigning `__proto__` would not add one.
    return Object.fromEntries(seen) as Record<Name, Resolver<any>>
  }

  /** @param face the container that is asked: the node's own, or one that belongs to an instance of the root */
  resolve(name: Name, face: Face, options: ResolveOptions | undefined): unknown {
    const resolver = this.find(name)
    const { stack } = this.family
    if (stack.steps.length > 0) stack.refuseCycle(name)
    if (name === 'toJSON') return describeCradle
    if (!resolver || name === 'constructor') return this.#resolveUnknown(name, face, options)
    const lifetime = resolver.lifetime ?? Lifetime.TRANSIENT
    switch (lifetime) {
      case Lifetime.SCOPED:
        return this.#resolveScoped(name, resolver, face)
      case Lifetime.SINGLETON:
        return this.#resolveSingleton(name, resolver, face)
      case Lifetime.TRANSIENT:
        if (this.family.validates && !this.parent && factsOf(resolver)?.needsScope) {
          throw captiveDependency(this.#chain(name, lifetime, face))
        }
        return this.#construct(name, resolver, lifetime, this.#handOut(name, lifetime, face), this)
      default:
        throw new AwilixResolutionError(name, [...stack.steps], `Unknown lifetime "${lifetime}"`)
    }
  }

  /** Builds without a name: nothing is cached, but a scope disposes it. */
  buildUnnamed<T>(resolver: Resolver<T>, container: Face): T {
    this.assertOpen('build()')
    const value = resolver.resolve(container as never)
    if (this.parent) this.#track(undefined, resolver, value)
    return value
  }

  #resolveScoped(name: Name, resolver: Resolver<any>, face: Face): unknown {
    if (this.family.validates && !this.parent && !factsOf(resolver)?.rootSafe) {
      throw captiveDependency(this.#chain(name, Lifetime.SCOPED, face))
    }
    const cached = this.cached(name) as CacheEntry | undefined
    if (cached) {
      this.#checkStrict(name, Lifetime.SCOPED, resolver)
      return cached.value
    }
    const lifetime = Lifetime.SCOPED
    const container = this.#handOut(name, lifetime, face)
    const value = this.#construct(name, resolver, lifetime, container, this)
    this.cache.set(name, { resolver, value })
    return value
  }

  #resolveSingleton(name: Name, resolver: Resolver<any>, face: Face): unknown {
    const { root } = this
    const cached = root.cached(name) as CacheEntry | undefined
    if (cached) return cached.value
    this.assertOpen(`"${String(name)}"`)
    const { options, validates } = this.family
    const lifetime = Lifetime.SINGLETON
    const unowned = options.strict ? root.face : face
    const container = validates ? root.#handOut(name, lifetime, face) : unowned
    const value = this.#construct(name, resolver, lifetime, container, root)
    root.cache.set(name, { resolver, value })
    return value
  }

  /** @param keeper the node that owns the instance and disposes it */
  #construct(
    name: Name,
    resolver: Resolver<any>,
    lifetime: LifetimeType,
    container: Face,
    keeper: ScopeNode,
  ): unknown {
    const builds = buildsAnInstance(resolver)
    if (builds && keeper.ending) keeper.assertOpen(`"${String(name)}"`)
    this.#checkStrict(name, lifetime, resolver)
    const value = this.family.stack.build(
      name,
      lifetime,
      () => resolver.resolve(container as never) as unknown,
    )
    if (!builds) return value
    if (lifetime !== Lifetime.TRANSIENT) keeper.#track(name, resolver, value)
    else if (keeper.parent) keeper.#track(undefined, resolver, value)
    return value
  }

  /** An instance of the root gets a container that knows whose it is, so that what it reads later can be told (S6). */
  #handOut(name: Name, lifetime: LifetimeType, asker: Face): Face {
    if (this.parent || !this.family.validates) return asker
    return this.face.handTo(rootInstance(name, lifetime, asker.handedTo))
  }

  #track(name: Name | undefined, resolver: Resolver<any>, value: any): void {
    const { dispose } = resolver as { dispose?: (value: unknown) => unknown }
    if (dispose)
      return this.own({ key: name, value, foreign: true, end: dispose, remains: undefined })
    if (!factsOf(resolver)?.disposesInstances || typeof value !== 'object' || value === null) return
    if (typeof value[Symbol.asyncDispose] === 'function') {
      this.own({ key: name, value, foreign: true, end: disposeAsync, remains: undefined })
    } else if (typeof value[Symbol.dispose] === 'function') {
      this.own({ key: name, value, foreign: true, end: disposeSync, remains: undefined })
    }
  }

  #checkStrict(name: Name, lifetime: LifetimeType, resolver: Resolver<any>): void {
    if (this.family.options.strict && !resolver.isLeakSafe)
      this.family.stack.refuseShorterLifetime(name, lifetime)
  }

  #chain(name: Name, lifetime: LifetimeType, { handedTo }: Face): DependencyStep[] {
    const chain = [stepOf(name, lifetime)]
    for (let step = handedTo; step; step = step.asker)
      chain.unshift(stepOf(step.name, step.lifetime))
    return chain
  }

  /** What JavaScript itself, `console.log` and `await` ask of any object, as Awilix answers it. */
  #resolveUnknown(name: Name, face: Face, options: ResolveOptions | undefined): unknown {
    switch (name) {
      case 'constructor':
        return face.constructor
      case inspect.custom:
      case 'inspect':
      case 'toString':
        return describeCradle
      case Symbol.toStringTag:
        return 'AwilixContainerCradle'
      case 'then':
        return undefined
      case Symbol.iterator:
        return () => Object.keys(this.registrations())[Symbol.iterator]()
      default:
        if (options?.allowUnregistered) return undefined
        throw this.#unknown(name, options === OF_CRADLE)
    }
  }

  #unknown(name: Name, ofCradle: boolean): AwilixResolutionError {
    const { steps } = this.family.stack
    const asker = steps.at(-1)
    const target = asker && factsOf(this.find(asker.name))?.target
    const isPositional = ofCradle && (target ? namesItsCradle(target) : !asker)
    return new AwilixResolutionError(
      name,
      [...steps],
      isPositional ? cradleAsParameter() : undefined,
    )
  }
}

/** A value is there already, and an alias asks again under another name. */
function buildsAnInstance(resolver: Resolver<any>): boolean {
  return !(resolver.isLeakSafe && resolver.lifetime === undefined)
}

/** A chain that comes back to a name is cut there, so that instances which make each other for ever do not make it longer. */
function rootInstance(
  name: Name,
  lifetime: LifetimeType,
  asker: RootInstance | undefined,
): RootInstance {
  for (let known = asker; known; known = known.asker) if (known.name === name) return known
  return { name, lifetime, asker }
}

function disposeAsync(value: AsyncDisposable): PromiseLike<void> {
  return value[Symbol.asyncDispose]()
}

function disposeSync(value: Disposable): void {
  value[Symbol.dispose]()
}

function stepOf(name: Name, lifetime: LifetimeType): DependencyStep {
  return {
    name: String(name),
    lifetime: lifetime.toLowerCase() as DependencyStep['lifetime'],
  }
}

function describeCradle(): string {
  return '[object AwilixContainerCradle]'
}
