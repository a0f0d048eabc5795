import type { DataSource } from '../connection/data-source.js'
import type { SessionUser } from '../connection/held-connection.js'
import { Session } from '../connection/session.js'
import type { TransactionFrame } from '../connection/transaction.js'
import type { Tracker } from '../tracking/tracker.js'

/** A part of a core that keeps something of its lease, and forgets it by itself. */
export interface CorePart {
  /** Nothing to roll back, close or forget. */
  readonly clean: boolean
  /** Forgets everything of the lease. Afterwards `clean` tells whether the part can serve another one. */
  reset(reason: string): Promise<void>
}

/**
 * The reusable inside of a context (P1). Nobody outside a lease can hold it, and it knows whoever uses it by labels only.
 * Every part that keeps state resets itself; the core only walks its parts. A part is made when it is needed for the first time, because many
 * contexts end unused (bench row 'open scope').
 */
export class ContextCore {
  readonly #source: DataSource
  #user!: SessionUser
  #session: Session | undefined
  /** Held by its context alone: what is tracked leads to the context, and one that was forgotten must be seen to be (C8). */
  #tracker: WeakRef<Tracker> | undefined
  #parts: CorePart[] | undefined
  #listens = false

  constructor(source: DataSource) {
    this.#source = source
  }

  /** For a pool that has none. */
  static of(source: DataSource): ContextCore {
    return new ContextCore(source)
  }

  /** Makes it the inside of a new lease. */
  lend(user: SessionUser): void {
    this.#user = user
    this.#session?.lend(user)
  }

  get session(): Session {
    return (this.#session ??= this.#begin())
  }

  /** The innermost transaction that is open. */
  get frame(): TransactionFrame | undefined {
    return this.#session?.frame
  }

  /** Has the tracker of the lease told of the end of transactions. */
  listen(tracker: Tracker): void {
    this.#tracker ??= new WeakRef(tracker)
    if (this.#listens) return
    this.#listens = true
    this.session.onSettle((frame, outcome) => this.#tracker?.deref()?.settled(frame, outcome))
  }

  get clean(): boolean {
    return this.#parts?.every(part => part.clean) ?? true
  }

  async reset(reason: string): Promise<void> {
    for (const part of this.#parts ?? []) await part.reset(reason)
  }

  /** Forgets what the lease knew of its objects: nothing of it is anybody else's. */
  forget(): void {
    this.#tracker = undefined
  }

  #begin(): Session {
    const session = new Session(this.#source)
    session.lend(this.#user)
    ;(this.#parts ??= []).push(session)
    return session
  }
}
