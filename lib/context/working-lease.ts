import type { DataSource } from '../connection/data-source.js'
import type { SessionUser } from '../connection/held-connection.js'
import type { Logger } from '../diagnostics/logger.js'
import type { DbContextOptions } from './options.js'

/** A lease, as its operations know it: who works, on what, and whether he still may. */
export interface WorkingLease extends SessionUser {
  readonly id: string
  readonly options: DbContextOptions
  readonly source: DataSource
  readonly logger: Logger | undefined
  /** The innermost transaction that is open. */
  readonly transaction: object | undefined
  /** Why the lease has ended; `undefined` while it is good. */
  readonly endReason: string | undefined
  /** @throws ContextDisposedError */
  assertAlive(): void
}
