import type { Dialect } from 'kysely'
import type { MayflyDialect } from 'mayfly'

/** A kind of server, and the ways to it that are compared. */
export interface Engine {
  /** In front of the titles of its rows. */
  readonly name: 'MySQL' | 'PostgreSQL'
  /** What is compared with. */
  readonly driver: string
  /** The driver's own pool, of as many connections as Mayfly's has. */
  pool(url: string): DriverPool
  /** Kysely's own dialect, on such a pool. */
  kysely(url: string): Dialect
  mayfly(url: string): MayflyDialect
  /** The two dialects on one pool, which is as the one that Mayfly makes of a URL. */
  onOnePool(url: string): OnOnePool
  /** The nth value of a statement, from 1. */
  placeholder(n: number): string
  quoted(name: string): string
  /** Gives so many orders other amounts: their ids and amounts are its values, in turn. */
  groupedUpdate(rows: number): string
  /** The function that waits for so many seconds. */
  readonly sleep: string
}

export interface OnOnePool {
  readonly kysely: Dialect
  readonly mayfly: MayflyDialect
  end(): Promise<unknown>
}

export interface DriverPool {
  /** The fastest way that the driver has for a statement that comes again and again. */
  prepare(sql: string): (values: unknown[]) => Promise<unknown>
  /** Statements one after the other, in a transaction, prepared as above. */
  inTransaction(statements: readonly (readonly [sql: string, values: unknown[]])[]): Promise<void>
  /** The rows of what that gave. */
  rows(result: unknown): unknown[]
  end(): Promise<unknown>
}
