import type { Finding } from '../../errors.js'
import type { IndexedGraph } from './edges.js'
import { cycle } from './findings.js'

/** Each cycle once, from the name that comes first. Without recursion: a chain may be long. */
export function findCycles({ nodes, asks }: IndexedGraph): Finding[] {
  const findings: Finding[] = []
  const done = new Set<string>()
  const place = new Map<string, number>()
  const path: string[] = []
  /** How many edges of each name of the path were followed. */
  const followed: number[] = []
  const enter = (name: string): void => {
    place.set(name, path.length)
    path.push(name)
    followed.push(0)
  }
  for (const first of nodes.keys()) {
    if (!done.has(first)) enter(first)
    while (path.length > 0) {
      const name = path.at(-1)!
      const edge = asks.get(name)?.[followed[path.length - 1]!++]
      const start = edge && place.get(edge.to)
      if (!edge) {
        done.add(name)
        place.delete(name)
        path.pop()
        followed.pop()
      } else if (start !== undefined) {
        findings.push(cycle([...path.slice(start), edge.to]))
      } else if (!done.has(edge.to)) {
        enter(edge.to)
      }
    }
  }
  return findings
}
