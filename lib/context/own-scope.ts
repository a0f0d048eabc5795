import type { DataSource } from '../connection/data-source.js'
import type { Holder } from '../connection/holder.js'
import { DatabaseError, suspect } from '../errors.js'

/**
 * A lock that did not come may be held by the very scope that waits for it, in a transaction whose work waits here. No server knows that, and a
 * command timeout that comes before the server's own does not, either; the gate does.
 */
export function suspectOwnScope(
  lease: Holder & { readonly source: DataSource },
  error: unknown,
): void {
  if (!(error instanceof DatabaseError)) return
  if (error.kind !== 'lockTimeout' && error.kind !== 'timeout') return
  const suspects = lease.source.gate.idleBeside(lease)
  if (suspects.length > 0 && !error.suspects) suspect(error, suspects)
}
