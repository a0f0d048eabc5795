import type { GateCounts } from '../connection/gate-report.js'
import type { Gate } from '../connection/gate.js'
import type { PoolCounts } from '../support/pool.js'
import type { DialectKey } from './dialect-per-key.js'
import type { DialectCounts } from './open-dialects.js'
import type { Registration } from './registration.js'

/** What a container's contexts and connections do right now. */
export interface ContainerStats {
  /** For each name of a context. */
  readonly contexts: Readonly<Record<string, PoolCounts>>
  /** For each gate: registrations that share a dialect share it. Those of a `dialectPerKey` have a key. */
  readonly gates: readonly GateStats[]
  /** For each `dialectPerKey`: how many of its dialects are open. */
  readonly dialects: readonly (DialectCounts & { readonly names: readonly string[] })[]
  /** Scopes that were dropped with something to dispose, since the container was made. */
  readonly droppedScopes: number
}

export interface GateStats extends GateCounts {
  readonly names: readonly string[]
  readonly key?: DialectKey
}

export function readStats(
  registrations: Iterable<readonly [label: string, Registration<any, any>]>,
  droppedScopes: number,
): ContainerStats {
  const contexts = new Map<string, PoolCounts>()
  const gates = new Named<Gate, { readonly key?: DialectKey }>()
  const dialects = new Named<{ readonly counts: DialectCounts }, {}>()
  for (const [name, { counts, sources }] of registrations) {
    contexts.set(name, counts)
    if (sources?.perKey) dialects.add(name, sources.perKey, {})
    for (const { source, key } of sources?.open ?? [])
      gates.add(name, source.gate, key === undefined ? {} : { key })
  }
  return {
    // As own properties, whatever their name.
    contexts: Object.fromEntries(contexts),
    droppedScopes,
    gates: gates.list(gate => gate.counts),
    dialects: dialects.list(perKey => perKey.counts),
  }
}

/** What registrations share, with their names. */
class Named<T, More> {
  readonly #all = new Map<T, { readonly names: string[]; readonly more: More }>()

  add(name: string, shared: T, more: More): void {
    const had = this.#all.get(shared)
    if (had) had.names.push(name)
    else this.#all.set(shared, { names: [name], more })
  }

  list<Counts>(read: (shared: T) => Counts): (Counts & More & { names: string[] })[] {
    return Array.from(this.#all, ([shared, { names, more }]) => ({
      names,
      ...more,
      ...read(shared),
    }))
  }
}
