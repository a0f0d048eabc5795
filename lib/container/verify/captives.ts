import { Lifetime } from 'awilix'
import type { Finding } from '../../errors.js'
import type { IndexedGraph } from './edges.js'
import { captive, describe, dialectOfScope } from './findings.js'
import type { GraphEdge, GraphNode } from './container-graph.js'

/** What is built with the container's cradle reaches, through whatever is built with it, something that lives only as long as a scope (S6). */
export function findCaptives(graph: IndexedGraph, scopeValues: ReadonlySet<string>): Finding[] {
  const search = new Search(graph, scopeValues)
  const findings: Finding[] = []
  for (const { name, lifetime } of graph.nodes.values()) {
    if (lifetime === Lifetime.SINGLETON) {
      for (const { names, factory } of search.from(name, graph.asks.get(name) ?? []))
        findings.push(captive(search.describe(names), factory))
    }
    for (const { names } of search.from(name, graph.dialects.get(name) ?? [])) {
      const [, ...rest] = search.describe(names)
      findings.push(dialectOfScope([`dialect of ${name}`, ...rest]))
    }
  }
  return findings
}

interface Way {
  readonly names: readonly string[]
  /** The factory on the way whose contexts ask, if there is one. */
  readonly factory: string | undefined
}

/** Ways from what the container builds to what is of a scope. */
class Search {
  readonly #graph: IndexedGraph
  readonly #scopeValues: ReadonlySet<string>
  /** What is built again for whoever asks, and so leads to something of a scope; all else need not be looked at. */
  readonly #leads: ReadonlySet<string>

  constructor(graph: IndexedGraph, scopeValues: ReadonlySet<string>) {
    this.#graph = graph
    this.#scopeValues = scopeValues
    this.#leads = this.#findLeads()
  }

  /** One shortest way to each thing of a scope that these edges lead to. */
  from(start: string, edges: readonly GraphEdge[]): Way[] {
    const cameFrom = new Map<string, string>([[start, start]])
    const ways: Way[] = []
    const visit = (by: string, next: readonly GraphEdge[]): void => {
      for (const { to } of next) {
        if (cameFrom.has(to)) continue
        if (this.#isOfScope(to)) {
          cameFrom.set(to, by)
          ways.push(this.#way(cameFrom, to))
        } else if (this.#leads.has(to)) cameFrom.set(to, by)
      }
    }
    visit(start, edges)
    for (const [name] of cameFrom)
      if (name !== start && !this.#isOfScope(name)) visit(name, this.#next(name))
    return ways
  }

  describe(names: readonly string[]): string[] {
    return names.map(name => describe(name, this.#graph.nodes.get(name)))
  }

  #way(cameFrom: ReadonlyMap<string, string>, end: string): Way {
    const names = [end]
    let factory: string | undefined
    for (let name = end; cameFrom.get(name) !== name;) {
      name = cameFrom.get(name)!
      const made = this.#graph.made.get(name)
      if (made !== undefined) {
        factory = name
        names.push(made)
      }
      names.push(name)
    }
    return { names: names.toReversed(), factory }
  }

  /** What is asked for where this is built: for a factory, where its contexts are. */
  #next(name: string): readonly GraphEdge[] {
    return this.#graph.asks.get(this.#graph.made.get(name) ?? name) ?? []
  }

  /** From what is of a scope back to whatever would be built on the way to it. */
  #findLeads(): Set<string> {
    const { nodes, askers, factories } = this.#graph
    const leads = new Set<string>()
    const open: string[] = [...nodes.keys(), ...this.#scopeValues].filter(name =>
      this.#isOfScope(name),
    )
    for (const name of open) {
      for (const { from } of askers.get(name) ?? []) {
        const asker = nodes.get(from)!
        const by = asker.kind === 'context' ? factories.get(from) : from
        if (by === undefined || leads.has(by) || !isBuiltOnTheWay(nodes.get(by)!)) continue
        leads.add(by)
        open.push(by)
      }
    }
    return leads
  }

  #isOfScope(name: string): boolean {
    const node = this.#graph.nodes.get(name)
    if (!node) return this.#scopeValues.has(name)
    return node.kind === 'context' || (node.lifetime === Lifetime.SCOPED && node.kind !== 'factory')
  }
}

/** A factory is scoped, and yet fine for a singleton: it is bound to whoever asks. */
function isBuiltOnTheWay({ kind, lifetime }: GraphNode): boolean {
  return kind === 'factory' || lifetime === Lifetime.TRANSIENT
}
