import { CallSite } from './call-site.js'
import { begun, channels, isHeard } from './channels.js'
import type { ConnectionMessage, ContextMessage, ScopeKind, ScopeMessage } from './messages.js'

/** Whose something is: what every message of a context has. */
export interface Origin {
  readonly containerId: number | undefined
  readonly scopeId: number | undefined
  readonly scope: string | undefined
  readonly contextId: number
  readonly context: string
}

const ids = new WeakMap<object, number>()
let last = 0

/** The number of an operation, a wait, a hold, a transaction: made when a message needs it, because most are never told of. */
export function idOf(thing: object): number {
  let id = ids.get(thing)
  if (id === undefined) ids.set(thing, (id = ++last))
  return id
}

interface ObservedScope {
  readonly id: number
  readonly containerId: number
  readonly label: string
  readonly kind: ScopeKind
  readonly parent: { readonly unitId: number | undefined } | undefined
}

/** `undefined` where nobody listens, as with all of these. */
export function scopeBegins({
  id,
  containerId,
  label,
  kind,
  parent,
}: ObservedScope): ScopeMessage | undefined {
  if (!isHeard(channels.scope)) return undefined
  const site = CallSite.capture()
  return begun(channels.scope, {
    id,
    containerId,
    scopeId: id,
    scope: label,
    startedAt: performance.now(),
    kind,
    parentId: parent?.unitId,
    get line() {
      return site?.line
    },
  })
}

export function contextBegins(lease: { origin(): Origin }): ContextMessage | undefined {
  if (!isHeard(channels.context)) return undefined
  const origin = lease.origin()
  // A stack that was not read yet holds the context itself, and then nobody could notice that it was forgotten (C8).
  const line = CallSite.capture()?.line
  return begun(channels.context, {
    id: origin.contextId,
    ...origin,
    startedAt: performance.now(),
    line,
  })
}

interface ObservedHolder {
  origin(): Origin
  readonly operation: object | undefined
}

/** A wait for a connection of a gate. */
export function waitBegins(
  holder: ObservedHolder,
  { inUse, waiting }: { readonly inUse: number; readonly waiting: number },
): ConnectionMessage | undefined {
  if (!isHeard(channels.connection)) return undefined
  return begun(channels.connection, {
    id: ++last,
    ...holder.origin(),
    startedAt: performance.now(),
    operationId: holder.operation && idOf(holder.operation),
    inUse,
    waiting,
  })
}
