import type { ContainerGraph, GraphEdge, GraphNode } from './container-graph.js'

type ByName = ReadonlyMap<string, readonly GraphEdge[]>

/** A graph with an index: every check looks an edge up, and none looks through all of them. */
export interface IndexedGraph {
  readonly nodes: ReadonlyMap<string, GraphNode>
  readonly edges: readonly GraphEdge[]
  /** What each asks for, when it is built. */
  readonly asks: ByName
  /** Who asks for each. */
  readonly askers: ByName
  /** What the functions that make dialects ask for, for each context. */
  readonly dialects: ByName
  /** The factory of each context. */
  readonly factories: ReadonlyMap<string, string>
  /** The context of each factory. */
  readonly made: ReadonlyMap<string, string>
}

export function indexed({ nodes, edges }: ContainerGraph): IndexedGraph {
  const asks = edges.filter(({ kind }) => kind === 'asks')
  const makes = edges.filter(({ kind }) => kind === 'makes')
  return {
    nodes: new Map(nodes.map(node => [node.name, node])),
    edges,
    asks: grouped(asks, 'from'),
    askers: grouped(asks, 'to'),
    dialects: grouped(
      edges.filter(({ kind }) => kind === 'dialect'),
      'from',
    ),
    factories: new Map(makes.map(({ from, to }) => [to, from])),
    made: new Map(makes.map(({ from, to }) => [from, to])),
  }
}

function grouped(edges: readonly GraphEdge[], end: 'from' | 'to'): ByName {
  return Map.groupBy(edges, edge => edge[end])
}
