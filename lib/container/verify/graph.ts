import { InjectionMode, Lifetime, type LifetimeType, type Resolver } from 'awilix'
import { readDependencies } from './dependencies.js'
import { factsOf } from '../resolvers.js'
import type { ScopeNode } from '../scope-node.js'

/** One registration. */
export interface GraphNode {
  readonly name: string
  readonly lifetime: LifetimeType
  readonly kind: 'class' | 'function' | 'context' | 'factory' | 'value' | 'other'
  /** Why its dependencies are not all known; `undefined` where they are. */
  readonly unreadable: string | undefined
}

/** One registration that asks for another. */
export interface GraphEdge {
  readonly from: string
  readonly to: string
  readonly optional: boolean
}

/** What is registered, and what asks for what. */
export interface ContainerGraph {
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
  /** The same as Mermaid text, lifetimes as colours. */
  readonly mermaid: string
}

/** Reads the graph of a container. No constructor runs. */
export function readGraph(node: ScopeNode): ContainerGraph {
  const nodes: GraphNode[] = []
  const edges: GraphEdge[] = []
  for (const [name, resolver] of Object.entries(node.registrations())) {
    const { names, optional, unreadable } = dependenciesOf(resolver, node)
    nodes.push({
      name,
      lifetime: resolver.lifetime ?? Lifetime.TRANSIENT,
      kind: kindOf(resolver),
      unreadable,
    })
    for (const to of names) edges.push({ from: name, to, optional: optional.includes(to) })
  }
  return { nodes, edges, mermaid: toMermaid(nodes, edges) }
}

function dependenciesOf(
  resolver: Resolver<any>,
  node: ScopeNode,
): ReturnType<typeof readDependencies> {
  const facts = factsOf(resolver)
  if (facts?.target) {
    const mode =
      (resolver as { injectionMode?: string }).injectionMode ?? node.family.options.injectionMode
    if ((resolver as { injector?: unknown }).injector) {
      return { names: [], optional: [], unreadable: 'it has injections of its own' }
    }
    return readDependencies(
      facts.target,
      mode === InjectionMode.CLASSIC ? InjectionMode.CLASSIC : InjectionMode.PROXY,
    )
  }
  const isKnown = facts?.kind !== undefined || isValue(resolver)
  return {
    names: [],
    optional: [],
    unreadable: isKnown ? undefined : "it was not made by Mayfly's asClass or asFunction",
  }
}

function kindOf(resolver: Resolver<any>): GraphNode['kind'] {
  return factsOf(resolver)?.kind ?? (isValue(resolver) ? 'value' : 'other')
}

/** Awilix's `asValue` has nothing but its value; an alias looks the same, but takes a container. */
function isValue(resolver: Resolver<any>): boolean {
  return (
    resolver.isLeakSafe === true && resolver.lifetime === undefined && resolver.resolve.length === 0
  )
}

const COLOURS: Readonly<Record<LifetimeType, string>> = {
  SINGLETON: 'fill:#dbeafe,stroke:#1d4ed8,color:#0f172a',
  SCOPED: 'fill:#dcfce7,stroke:#15803d,color:#0f172a',
  TRANSIENT: 'fill:#fef9c3,stroke:#a16207,color:#0f172a',
}

function toMermaid(nodes: readonly GraphNode[], edges: readonly GraphEdge[]): string {
  const ids = new Map(nodes.map(({ name }, i) => [name, `n${i}`]))
  const missing = edges.filter(({ to }) => !ids.has(to)).map(({ to }) => to)
  for (const name of missing) if (!ids.has(name)) ids.set(name, `n${ids.size}`)
  const shape = (name: string, kind: GraphNode['kind']) =>
    kind === 'context' || kind === 'factory' ? `[("${escaped(name)}")]` : `["${escaped(name)}"]`
  return [
    'graph LR',
    ...nodes.map(
      ({ name, lifetime, kind }) =>
        `  ${ids.get(name)!}${shape(name, kind)}:::${lifetime.toLowerCase()}`,
    ),
    ...[...new Set(missing)].map(name => `  ${ids.get(name)!}["${escaped(name)} ?"]:::unknown`),
    ...edges.map(
      ({ from, to, optional }) =>
        `  ${ids.get(from)!} ${optional ? '-.->' : '-->'} ${ids.get(to)!}`,
    ),
    ...Object.entries(COLOURS).map(
      ([lifetime, style]) => `  classDef ${lifetime.toLowerCase()} ${style}`,
    ),
    '  classDef unknown fill:#fee2e2,stroke:#b91c1c,color:#0f172a',
  ].join('\n')
}

function escaped(name: string): string {
  return name.replaceAll('"', '#quot;')
}
