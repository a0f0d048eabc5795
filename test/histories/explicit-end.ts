import { AbortedError, ConcurrentOperationError, type DbTransaction } from 'mayfly'
import { isKnown, isRefusal, type TransactionRecord } from './ledger.js'
import type { ExplicitEnd } from './program.js'

type Verb = 'commit' | 'rollback'

/** Ends an explicit transaction in one of the ways that people find, and sees what comes of it. */
export class EndOfExplicit {
  /** What the calls threw, and what is wrong with that. */
  readonly errors: unknown[] = []
  readonly wrong: string[] = []
  readonly #transaction: DbTransaction

  constructor(transaction: DbTransaction) {
    this.#transaction = transaction
  }

  /** @throws the error of the first call */
  async end(end: Exclude<ExplicitEnd, 'forget'>, record: TransactionRecord): Promise<void> {
    const verb = end === 'rollback' ? 'rollback' : 'commit'
    const [first, second] = await Promise.allSettled([
      this.#attempt(verb),
      ...(end === 'commit and rollback' ? [this.#attempt('rollback')] : []),
    ])
    const isDone = first.status === 'fulfilled'
    const isRolledBack = second?.status === 'fulfilled' || (isDone && verb === 'rollback')
    if (isDone && isRolledBack && verb === 'commit')
      this.wrong.push('a transaction was committed and rolled back')
    // One whose end was refused may still be open.
    record.outcome = isRolledBack ? 'rolled back' : isDone ? 'committed' : 'uncertain'
    if (isDone && end === 'commit twice') await this.#comesTooLate('commit')
    if (isDone && end === 'rollback after commit') await this.#comesTooLate('rollback')
    if (!isDone) throw first.reason
  }

  async #attempt(verb: Verb): Promise<void> {
    try {
      await this.#transaction[verb]()
    } catch (error) {
      this.errors.push(error)
      if (!isKnown(error)) this.wrong.push(`a ${verb} failed with ${String(error)}`)
      if (verb === 'rollback' && isOfOthers(error))
        this.wrong.push(`a rollback was refused: ${String(error)}`)
      throw error
    }
  }

  /** What has ended ends nothing else. */
  async #comesTooLate(verb: Verb): Promise<void> {
    const [again] = await Promise.allSettled([this.#transaction[verb]()])
    if (again.status === 'fulfilled' || !isRefusal(again.reason))
      this.wrong.push(`a ${verb} after the commit was not refused`)
  }
}

/** Whether it was refused for what others do, and not because it had ended. */
function isOfOthers(error: unknown): boolean {
  return error instanceof AbortedError || error instanceof ConcurrentOperationError
}
