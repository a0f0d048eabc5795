import { tracingChannel, type TracingChannel } from 'node:diagnostics_channel'
import type {
  ConnectionMessage,
  ContextMessage,
  HoldMessage,
  Message,
  OperationMessage,
  RefusedMessage,
  ScopeMessage,
  TransactionMessage,
} from './messages.js'

type Traced<M extends object> = TracingChannel<M, M>

/**
 * Mayfly's tracing channels (D1): `start` when something begins, `asyncEnd` when it is over, `error` before that when it failed. Without a
 * subscriber nothing is made.
 */
export const channels = {
  scope: tracingChannel('mayfly:scope') as Traced<ScopeMessage>,
  context: tracingChannel('mayfly:context') as Traced<ContextMessage>,
  operation: tracingChannel('mayfly:operation') as Traced<OperationMessage>,
  connection: tracingChannel('mayfly:connection') as Traced<ConnectionMessage>,
  hold: tracingChannel('mayfly:hold') as Traced<HoldMessage>,
  transaction: tracingChannel('mayfly:transaction') as Traced<TransactionMessage>,
  refused: tracingChannel('mayfly:refused') as Traced<RefusedMessage>,
} as const

/** Whether anybody hears what is published; asked before a message is made. `hasSubscribers` asks for events that are never published, too. */
export function isHeard<M extends Message>({ start, asyncEnd, error }: Traced<M>): boolean {
  return start.hasSubscribers || asyncEnd.hasSubscribers || error.hasSubscribers
}

/** Publishes the beginning of something. */
export function begun<M extends Message>(channel: Traced<M>, message: M): M {
  channel.start.publish(message)
  return message
}

/** Publishes the end of what has begun, and before that its failure, if `result` has one. */
export function over<M extends Message>(
  channel: Traced<M>,
  message: M,
  result: Partial<M> = {},
): void {
  message.duration = performance.now() - message.startedAt
  Object.assign(message, result)
  if ('error' in result) channel.error.publish(message)
  channel.asyncEnd.publish(message)
}
