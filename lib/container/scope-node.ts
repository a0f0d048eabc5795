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
  containerEnds,
  disposalAwaitsItself,
  disposersFailed,
  scopeEnded,
  singletonOnScope,
} from '../errors.js'
import { Chain, type Link } from '../support/chain.js'
import { isInsideDisposerOf, runDisposer, throwAll, type Creation } from '../scope/disposal.js'
import type { MayflyContainer } from './container.js'
import { factsOf } from './resolvers.js'
import { begun, channels, over, type ScopeMessage } from '../diagnostics/channels.js'
import type { Logger } from '../diagnostics/logger.js'
import { ResolutionStack } from './resolution-stack.js'
import type { ContainerOptions } from './container-options.js'
import type { WorkInFlight } from '../scope/work-in-flight.js'

export type Name = string | symbol

/** What a container and all its scopes share. */
export interface Family {
  readonly options: ContainerOptions
  readonly validates: boolean
  readonly logger: Logger | undefined
  readonly stack: ResolutionStack
  readonly work: WorkInFlight
  /** How long the end of the container waits for work in flight (ms). */
  readonly gracePeriod: number
}

/** An instance of the root, and the one whose cradle asked for it: what a chain is made of (S6). */
export interface Owner {
  readonly name: Name
  readonly lifetime: LifetimeType
  readonly asker: Owner | undefined
}

const NO_ERRORS: readonly unknown[] = []

/** The inside of a container or scope: what is registered, what was created, and its end. Containers are faces of it. */
export class ScopeNode implements Link<ScopeNode> {
  chain: Chain<ScopeNode> | undefined
  previous: ScopeNode | undefined
  next: ScopeNode | undefined
  readonly family: Family
  readonly parent: ScopeNode | undefined
  readonly root: ScopeNode
  /** What it is in messages: `the container`, `scope GET /orders`. */
  readonly label: string
  /** The container that shows this node to users. */
  declare face: MayflyContainer
  #registrations: Map<Name, Resolver<any>> | undefined
  #cache: Map<Name, CacheEntry> | undefined
  #created: Creation[] | undefined
  #children: Chain<ScopeNode> | undefined
  #controller: AbortController | undefined
  #disposal: Promise<readonly unknown[]> | undefined
  #disposed: Promise<void> | undefined
  readonly #message: ScopeMessage | undefined
  /** The end of a container with work in flight begins with refusing new scopes; what runs may still build (S9). */
  #refuses: 'nothing' | 'scopes' | 'everything' = 'nothing'
  #obeysSignal = false
  #ended = false

  constructor(family: Family, parent: ScopeNode | undefined, label: string) {
    this.family = family
    this.parent = parent
    this.root = parent ? parent.root : this
    this.label = label
    this.#message = parent && begun(channels.scope, () => ({ scope: label }))
  }

