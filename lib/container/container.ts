import { inspect } from 'node:util'
import {
  AwilixTypeError,
  type BuildResolverOptions,
  type CacheEntry,
  type ResolveOptions,
  type Resolver,
} from 'awilix'
import { bind, carry, membersOf } from './bound-members.js'
import { Contexts } from './contexts.js'
import { nothingToRegister } from '../errors.js'
import type { ScopeKind } from '../diagnostics/messages.js'
import { createCradle } from './cradle.js'
import type { ContainerGraph } from './verify/container-graph.js'
import { readGraph } from './verify/graph.js'
import { loadModules, type ModuleGlobs, type ModuleOptions } from './load-modules.js'
import { ResolutionStack } from './resolution-stack.js'
import { resolverFor } from './resolvers.js'
import {
  NODE,
  OF_CRADLE,
  ScopeNode,
  type Face,
  type Name,
  type RootInstance,
} from './scope-node.js'
import type { ContainerStats } from '../registration/stats.js'
import type { Container } from './container-interface.js'
import {
  checkContainerOptions,
  DEFAULT_GRACE_PERIOD,
  type ContainerOptions,
} from './container-options.js'
import { verifyGraph, type Verified, type VerifyOptions } from './verify/verify.js'
import { CallSite, NEAREST_FRAMES } from '../diagnostics/call-site.js'
import { DroppedScopes } from '../scope/dropped-scopes.js'
import { WorkInFlight } from '../scope/work-in-flight.js'

/**
 * A node as users see it. There are three kinds of faces. A scope's has nothing of its own but its node: one is made for every request, and most of
 * what an Awilix scope costs is the object that carries its members (`bench/rows/scope.ts`), so they live on the prototype. The container's, made
 * once, carries them as Awilix's does. And an instance of the root gets one that knows whose it is, so that what it reads later can be told (S6).
 */
export class MayflyContainer implements Face {
  readonly #node: ScopeNode
  readonly #handedTo: RootInstance | undefined
  #cradle: object | undefined

  constructor(node: ScopeNode, handedTo?: RootInstance) {
    this.#node = node
    this.#handedTo = handedTo
  }

  static root(options: ContainerOptions): MayflyContainer {
    checkContainerOptions(options)
    const {
      validateScopes = true,
      logger,
      gracePeriod = DEFAULT_GRACE_PERIOD,
      ...awilixOptions
    } = options
    const family = {
      options: { injectionMode: 'PROXY', strict: false, ...awilixOptions } as const,
      validates: validateScopes,
      logger,
      stack: new ResolutionStack(),
      work: new WorkInFlight(),
      gracePeriod,
      dropped: new DroppedScopes(logger),
    }
    const root = faceOf(new ScopeNode(family, undefined, 'the container'))
    carry(root, MEMBERS)
    return root
  }

  get [NODE](): ScopeNode {
    return this.#node
  }

  get options(): ContainerOptions {
    return this.#node.family.options
  }

