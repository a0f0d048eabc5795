import { ticketNotTaken } from '../errors.js'
import { DbContext, type DbContextClass } from './db-context.js'
import type { Leased } from './leased.js'
import { watchForLeak } from './leak-watch.js'
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
  return {
    context,
    remains: lease,
    lease: handle.ownEnd?.held ?? lease,
    watch: () => watchForLeak(handle, lease),
  }
}

/** Whoever asked for the lease hears of its end, also when there was none. */
function endUnmade({ lease }: Ticket, { onEnd }: LeaseTerms): void {
  void (lease ? lease.dispose('ended because its constructor failed') : onEnd?.())?.catch(() => {})
}
