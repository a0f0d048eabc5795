import type { TransactionSettings } from 'kysely'
import { runInFlow } from '../connection/transaction.js'
import { withSuppressed } from '../errors.js'
import type { LeaseHandle } from './lease-handle.js'

/**
 * Runs work in a transaction: committed when it returns, rolled back when it throws. Its end is a barrier (T1): what still runs is
 * waited for, and what starts later is refused (T2). Inside another transaction it is a savepoint (T3).
 */
export async function runTransaction<R>(
  handle: LeaseHandle,
  settings: TransactionSettings | undefined,
  work: () => Promise<R>,
): Promise<R> {
  const { lease } = handle
  const frame = await lease.operations.begin('work', settings)
  let value: R
  try {
    value = await runInFlow(frame, work)
  } catch (error) {
    try {
      await handle.ended(lease.operations.rollBackAfterRunning(frame))
    } catch (another) {
      // T4: the work's own error is the one that is thrown; a rollback that failed as well comes with it.
      throw withSuppressed(error, error === another ? [] : [another])
    }
    throw error
  }
  await handle.ended(lease.operations.commitAfterRunning(frame))
  return value
}
