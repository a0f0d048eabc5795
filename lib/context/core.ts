import type { DataSource } from '../connection/data-source.js'
import type { Holder } from '../connection/gate.js'
import { Session, type SessionTerms } from '../connection/session.js'

/**
 * The reusable inside of a context (P1). Nobody outside a lease can hold it, and it knows whoever uses it by labels only.
 * Every part that keeps state resets itself; the core only walks its parts.
 */
export class ContextCore {
  readonly session: Session

  constructor(source: DataSource, holder: Holder, terms: SessionTerms) {
    this.session = new Session(source, holder, terms)
  }

  /** Nothing to roll back, close or forget. */
  get clean(): boolean {
    return this.session.idle
  }

  async reset(reason: string): Promise<void> {
    await this.session.reset(reason)
  }
}
