import { Lifetime } from 'awilix'
import { verificationFailed, type Finding } from '../../errors.js'
import { findCaptives } from './captives.js'
import { findCycles } from './cycles.js'
import { indexed, type IndexedGraph } from './edges.js'
import { sharedTransient, staleTransient, unknownName } from './findings.js'
import type { ContainerGraph } from './container-graph.js'

export interface VerifyOptions {
  /** Names that only scopes register, such as a tenant or a user. */
  readonly scopeValues?: readonly string[]
  /**
   * Transient contexts of which several services of one scope get each their own, on purpose. A name for which that is not so is a finding, so
   * that the list stays true.
   */
  readonly transientContexts?: readonly string[]
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
export function verifyGraph(
  graph: ContainerGraph,
  { scopeValues = [], transientContexts = [] }: VerifyOptions,
): Verified {
  const index = indexed(graph)
  const ofScopes = new Set(scopeValues)
  const findings: Finding[] = [
    ...unknownNames(index, ofScopes),
    ...findCycles(index),
    ...findCaptives(index, ofScopes),
    ...sharedTransients(index, new Set(transientContexts)),
  ]
  const unreadable = graph.nodes.flatMap(({ name, unreadable: why }) =>
    why === undefined ? [] : [{ name, why }],
  )
  if (findings.length > 0) throw verificationFailed(findings, unreadable)
  const checked = graph.nodes.filter(node => node.unreadable === undefined).map(({ name }) => name)
  return { checked, unreadable }
}

function unknownNames(
  { edges, nodes, factories }: IndexedGraph,
  scopeValues: ReadonlySet<string>,
): Finding[] {
  return edges
    .filter(({ to, optional }) => !optional && !nodes.has(to) && !scopeValues.has(to))
    .map(edge => unknownName(edge, nodes.get(edge.from)!, factories.get(edge.from)))
}

/** Two services of one scope that each get a context of their own share neither changes nor a transaction. */
function sharedTransients(graph: IndexedGraph, deliberate: ReadonlySet<string>): Finding[] {
  const findings: Finding[] = []
  const shared = new Set<string>()
  for (const { name, kind, lifetime } of graph.nodes.values()) {
    if (kind !== 'context' || lifetime !== Lifetime.TRANSIENT) continue
    const users = usersOf(name, graph)
    if (users.length < 2) continue
    shared.add(name)
    if (!deliberate.has(name)) findings.push(sharedTransient(name, users))
  }
  for (const name of deliberate)
    if (!shared.has(name)) findings.push(staleTransient(name, graph.nodes.get(name)))
  return findings
}

/** Who asks for it, by its own name or by another one. */
function usersOf(name: string, { askers, nodes }: IndexedGraph): string[] {
  const users = new Set<string>()
  const names = new Set([name])
  for (const alias of names) {
    for (const { from } of askers.get(alias) ?? [])
      (nodes.get(from)!.kind === 'alias' ? names : users).add(from)
  }
  return [...users]
}
