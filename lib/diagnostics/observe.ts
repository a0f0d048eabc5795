import { CallSite } from './call-site.js'
import { begun, channels, isHeard, over } from './channels.js'
import type { ConcurrentOperationError, MayflyError } from '../errors.js'
import type {
  ConnectionMessage,
  ContextMessage,
  HoldMessage,
  ScopeKind,
  ScopeMessage,
  TransactionMessage,
} from './messages.js'

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
export function scopeBegins(scope: ObservedScope): ScopeMessage | undefined {
  if (!isHeard(channels.scope)) return undefined
  const { id, containerId, label, kind, parent } = scope
  const message = begun(channels.scope, {
    id,
    containerId,
    scopeId: id,
    scope: label,
    startedAt: performance.now(),
    kind,
    parentId: parent?.unitId,
    // A stack that was not read yet holds the scope itself, and then it could not be collected (S4).
    line: CallSite.capture()?.line,
  })
  droppedScopes.register(scope, message, message)
  return message
}

export function scopeEnds(message: ScopeMessage, errors: readonly unknown[]): void {
  droppedScopes.unregister(message)
  over(channels.scope, message, { dropped: false, errors })
}

const droppedScopes = new FinalizationRegistry<ScopeMessage>(message =>
  over(channels.scope, message, { dropped: true }),
)

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

/** Something that was wanted of a context, in words. */
export interface Wanted {
  readonly kind: string
  readonly sql?: string | undefined
  readonly line?: string | undefined
}

interface ObservedHolder {
  origin(): Origin
  readonly operation: Wanted | undefined
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

/** The time that a context has a connection. */
export function holdBegins(holder: ObservedHolder): HoldMessage | undefined {
  if (!isHeard(channels.hold)) return undefined
  return begun(channels.hold, {
    id: ++last,
    ...holder.origin(),
    startedAt: performance.now(),
    operationId: holder.operation && idOf(holder.operation),
  })
}

interface ObservedTransaction {
  readonly parent: object | undefined
  readonly style: TransactionMessage['style']
}

export function transactionBegins(
  holder: ObservedHolder,
  transaction: ObservedTransaction,
): TransactionMessage | undefined {
  if (!isHeard(channels.transaction)) return undefined
  const { parent, style } = transaction
  return begun(channels.transaction, {
    id: idOf(transaction),
    ...holder.origin(),
    startedAt: performance.now(),
    parentId: parent && idOf(parent),
    style,
  })
}

interface Refusal {
  readonly error: MayflyError
  readonly origin: Partial<Origin>
  readonly wanted: Wanted
  /** The operation that ran. */
  readonly operation?: object | undefined
  /** The transaction that was in the way, or had ended. */
  readonly transaction?: object | undefined
}

/** Something was refused, and that is all of it; ask first whether anybody hears it. */
export function tellRefusal({ error, origin, wanted, operation, transaction }: Refusal): void {
  const { containerId, scopeId, scope, contextId, context } = origin
  const message = begun(channels.refused, {
    id: ++last,
    containerId,
    scopeId,
    scope,
    contextId,
    context,
    startedAt: performance.now(),
    code: error.code,
    error,
    wanted: wanted.kind,
    sql: wanted.sql,
    get line() {
      return wanted.line
    },
    running: (error as Partial<ConcurrentOperationError>).running?.kind,
    operationId: operation && idOf(operation),
    transactionId: transaction && idOf(transaction),
  })
  over(channels.refused, message, { error })
}
