import { channels } from './channels.js'
import { warnOfError } from './logger.js'
import type { Messages } from './messages.js'

/** What a subscriber of a channel wants to hear; each is called at that moment, synchronously, and cannot use the context. */
export interface Subscriber<M> {
  start?(message: M): void
  /** Something failed; its `end` follows. */
  error?(message: M): void
  /** Something is over, failed or not. */
  end?(message: M): void
}

/**
 * Listens to one of Mayfly's tracing channels. It is `tracingChannel(name).subscribe(...)` of `node:diagnostics_channel` with types, and a
 * subscriber that throws is told with a process warning, where Node itself makes it an uncaught exception.
 * @returns stops listening
 * @example const stop = subscribe('mayfly:operation', { end: ({ sql, duration }) => record(sql, duration) })
 */
export function subscribe<N extends keyof Messages>(
  name: N,
  subscriber: Subscriber<Messages[N]>,
): () => void {
  const { start, asyncEnd, error } = channels[name.slice('mayfly:'.length) as keyof typeof channels]
  const pairs = [
    [start, harmless(subscriber, 'start')],
    [error, harmless(subscriber, 'error')],
    [asyncEnd, harmless(subscriber, 'end')],
  ] as const
  for (const [channel, listener] of pairs) if (listener) channel.subscribe(listener)
  return () => {
    for (const [channel, listener] of pairs) if (listener) channel.unsubscribe(listener)
  }
}

function harmless<M>(subscriber: Subscriber<M>, event: keyof Subscriber<M>) {
  if (!subscriber[event]) return undefined
  return (message: unknown): void => {
    try {
      const heard: unknown = subscriber[event]?.(message as M)
      if (heard instanceof Promise) heard.catch((error: unknown) => warnOfError(undefined, error))
    } catch (error) {
      warnOfError(undefined, error)
    }
  }
}
