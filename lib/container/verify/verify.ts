import { Lifetime } from 'awilix'
import { verificationFailed, type Finding } from '../../errors.js'
import type { ContainerGraph, GraphNode } from './graph.js'

export interface VerifyOptions {
  /** Names that only scopes register, such as a tenant or a user. */
  readonly scopeValues?: readonly string[]
}

/** What `verify` could not look into; everything else is right. */
export interface Verified {
  readonly checked: readonly string[]
  readonly unreadable: readonly { readonly name: string; readonly why: string }[]
}

/**
 * Checks lifetimes and names at start-up, without running a constructor (S7).
 * @throws VerificationError with all that is wrong
 */
export function verifyGraph(graph: ContainerGraph, { scopeValues = [] }: VerifyOptions): Verified {
  const nodes = new Map(graph.nodes.map(node => [node.name, node]))
  const findings: Finding[] = [
    ...unknownNames(graph, nodes, new Set(scopeValues)),
    ...cycles(graph, nodes),
    ...captives(graph, nodes, new Set(scopeValues)),
    ...sharedTransients(graph, nodes),
  ]
  const unreadable = graph.nodes.flatMap(({ name, unreadable: why }) =>
    why === undefined ? [] : [{ name, why }],
  )
  if (findings.length > 0) throw verificationFailed(findings, unreadable)
  const checked = graph.nodes.filter(node => node.unreadable === undefined).map(({ name }) => name)
  return { checked, unreadable }
}

type Nodes = ReadonlyMap<string, GraphNode>

function unknownNames(
  { edges }: ContainerGraph,
  nodes: Nodes,
  scopeValues: ReadonlySet<string>,
): Finding[] {
  return edges
    .filter(({ to, optional }) => !optional && !nodes.has(to) && !scopeValues.has(to))
    .map(({ from, to }) => ({
      kind: 'unknown',
      text: `${from} asks for "${to}", which is not registered. Register it, correct its name, or name it in scopeValues.`,
    }))
}

/** Each cycle once, from the name that comes first. */
function cycles({ edges }: ContainerGraph, nodes: Nodes): Finding[] {
  const found = new Map<string, string[]>()
  const done = new Set<string>()
  const visit = (name: string, path: string[]): void => {
    const start = path.indexOf(name)
    if (start >= 0) {
      const cycle = path.slice(start)
      found.set([...cycle].toSorted().join(' '), [...cycle, name])
      return
    }
    if (done.has(name)) return
    for (const { from, to } of edges) if (from === name) visit(to, [...path, name])
    done.add(name)
  }
  for (const name of nodes.keys()) visit(name, [])
  return [...found.values()].map(cycle => ({
    kind: 'cycle',
    text: `${cycle.join(' -> ')} is a cycle. Split one of them, or have it ask a factory later.`,
  }))
}

/** A singleton reaches, through whatever is built with it, something that lives only as long as a scope (S6). */
function captives(
  { edges }: ContainerGraph,
  nodes: Nodes,
  scopeValues: ReadonlySet<string>,
): Finding[] {
  const findings: Finding[] = []
  const visit = (name: string, path: readonly string[], seen: Set<string>): void => {
    for (const { from, to } of edges) {
      if (from !== name || seen.has(to)) continue
      seen.add(to)
      const node = nodes.get(to)
      const chain = [...path, describe(to, node)]
      if (node ? isOfScope(node) : scopeValues.has(to)) {
        findings.push({
          kind: 'captive',
          text: `${chain.join(' -> ')}: ${path[0]!} would keep it longer than its scope. Make it scoped, or for a context inject the factory.`,
        })
      } else if (node?.lifetime === Lifetime.TRANSIENT) {
        visit(to, chain, seen)
      }
    }
  }
  for (const node of nodes.values()) {
    if (node.lifetime === Lifetime.SINGLETON)
      visit(node.name, [describe(node.name, node)], new Set())
  }
  return findings
}

/** A factory is scoped, and yet fine for a singleton: it is bound to whoever asks. */
function isOfScope({ lifetime, kind }: GraphNode): boolean {
  return kind === 'context' || (lifetime === Lifetime.SCOPED && kind !== 'factory')
}

/** Two services of one scope that each get a context of their own share neither changes nor a transaction. */
function sharedTransients({ edges }: ContainerGraph, nodes: Nodes): Finding[] {
  return [...nodes.values()]
    .filter(({ kind, lifetime }) => kind === 'context' && lifetime === Lifetime.TRANSIENT)
    .map(({ name }) => ({
      name,
      users: edges.filter(({ to }) => to === name).map(({ from }) => from),
    }))
    .filter(({ users }) => users.length > 1)
    .map(({ name, users }) => ({
      kind: 'transient',
      text:
        `${users.join(' and ')} would each get a "${name}" of their own in one scope, because it is transient: they share neither changes ` +
        'nor a transaction. Make it scoped, or inject the factory.',
    }))
}

function describe(name: string, node: GraphNode | undefined): string {
  return `${name} (${node ? node.lifetime.toLowerCase() : 'of a scope'})`
}
