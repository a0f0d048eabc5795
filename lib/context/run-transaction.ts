import type { TransactionSettings } from 'kysely'
import { runInFlow } from '../connection/transaction.js'
import {
  contextDisposed,
  nestedTransactionLeftOpen,
  transactionAlreadyEnded,
  withSuppressed,
} from '../errors.js'
import type { LeaseHandle } from './lease-handle.js'

type Outcome<R> = { readonly value: R } | { readonly error: unknown }

/**
 * Runs work in a transaction: committed when it returns, rolled back when it throws. Its end is a barrier (T1): what still runs is
 * waited for, and what starts later is refused (T2). Inside another transaction it is a savepoint (T3).
 */
export async function runTransaction<R>(
  { lease }: LeaseHandle,
  settings: TransactionSettings | undefined,
  work: () => Promise<R>,
): Promise<R> {
  const frame = await lease.operations.begin('work', settings)
  let outcome: Outcome<R>
  try {
    outcome = { value: await runInFlow(frame, work) }
  } catch (error) {
    outcome = { error }
  }
  if (frame.end !== undefined) {
    if ('error' in outcome) throw outcome.error
    if (lease.endReason !== undefined) throw contextDisposed(lease.id, lease.endReason)
    throw frame.loss ?? transactionAlreadyEnded('commit', frame.end, undefined)
  }
  try {
    await lease.operations.endAfterRunning(
      frame,
      'error' in outcome ? 'rollback' : 'commit',
      failures => {
        if (!('error' in outcome)) {
          if (failures.length > 0)
            outcome = { error: withSuppressed(failures[0], failures.slice(1)) }
          else if (!lease.operations.isInnermost(frame))
            outcome = { error: nestedTransactionLeftOpen(lease.id) }
        }
        return 'error' in outcome ? 'rollback' : 'commit'
      },
    )
  } catch (error) {
    // T4: the work's own error is the one that is thrown; a rollback that failed as well comes with it.
    if ('error' in outcome)
      throw withSuppressed(outcome.error, outcome.error === error ? [] : [error])
    throw error
  }
  if ('error' in outcome) throw outcome.error
  return outcome.value
}
