import type { LifetimeType } from 'awilix'
import type { GraphEdge, GraphNode } from './container-graph.js'

const COLOURS: Readonly<Record<LifetimeType, string>> = {
  SINGLETON: 'fill:#dbeafe,stroke:#1d4ed8,color:#0f172a',
  SCOPED: 'fill:#dcfce7,stroke:#15803d,color:#0f172a',
  TRANSIENT: 'fill:#fef9c3,stroke:#a16207,color:#0f172a',
}

/** A graph as Mermaid text: lifetimes as colours, unknown names in red. */
export function toMermaid(nodes: readonly GraphNode[], edges: readonly GraphEdge[]): string {
  const ids = new Map(nodes.map(({ name }, i) => [name, `n${i}`]))
  const missing = new Set(edges.map(({ to }) => to).filter(to => !ids.has(to)))
  for (const name of missing) ids.set(name, `n${ids.size}`)
  return [
    'graph LR',
    ...nodes.map(node => `  ${ids.get(node.name)!}${shape(node)}:::${node.lifetime.toLowerCase()}`),
    ...Array.from(missing, name => `  ${ids.get(name)!}["${label(name)} ?"]:::unknown`),
    ...edges.map(edge => `  ${ids.get(edge.from)!} ${arrow(edge)} ${ids.get(edge.to)!}`),
    ...Object.entries(COLOURS).map(
      ([lifetime, style]) => `  classDef ${lifetime.toLowerCase()} ${style}`,
    ),
    '  classDef unknown fill:#fee2e2,stroke:#b91c1c,color:#0f172a',
  ].join('\n')
}

function shape({ name, kind }: GraphNode): string {
  const text = `"${label(name)}"`
  if (kind === 'alias') return `([${text}])`
  return kind === 'context' || kind === 'factory' ? `[(${text})]` : `[${text}]`
}

function arrow({ kind, optional }: GraphEdge): string {
  if (kind === 'makes') return '-. makes .->'
  return optional ? '-.->' : '-->'
}

function label(name: string): string {
  return name.replaceAll('"', '#quot;')
}
