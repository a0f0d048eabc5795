import { tracingChannel } from 'node:diagnostics_channel'
import type { Messages } from 'mayfly'

/** What a channel published: a copy of the message as it was then. */
export type Event<M> = readonly ['start' | 'error' | 'end', M]

/** Writes down what a channel publishes while `work` runs, with Node's own means. */
export async function listen<N extends keyof Messages>(
  name: N,
  work: () => unknown,
): Promise<Event<Messages[N]>[]> {
  const events: Event<Messages[N]>[] = []
  const write = (event: Event<never>[0]) => (message: unknown) =>
    void events.push([event, { ...(message as Messages[N]) }])
  const handlers = {
    start: write('start'),
    end() {},
    asyncStart() {},
    asyncEnd: write('end'),
    error: write('error'),
  }
  const channel = tracingChannel(name)
  channel.subscribe(handlers)
  try {
    await work()
  } finally {
    channel.unsubscribe(handlers)
  }
  return events
}
