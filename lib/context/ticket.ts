import type { Dialect } from 'kysely'
import { openDataSource } from '../connection/data-source.js'
import { optionOverridden } from '../errors.js'
import { Pool } from '../support/pool.js'
import type { ContextCore } from './core.js'
import { watchForLeak } from './leak-watch.js'
import { LeaseHandle } from './lease-handle.js'
import { Lease, type LeaseTerms } from './lease.js'
import { checkOptions, type ContextOptions, type DbContextOptions } from './options.js'

/** An own symbol property of the options, so that it survives `super({ ...options })`. */
const TICKET = Symbol('mayfly.ticket')

/** Where constructors find the ticket of the context that is being made. */
interface Slot {
  ticket: Ticket | undefined
}

/**
 * Options as constructors get them: one object for all contexts of a registration and a dialect, because a copy for each costs as much as the
 * rest of a context (bench row 'open scope').
 */
export type TicketedOptions = DbContextOptions & { readonly [TICKET]: Slot }

export function ticketed(options: ContextOptions, dialect: Dialect): TicketedOptions {
  return Object.freeze({ ...options, dialect, [TICKET]: { ticket: undefined } })
}

/** What the registration has opened already, so that a constructor cannot say it differently. */
const FIXED = ['dialect', 'gate'] as const

/**
 * The right to one lease, which travels to the constructor of a context within its options. The first constructor that gets it takes it; who comes
 * later with the same options is a context by hand.
 */
export class Ticket {
  readonly options: TicketedOptions
  readonly #terms: LeaseTerms
  #taker: object | undefined
  #handle: LeaseHandle | undefined

  constructor(options: TicketedOptions, terms: LeaseTerms) {
    this.options = options
    this.#terms = terms
  }

  static of(options: DbContextOptions): Ticket | undefined {
    return (options as Partial<TicketedOptions>)[TICKET]?.ticket
  }

  /** Has a constructor find it. A context that is made inside of that constructor comes first. */
  redeem<C>(Context: new (options: DbContextOptions, cradle: any) => C, cradle: unknown): C {
    const slot = this.options[TICKET]
    const outer = slot.ticket
    slot.ticket = this
    try {
      return new Context(this.options, cradle)
    } finally {
      slot.ticket = outer
    }
  }

  /** The lease that was made with it. */
  get lease(): Lease | undefined {
    return this.#handle?.lease
  }

  /** @throws RegistrationError for options that the constructor overrode, and may not, or that cannot work */
  take(context: object, contextClass: Function, options: DbContextOptions): LeaseHandle {
    if (options !== this.options) {
      for (const name of FIXED)
        if (options[name] !== this.options[name]) throw optionOverridden(contextClass.name, name)
      checkOptions(contextClass.name, options)
    }
    this.#handle = new LeaseHandle(new Lease(contextClass, options, this.#terms))
    this.#taker = context
    return this.#handle
  }

  /** The handle of this context, if it is the one that took the ticket. */
  handleOf(context: object): LeaseHandle | undefined {
    return this.#taker === context ? this.#handle : undefined
  }
}

/** A context's lease: what its registration prepared, or one of its own where it is made by hand. */
export function takeLease(
  context: object,
  contextClass: Function,
  options: DbContextOptions,
): LeaseHandle {
  const ticket = Ticket.of(options)
  return ticket && !ticket.lease
    ? ticket.take(context, contextClass, options)
    : leaseByHand(contextClass, options)
}

/** A context that is made by hand has a core of its own. */
const unpooled = new Pool<ContextCore>(0)

function leaseByHand(contextClass: Function, options: DbContextOptions): LeaseHandle {
  checkOptions(contextClass.name, options)
  const source = openDataSource(options.dialect, options.gate)
  const lease = new Lease(
    contextClass,
    { ...options },
    { source, pool: unpooled, owner: 'caller', onEnd: () => source.release() },
  )
  const handle = new LeaseHandle(lease)
  watchForLeak(handle, lease)
  return handle
}