  get cradle(): object {
    return (this.#cradle ??= createCradle(this))
  }

  get cache(): Map<Name, CacheEntry> {
    return this.#node.cache
  }

  get registrations(): Record<Name, Resolver<any>> {
    return this.#node.registrations()
  }

  get signal(): AbortSignal {
    return this.#node.signal
  }

  /** The instance of the root that this face was handed to. */
  get handedTo(): RootInstance | undefined {
    return this.#handedTo
  }

  /** The same container, as an instance of the root sees it. */
  handTo(instance: RootInstance): MayflyContainer {
    return new MayflyContainer(this.#node, instance)
  }

  createScope(): MayflyContainer {
    return this.createNamedScope(UNNAMED, 'scope', CallSite.capture(NEAREST_FRAMES))
  }

  /** @param openedAt the line of user code that must dispose it, where nothing else does */
  createNamedScope(label: string, kind: ScopeKind, openedAt?: CallSite): MayflyContainer {
    this.#node.assertTakesScopes()
    return faceOf(new ScopeNode(this.#node.family, this.#node, label, kind, openedAt))
  }

  register(first: Name | Record<Name, Resolver<any>>, resolver?: Resolver<any>): this {
    if (typeof first === 'string' || typeof first === 'symbol') {
      this.#node.register(first, resolver)
    } else if (typeof first !== 'object' || first === null) {
      throw nothingToRegister()
    } else {
      // What an ES module has beside its exports is not one of them.
      for (const name of Reflect.ownKeys(first))
        if (isEnumerable.call(first, name)) this.#node.register(name, first[name])
    }
    return this
  }

  resolve(name: Name, options?: ResolveOptions): unknown {
    return this.#node.resolve(name, this, options)
  }

  /** `resolve` for the cradle, which needs no bound function. */
  resolveName(name: Name): unknown {
    return this.#node.resolve(name, this, OF_CRADLE)
  }

  hasRegistration(name: Name): boolean {
    return this.#node.find(name) !== undefined
  }

  getRegistration(name: Name): Resolver<any> | null {
    return this.#node.find(name) ?? null
  }

  build(target: any, options?: BuildResolverOptions<any>): unknown {
    if (typeof target?.resolve === 'function') return this.#node.buildUnnamed(target, this)
    const expected = `a ${target ? '' : 'registration, '}function or class`
    if (typeof target !== 'function')
      throw new AwilixTypeError('build', 'targetOrResolver', expected, target)
    return this.#node.buildUnnamed(resolverFor(target, options), this)
  }

  /** @see loadModules */
  loadModules(globs: ModuleGlobs, options: ModuleOptions = {}): this | Promise<this> {
    const found = loadModules(globs, options, this.#node.family.options)
    return found instanceof Promise
      ? found.then(registrations => this.register(registrations))
      : this.register(found)
  }

  addDbContext(name: string, context?: unknown, options?: unknown): this {
    Contexts.of(this.#node).add('addDbContext', name, context, options)
    return this
  }

  addDbContextPool(name: string, context?: unknown, options?: unknown): this {
    Contexts.of(this.#node).add('addDbContextPool', name, context, options)
    return this
  }

  addDbContextFactory(name: string, context?: unknown, options?: unknown): this {
    Contexts.of(this.#node).add('addDbContextFactory', name, context, options)
    return this
  }

  addPooledDbContextFactory(name: string, context?: unknown, options?: unknown): this {
    Contexts.of(this.#node).add('addPooledDbContextFactory', name, context, options)
    return this
  }

  removeDbContext(name: string): this {
    Contexts.of(this.#node).removeContext(name)
    return this
  }

  stats(): ContainerStats {
    return Contexts.of(this.#node.root).stats
  }

  verify(options: VerifyOptions = {}): Verified {
    return verifyGraph(readGraph(this.#node), options)
  }

  graph(): ContainerGraph {
    return readGraph(this.#node)
  }

  dispose(): Promise<void> {
    return this.#node.dispose()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#node.dispose()
  }

  inspect(): string {
    const { parent, label } = this.#node
    // Awilix's words; a scope that has a name says it.
    const what = !parent ? '' : label === UNNAMED ? 'scoped, ' : `${label}, `
    return `[AwilixContainer (${what}registrations: ${Object.keys(this.registrations).length})]`
  }

  [inspect.custom](): string {
    return this.inspect()
  }
}

/** What a scope is called that `createScope()` made. */
const UNNAMED = 'a scope'

const isEnumerable = Object.prototype.propertyIsEnumerable

function faceOf(node: ScopeNode): MayflyContainer {
  return (node.face = new MayflyContainer(node))
}

/** A container with Awilix's whole interface, contexts, checked lifetimes and scopes that end. @see Container */
export function createContainer<Cradle extends object = {}>(
  options: ContainerOptions = {},
): Container<Cradle, Cradle> {
  return MayflyContainer.root(options) as unknown as Container<Cradle, Cradle>
}

/** Members that only Mayfly calls. */
const INTERNAL = ['constructor', 'handedTo', 'handTo', 'resolveName', 'createNamedScope']
const MEMBERS = membersOf(MayflyContainer.prototype, INTERNAL)
bind(MayflyContainer.prototype, MEMBERS)

// What a cradle and a container say to `.constructor`, as in Awilix.
Object.defineProperty(MayflyContainer.prototype, 'constructor', { value: createContainer })