  get cache(): Map<Name, CacheEntry> {
    return (this.#cache ??= new Map())
  }

  get signal(): AbortSignal {
    return (this.#controller ??= new AbortController()).signal
  }

  /** The signal that the operations of this scope's contexts obey, where its unit of work can be called off as a whole. */
  get workSignal(): AbortSignal | undefined {
    return this.#obeysSignal ? this.signal : undefined
  }

  /** From now on, calling the unit of work off calls off its contexts' operations, too. */
  obeySignal(): void {
    this.#obeysSignal = true
  }

  /** Calls the unit of work off; what listens to the signal may stop. */
  abort(reason: unknown): void {
    ;(this.#controller ??= new AbortController()).abort(reason)
  }

  register(name: Name, resolver: Resolver<any>): void {
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
    this.#cache?.delete(name)
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
    const seen: Record<Name, Resolver<any>> = this.parent ? this.parent.registrations() : {}
    for (const [name, resolver] of this.#registrations ?? []) seen[name] = resolver
    return seen
  }

  /** @throws ScopeEndedError once this scope ends, or one that it is within (S3) */
  assertOpen(wanted: string): void {
    if (this.#refuses === 'everything') throw scopeEnded(this.label, wanted)
    // A scope that owns nothing is not known to its parents (S4), so it looks up to them.
    for (let { parent } = this; parent; parent = parent.parent)
      if (parent.#refuses === 'everything') {
        throw scopeEnded(`${this.label} of ${parent.label}`, wanted)
      }
  }

  /** @throws ScopeEndedError once this scope ends, or the container waits for its last work */
  assertTakesScopes(): void {
    if (this.#refuses === 'scopes') throw scopeEnded(this.label, 'createScope()')
    this.assertOpen('createScope()')
  }

  /** Has the end of the container wait for work in this scope. @returns ends the work */
  beginWork(): () => void {
    return this.family.work.begin(this)
  }

  /** @param face the container that is asked: the node's own, or one that belongs to an instance of the root */
  resolve(name: Name, face: MayflyContainer, options: ResolveOptions | undefined): unknown {
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
  buildUnnamed<T>(resolver: Resolver<T>, container: MayflyContainer): T {
    this.assertOpen('build()')
    const value = resolver.resolve(container as never)
    if (this.parent) this.#track(undefined, resolver, value)
    return value
  }

  /** Has something disposed with this scope, in its place in the order of creation. */
  own(creation: Creation): void {
    ;(this.#created ??= []).push(creation)
    for (let node: ScopeNode = this; node.parent; node = node.parent) {
      // A parent keeps a scope alive only while there is something to dispose (S4).
      ;(node.parent.#children ??= new Chain()).add(node)
    }
  }

  dispose(): Promise<void> {
    if (!this.#ended && isInsideDisposerOf(scope => (scope as ScopeNode).isWithin(this))) {
      const refused = Promise.reject(disposalAwaitsItself(this.label))
      refused.catch(() => {})
      return refused
    }
    return (this.#disposed ??= this.disposeAndCollect().then(errors =>
      throwAll(errors, count => disposersFailed(this.label, count)),
    ))
  }

  /** The same end, once; gives the errors instead of throwing them. */
  disposeAndCollect(): Promise<readonly unknown[]> {
    if (!this.#disposal) {
      this.#refuses = this.parent ? 'everything' : 'scopes'
      this.#disposal = this.#disposeAll()
    }
    return this.#disposal
  }

  isWithin(other: ScopeNode): boolean {
    for (let node: ScopeNode | undefined = this; node; node = node.parent)
      if (node === other) return true
    return false
  }

  async #disposeAll(): Promise<readonly unknown[]> {
    const { stack, work, gracePeriod } = this.family
    if (!this.parent && work.isRunning) await work.end(gracePeriod, containerEnds())
    this.#refuses = 'everything'
    const { steps } = stack
    if (!this.#created && !this.#children && steps.length === 0) {
      return this.#finish(NO_ERRORS)
    }
    // The state must show before any disposer runs, and #disposal is assigned only when this function first waits.
    await Promise.resolve()
    const errors: unknown[] = []
    if (this.#children) {
      for (const child of [...this.#children].toReversed())
        errors.push(...(await child.disposeAndCollect()))
    }
    const disposed = (this.#created?.length ?? 0) > 1 ? new Set<unknown>() : undefined
    for (let creation = this.#created?.pop(); creation; creation = this.#created?.pop()) {
      if (creation.name !== undefined) this.#cache?.delete(creation.name)
      if (disposed?.has(creation.value)) continue
      if (isObject(creation.value)) disposed?.add(creation.value)
      try {
        await (creation.foreign ? runDisposer(this, creation) : creation.end(creation.value))
      } catch (error) {
        errors.push(error)
      }
    }
    this.#letGo()
    return this.#finish(errors)
  }

  #finish(errors: readonly unknown[]): readonly unknown[] {
    this.#ended = true
    this.#cache?.clear()
    if (this.#message) over(channels.scope, this.#message, { errors })
    return errors
  }

  #letGo(): void {
    const { parent } = this
    if (!parent) return
    parent.#children?.delete(this)
    if (!parent.#children?.size && !parent.#created?.length) parent.#letGo()
  }

  #resolveScoped(name: Name, resolver: Resolver<any>, face: MayflyContainer): unknown {
    if (this.family.validates && !this.parent && !factsOf(resolver)?.rootSafe) {
      throw captiveDependency(this.#chain(name, Lifetime.SCOPED, face))
    }
    const cached = this.#cache?.get(name)
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

  #resolveSingleton(name: Name, resolver: Resolver<any>, face: MayflyContainer): unknown {
    const { root } = this
    const cached = root.#cache?.get(name)
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
    container: MayflyContainer,
    keeper: ScopeNode,
  ): unknown {
    const builds = buildsAnInstance(resolver)
    if (builds) keeper.assertOpen(`"${String(name)}"`)
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
  #handOut(name: Name, lifetime: LifetimeType, asker: MayflyContainer): MayflyContainer {
    if (this.parent || !this.family.validates) return asker
    return this.face.ownedBy(ownerOf(name, lifetime, asker.owner))
  }

  #track(name: Name | undefined, resolver: Resolver<any>, value: any): void {
    const { dispose } = resolver as { dispose?: (value: unknown) => unknown }
    if (dispose) return this.own({ name, value, foreign: true, end: dispose })
    if (!factsOf(resolver)?.disposesInstances || typeof value !== 'object' || value === null) return
    if (typeof value[Symbol.asyncDispose] === 'function') {
      this.own({ name, value, foreign: true, end: disposeAsync })
    } else if (typeof value[Symbol.dispose] === 'function') {
      this.own({ name, value, foreign: true, end: disposeSync })
    }
  }

  #checkStrict(name: Name, lifetime: LifetimeType, resolver: Resolver<any>): void {
    if (this.family.options.strict && !resolver.isLeakSafe)
      this.family.stack.refuseShorterLifetime(name, lifetime)
  }

  #chain(name: Name, lifetime: LifetimeType, { owner }: MayflyContainer): string[] {
    const chain = [describe(name, lifetime)]
    for (let step = owner; step; step = step.asker)
      chain.unshift(describe(step.name, step.lifetime))
    return chain
  }

  /** What JavaScript itself, `console.log` and `await` ask of any object, as Awilix answers it. */
  #resolveUnknown(name: Name, face: MayflyContainer, options: ResolveOptions | undefined): unknown {
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
        throw new AwilixResolutionError(name, [...this.family.stack.steps])
    }
  }
}

/** A value is there already, and an alias asks again under another name. */
function buildsAnInstance(resolver: Resolver<any>): boolean {
  return !(resolver.isLeakSafe && resolver.lifetime === undefined)
}

/** A chain that comes back to a name is cut there, so that instances which make each other for ever do not make it longer. */
function ownerOf(name: Name, lifetime: LifetimeType, asker: Owner | undefined): Owner {
  for (let owner = asker; owner; owner = owner.asker) if (owner.name === name) return owner
  return { name, lifetime, asker }
}

function disposeAsync(value: AsyncDisposable): PromiseLike<void> {
  return value[Symbol.asyncDispose]()
}

function disposeSync(value: Disposable): void {
  value[Symbol.dispose]()
}

function isObject(value: unknown): boolean {
  return Object(value) === value
}

function describe(name: Name, lifetime: LifetimeType): string {
  return `${String(name)} (${lifetime.toLowerCase()})`
}

function describeCradle(): string {
  return '[object AwilixContainerCradle]'
}
