import { ticketNotTaken } from '../errors.js'
import type { Remains } from '../scope/disposal.js'
import { DbContext, type DbContextClass } from './db-context.js'
import type { Leased, LeaseEnd } from './leased.js'
import { watchForLeak } from './leak-watch.js'
import type { LeaseHandle } from './lease-handle.js'
import type { LeaseTerms } from './lease.js'
import { Ticket, type TicketedOptions } from './ticket.js'

/**
 * Makes a context of a user's class with a lease on these terms. Where it throws, nothing of it stays open.
 * @throws RegistrationError when the class's constructor did not hand on what it got; and what the constructor throws
 */
export function makeContext<C extends DbContext>(
  Context: DbContextClass<C>,
  options: TicketedOptions,
  terms: LeaseTerms,
  cradle: unknown,
): Leased<C> {
  const ticket = new Ticket(options, terms)
  let context: C
  try {
    context = ticket.redeem(Context, cradle)
  } catch (error) {
    endUnmade(ticket, terms)
    throw error
  }
  const { lease } = ticket
  const handle = ticket.handleOf(context)
  if (!lease || !handle) {
    endUnmade(ticket, terms)
    // It has a lease by hand, and so it is its own owner.
    if (context instanceof DbContext) context.dispose().catch(() => {})
    throw ticketNotTaken(Context.name)
  }
  handle.holder = cradle
  return new LeasedContext(context, handle)
}

/** A context and its handle, for whoever ends it. */
class LeasedContext<C> implements Leased<C> {
  readonly context: C
  readonly lease: LeaseEnd
  readonly #handle: LeaseHandle

  constructor(context: C, handle: LeaseHandle) {
    this.context = context
    this.lease = handle.ownEnd?.held ?? handle.lease
    this.#handle = handle
  }

  get remains(): Remains {
    return this.#handle.lease
  }

  watch(): (how: string) => void {
    return watchForLeak(this.#handle, this.#handle.lease)
  }
}

/** Whoever asked for the lease hears of its end, also when there was none. */
function endUnmade({ lease }: Ticket, { onEnd }: LeaseTerms): void {
  void (lease ? lease.dispose('ended because its constructor failed') : onEnd?.())?.catch(() => {})
}
