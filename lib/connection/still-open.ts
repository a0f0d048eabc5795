import { channels, isHeard } from '../diagnostics/channels.js'
import { tellRefusal, type Wanted } from '../diagnostics/observe.js'
import { transactionEnded } from '../errors.js'
import type { SessionUser } from './held-connection.js'
import type { TransactionFrame } from './transaction.js'

/**
 * While something waited for its connection the transaction that it is in may have ended, and it must not run outside of it (T2).
 * @param wanted what it is, where the operation that it belongs to is not known
 * @throws TransactionEndedError
 */
export function assertStillOpen(
  transaction: TransactionFrame,
  user: SessionUser,
  wanted: Wanted,
): void {
  const { end, loss } = transaction
  if (end === undefined) return
  const error = transactionEnded(user.contextLabel, end, loss)
  if (isHeard(channels.refused)) {
    const { operation = wanted } = user
    tellRefusal({ error, origin: user.origin(), wanted: operation, transaction })
  }
  throw error
}
