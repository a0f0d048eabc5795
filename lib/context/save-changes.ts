import type { QueryResult } from 'kysely'
import type { MayflyConnection, MayflyQuery } from '../connection/driver.js'
import type { Session } from '../connection/session.js'
import type { TransactionFrame } from '../connection/transaction.js'
import {
  AbortedError,
  CommitUncertainError,
  ConnectionLostError,
  ContextDisposedError,
  DatabaseError,
  saveUncertain,
  stillUncertain,
  withSuppressed,
} from '../errors.js'
import type { RowChange, RowOutcome } from '../tracking/row-change.js'
import { SavePlan } from '../tracking/save/execute.js'
import type { SaveSession } from '../tracking/save/save-session.js'
import type { Lease } from './lease.js'
import type { LeaseHandle } from './lease-handle.js'

/** Writes what has changed, as one operation of the context (C2), all or nothing. */
export async function saveChanges(handle: LeaseHandle): Promise<number> {
  const { lease } = handle
  lease.assertAlive()
  const { interception } = handle
  const save = () =>
    lease.operations.save(async session => {
      const outcomes = await new Save(handle, session).run()
      return { outcomes, frame: session.frame }
    })
  if (interception) return interception.around(save)
  const { outcomes } = await save()
  return outcomes.length
}

const NOTHING: readonly RowOutcome[] = []

class Save {
  readonly #lease: Lease
  readonly #handle: LeaseHandle
  readonly #session: Session
  /** Whether the one statement of a save goes without a transaction, and whether it was sent: then it is stored, if nobody says otherwise. */
  #isAlone = false
  #isSent = false
  #step = 0

  constructor(handle: LeaseHandle, session: Session) {
    this.#handle = handle
    this.#lease = handle.lease
    this.#session = session
  }

  async run(): Promise<readonly RowOutcome[]> {
    const { tracker, id } = this.#handle
    const { uncertain } = tracker
    if (uncertain > 0) throw stillUncertain(id, uncertain)
    const changes = tracker.changes()
    if (changes.length === 0) return NOTHING
    const session = this.#saveSession()
    const outcomes = await this.#inSomeOrder(changes, session)
    tracker.accept(outcomes)
    return outcomes
  }

  /** Where a unique key refuses rows that take each other's values, they are written one after the other, in the order that it allows. */
  async #inSomeOrder(changes: readonly RowChange[], session: SaveSession): Promise<RowOutcome[]> {
    const plan = await SavePlan.of(changes, session)
    try {
      return await this.#tried(plan, changes, session)
    } catch (error) {
      const isRefused = error instanceof DatabaseError && error.kind === 'unique'
      const moves = isRefused ? await SavePlan.ofMoves(changes, session) : undefined
      if (!moves) throw await plan.explain(error, this.#step, session)
      try {
        return await this.#tried(moves, changes, session)
      } catch (again) {
        throw await moves.explain(again, this.#step, session)
      }
    }
  }

  async #tried(
    plan: SavePlan,
    changes: readonly RowChange[],
    session: SaveSession,
  ): Promise<RowOutcome[]> {
    try {
      this.#isAlone = this.#isSent = false
      return await this.#write(plan, session)
    } catch (error) {
      if (!this.#isUncertain(error)) throw error
      this.#handle.tracker.doubt(changes)
      throw saveUncertain(this.#lease.id, error)
    }
  }

  /** A savepoint inside the user's transaction where one statement cannot be undone by itself; on PostgreSQL a failure ends the whole transaction. */
  async #write(plan: SavePlan, session: SaveSession): Promise<RowOutcome[]> {
    const isInside = this.#session.frame !== undefined
    const run = () => plan.run(session, step => (this.#step = step))
    if (plan.isOneStatement && !isInside) {
      this.#isAlone = true
      return run()
    }
    const isSafe = this.#lease.source.values.family !== 'postgres'
    return plan.isOneStatement && isSafe
      ? run()
      : this.#inFrame(run, frame => this.#session.commit(frame))
  }

  async #inFrame<R>(
    work: () => Promise<R>,
    end: (frame: TransactionFrame) => Promise<void>,
  ): Promise<R> {
    const frame = await this.#session.begin(this.#lease.id, 'explicit', {})
    let value: R
    try {
      value = await work()
    } catch (error) {
      if (frame.outcome) throw error
      try {
        await this.#session.rollback(frame)
      } catch (another) {
        throw withSuppressed(error, [another])
      }
      throw error
    }
    await end(frame)
    return value
  }

  #saveSession(): SaveSession {
    const send = <R>(sql: string, work: (connection: MayflyConnection) => Promise<R>): Promise<R> =>
      this.#session.run(
        sql,
        connection => {
          this.#isSent = this.#isAlone
          return work(connection)
        },
        this.#lease.commandTimeout,
      )
    return {
      source: this.#handle.source,
      run: <R>(query: MayflyQuery) =>
        send(query.sql, connection => connection.executeQuery<R>(query as MayflyQuery<R>)),
      runEach: <R>(query: MayflyQuery, runs: readonly (readonly unknown[])[]) =>
        send(query.sql, connection => eachRun(connection, query as MayflyQuery<R>, runs)),
      tried: work => this.#inFrame(work, frame => this.#session.rollback(frame)),
    }
  }

  #isUncertain(error: unknown): error is Error {
    if (error instanceof CommitUncertainError) return true
    if (!this.#isSent) return false
    if (error instanceof ConnectionLostError) return true
    if (error instanceof AbortedError || error instanceof ContextDisposedError) return true
    return (
      error instanceof DatabaseError && (error.kind === 'timeout' || error.kind === 'cancelled')
    )
  }
}

/** One after the other, where a driver has no better way. */
async function eachRun<R>(
  connection: MayflyConnection,
  query: MayflyQuery<R>,
  runs: readonly (readonly unknown[])[],
): Promise<QueryResult<R>> {
  if (connection.executeRuns) return connection.executeRuns(query, runs)
  const rows: R[] = []
  let affected = 0n
  for (const parameters of runs) {
    const result = await connection.executeQuery<R>({ ...query, parameters })
    rows.push(...result.rows)
    affected += result.numAffectedRows ?? 0n
  }
  return { rows, numAffectedRows: affected }
}
