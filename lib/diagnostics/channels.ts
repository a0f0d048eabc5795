import { tracingChannel, type TracingChannel } from 'node:diagnostics_channel'

/** One operation of a context, from its start until its promise settles. SQL has placeholders, never values. */
export interface OperationMessage {
  readonly context: string
  readonly scope: string | undefined
  readonly kind: string
  readonly sql: string | undefined
  /** Rows that were read or changed; set at the end. */
  rows?: number | undefined
  /** Milliseconds; set at the end. */
  duration?: number
  error?: unknown
}

/** The life of a context, from its lease to its end. */
export interface ContextMessage {
  readonly context: string
  readonly scope: string | undefined
  /** Why it ended; set at the end. */
  reason?: string
  error?: unknown
}

/** The life of a scope, from its opening to the end of its disposal. */
export interface ScopeMessage {
  readonly scope: string
  /** What its disposers threw; set at the end. */
  errors?: readonly unknown[]
}

/** A wait for a connection. */
export interface ConnectionMessage {
  readonly context: string
  readonly scope: string | undefined
  /** Connections that are out, and requests that wait for one, when the wait began. */
  readonly inUse: number
  readonly waiting: number
  error?: unknown
}

/**
 * Mayfly's tracing channels (D1): `start` when something begins, `asyncEnd` when it is over, `error` before that when it failed. Without a
 * subscriber nothing is made.
 */
export const channels: {
  readonly operation: TracingChannel<OperationMessage, OperationMessage>
  readonly context: TracingChannel<ContextMessage, ContextMessage>
  readonly scope: TracingChannel<ScopeMessage, ScopeMessage>
  readonly connection: TracingChannel<ConnectionMessage, ConnectionMessage>
} = {
  operation: tracingChannel('mayfly:operation'),
  context: tracingChannel('mayfly:context'),
  scope: tracingChannel('mayfly:scope'),
  connection: tracingChannel('mayfly:connection'),
}

/** Publishes the beginning of something; gives the message back, or `undefined` where nobody listens. */
export function begun<M extends object>(
  channel: TracingChannel<M, M>,
  message: () => M,
): M | undefined {
  if (!channel.hasSubscribers) return undefined
  const made = message()
  channel.start.publish(made)
  return made
}

/** Publishes the end of what `begun` gave. */
export function over<M extends object>(
  channel: TracingChannel<M, M>,
  message: M,
  result: Partial<M>,
): void {
  Object.assign(message, result)
  if ('error' in result) channel.error.publish(message)
  channel.asyncEnd.publish(message)
}
