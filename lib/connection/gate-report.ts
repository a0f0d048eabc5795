import type { ConnectionHolder, GateReport } from '../errors.js'
import type { MayflyDriver } from './driver.js'
import type { Holder } from './holder.js'
import type { Line } from './line.js'
import type { Place } from './place.js'

/** What a gate is doing right now. */
export interface GateCounts {
  /** Connections. */
  readonly limit: number
  readonly inUse: number
  /** Requests in the queue. */
  readonly waiting: number
  /** Who has had a connection for the longest time; ages in ms. */
  readonly oldestHolder: GateReport['holders'][number] | undefined
}

/** What a report says of the gate itself. */
interface ReportedGate {
  readonly limit: number
  readonly acquireTimeout: number
  readonly driver: MayflyDriver
}

/** For a holder that waited in vain: everybody who holds a connection. */
export function reportOf(
  gate: ReportedGate,
  holder: Holder,
  line: Line,
  places: Iterable<Place>,
): GateReport {
  const all = [...places]
  const held = all.filter(({ heldSince }) => heldSince !== undefined).toSorted(longestFirst)
  const waitingScopes = new Set([
    holder.scope,
    ...Array.from(line, ({ holder: { scope } }) => scope),
  ])
  return {
    waiter: holder.contextLabel,
    timeout: gate.acquireTimeout,
    limit: gate.limit,
    inUse: all.length,
    waiting: line.size,
    retired: all.filter(({ isRetired }) => isRetired).length,
    opening: all.filter(({ isRetired, heldSince }) => !isRetired && heldSince === undefined).length,
    isSelfDeadlock:
      held.length > 0 &&
      held.length >= gate.limit &&
      held.every(
        ({ holder: { idlesInTransaction, scope } }) =>
          idlesInTransaction && waitingScopes.has(scope),
      ),
    holders: held.map(describe),
    servers: describeServers(gate.driver),
  }
}

export function oldestHolder(places: Iterable<Place>): GateCounts['oldestHolder'] {
  const [oldest] = Array.from(places)
    .filter(({ heldSince }) => heldSince !== undefined)
    .toSorted(longestFirst)
  return oldest && describe(oldest)
}

/** Who of the same scope keeps a transaction open and does nothing in it: others may wait for its locks. */
export function idleBeside(places: Iterable<Place>, holder: Holder): ConnectionHolder[] {
  return Array.from(places)
    .filter(
      ({ holder: other, heldSince }) =>
        heldSince !== undefined &&
        other !== holder &&
        other.scope === holder.scope &&
        other.idlesInTransaction,
    )
    .map(describe)
}

const longestFirst = (one: Place, other: Place): number => one.heldSince! - other.heldSince!

/** What a driver says is a part of an error, so it cannot take its place. */
function describeServers(driver: MayflyDriver): string | undefined {
  try {
    return driver.describe?.()
  } catch {
    return undefined
  }
}

function describe({ holder, heldSince }: Place): ConnectionHolder {
  return {
    context: holder.contextLabel,
    scope: holder.scopeLabel,
    activity: holder.activity(),
    age: performance.now() - (heldSince ?? 0),
    line: holder.line(),
  }
}
