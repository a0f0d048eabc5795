import type { Container, DbContext, DbContextFactory } from 'mayfly'
import type { TransactionRecord } from './ledger.js'

export interface RowsDatabase {
  rows: { key: number }
}

export type RowsContext = DbContext<RowsDatabase> & {
  readonly rows: AsyncIterable<{ key: number }> & { toList(): Promise<unknown[]> }
}

export interface Cradle {
  readonly refuse: RowsContext
  readonly queue: RowsContext
  readonly unchecked: RowsContext
  readonly refuseFactory: DbContextFactory<RowsContext>
  readonly queueFactory: DbContextFactory<RowsContext>
  readonly uncheckedFactory: DbContextFactory<RowsContext>
  readonly probe: unknown
}

/** A context, and what the interpreter knows of it. */
export interface Used {
  readonly db: RowsContext
  /** Transactions that were begun on it, and those that are open. */
  begun: number
  open: number
  ended: boolean
}

/** A scope, and what the interpreter knows of it. */
export interface OpenScope {
  readonly container: Container<any>
  ended: boolean
}

/** Where a step runs. */
export interface Place {
  readonly used: Used
  readonly factory: DbContextFactory<RowsContext>
  readonly transactions: readonly TransactionRecord[]
  readonly scope: OpenScope
}

/** Whether somebody else has a transaction open on the same context, so that it is not known in which one a statement is. */
export function hasCompany({ used, transactions }: Place): boolean {
  return used.open > transactions.filter(({ outcome }) => outcome === 'open').length
}

/** A context that nothing was done with yet. */
export function fresh(db: RowsContext): Pick<Place, 'used' | 'transactions'> {
  return { used: { db, begun: 0, open: 0, ended: false }, transactions: [] }
}

export async function endScope(scope: OpenScope): Promise<void> {
  await scope.container.dispose()
  scope.ended = true
}
