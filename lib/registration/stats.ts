import type { GateCounts } from '../connection/gate-report.js'
import type { PoolCounts } from '../support/pool.js'
import type { Registration } from './registration.js'

/** What a container's contexts and connections do right now. */
export interface ContainerStats {
  /** For each name of a context. */
  readonly contexts: Readonly<Record<string, PoolCounts>>
  /** For each gate: registrations that share a dialect share it. */
  readonly gates: readonly (GateCounts & { readonly names: readonly string[] })[]
  /** Scopes that were dropped with something to dispose, since the container was made. */
  readonly droppedScopes: number
}

export function readStats(
  registrations: Iterable<readonly [label: string, Registration<any, any>]>,
  droppedScopes: number,
): ContainerStats {
  const contexts = new Map<string, PoolCounts>()
  const gates = new Map<object, { names: string[]; counts: GateCounts }>()
  for (const [name, { counts, source }] of registrations) {
    contexts.set(name, counts)
    if (!source) continue
    const gate = gates.get(source.gate) ?? { names: [], counts: source.gate.counts }
    gate.names.push(name)
    gates.set(source.gate, gate)
  }
  return {
    // As own properties, whatever their name.
    contexts: Object.fromEntries(contexts),
    droppedScopes,
    gates: Array.from(gates.values(), ({ names, counts }) => ({ names, ...counts })),
  }
}
