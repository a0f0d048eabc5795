import { aliasTo, InjectionMode, Lifetime, type Resolver } from 'awilix'
import { DbContext } from '../../context/db-context.js'
import { factsOf } from '../resolvers.js'
import type { ScopeNode } from '../scope-node.js'
import type { ContainerGraph, GraphEdge, GraphNode } from './container-graph.js'
import { readDependencies, readParameter, type Dependencies } from './dependencies.js'
import { toMermaid } from './mermaid.js'

/** A text for each name, also for symbols that look alike. */
class Labels {
  readonly #taken: Set<string>
  readonly #symbols = new Map<symbol, string>()

  constructor(names: readonly string[]) {
    this.#taken = new Set(names)
  }

  of(name: string | symbol): string {
    if (typeof name === 'string') return name
    let label = this.#symbols.get(name)
    if (label !== undefined) return label
    label = String(name)
    for (let n = 2; this.#taken.has(label); n++) label = `${String(name)} ${n}`
    this.#taken.add(label)
    this.#symbols.set(name, label)
    return label
  }
}

type Reading = Dependencies & { readonly kind: GraphEdge['kind'] }

/** Reads the graph of a container. No constructor runs. */
export function readGraph(node: ScopeNode): ContainerGraph {
  const nodes: GraphNode[] = []
  const edges: GraphEdge[] = []
  const registrations = node.registrations()
  const labels = new Labels(Object.keys(registrations))
  for (const key of Reflect.ownKeys(registrations)) {
    const resolver = registrations[key]!
    const name = labels.of(key)
    const readings = read(resolver, node, labels)
    const unreadable = readings.find(reading => reading.unreadable !== undefined)?.unreadable
    const lifetime = resolver.lifetime ?? Lifetime.TRANSIENT
    nodes.push({ name, lifetime, kind: kindOf(resolver), unreadable })
    for (const { names, optional, kind } of readings)
      for (const to of names) edges.push({ from: name, to, optional: optional.includes(to), kind })
  }
  return { nodes, edges, mermaid: toMermaid(nodes, edges) }
}

function read(resolver: Resolver<any>, node: ScopeNode, labels: Labels): Reading[] {
  const facts = factsOf(resolver)
  if (facts?.target) return [{ kind: 'asks', ...readTarget(resolver, facts.target, node) }]
  if (facts?.makes !== undefined) return [known('makes', facts.makes)]
  if (facts?.readers) {
    return facts.readers.map(({ by, position, kind, what }) => {
      const { unreadable, ...dependencies } = readParameter(by, position, DbContext)
      const why =
        unreadable === undefined || what === undefined ? unreadable : `${what}: ${unreadable}`
      return { kind, ...dependencies, unreadable: why }
    })
  }
  if (isAlias(resolver)) return [known('asks', labels.of(targetOf(resolver)))]
  if (facts?.kind !== undefined || isValue(resolver)) return []
  const unreadable = "it was not made by Mayfly's asClass or asFunction"
  return [{ kind: 'asks', names: [], optional: [], unreadable }]
}

function readTarget(resolver: Resolver<any>, target: Function, node: ScopeNode): Dependencies {
  const { injector, injectionMode = node.family.options.injectionMode } = resolver as {
    injector?: unknown
    injectionMode?: string
  }
  if (injector) return { names: [], optional: [], unreadable: 'it has injections of its own' }
  const { CLASSIC, PROXY } = InjectionMode
  return readDependencies(target, injectionMode === CLASSIC ? CLASSIC : PROXY)
}

function known(kind: GraphEdge['kind'], name: string): Reading {
  return { kind, names: [name], optional: [], unreadable: undefined }
}

function kindOf(resolver: Resolver<any>): GraphNode['kind'] {
  if (isAlias(resolver)) return 'alias'
  return factsOf(resolver)?.kind ?? (isValue(resolver) ? 'value' : 'other')
}

/** Awilix's `asValue` has nothing but its value; an alias looks the same, but takes a container. */
function isValue(resolver: Resolver<any>): boolean {
  return isPlain(resolver) && resolver.resolve.length === 0
}

function isPlain({ isLeakSafe, lifetime }: Resolver<any>): boolean {
  return isLeakSafe === true && lifetime === undefined
}

/** An alias of Awilix keeps its target in a closure, but its text is always the same, whichever copy of Awilix made it. */
const ALIAS = textOf(aliasTo(''))

function isAlias(resolver: Resolver<any>): boolean {
  return isPlain(resolver) && textOf(resolver) === ALIAS
}

function textOf({ resolve }: Resolver<any>): string {
  return Function.prototype.toString.call(resolve).replaceAll(/\s/g, '')
}

/** An alias does nothing but ask for its target. */
function targetOf(alias: Resolver<any>): string | symbol {
  return alias.resolve({ resolve: (name: string | symbol) => name } as never) as string | symbol
}
