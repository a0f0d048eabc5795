import { CallSite } from '../diagnostics/call-site.js'
import type { TransactionFrame } from '../connection/transaction.js'

export type OperationKind =
  | 'query'
  | 'stream'
  | 'save'
  | 'begin transaction'
  | 'commit'
  | 'rollback'
  | 'open connection'
  | 'close connection'

/** One call of a context that reaches the database, from its start until its promise settles. */
export class Operation {
  readonly kind: OperationKind
  /** SQL with placeholders, where there is some. */
  readonly sql: string | undefined
  readonly startedAt = performance.now()
  readonly callSite = CallSite.capture()
  /** The transaction that it was started in, as far as that is known, for one that waits in line. */
  frame: TransactionFrame | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(kind: OperationKind, sql: string | undefined) {
    this.kind = kind
    this.sql = sql
  }

  /** Why it failed, once it has. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure
  }

  fail(error: unknown): void {
    this.#failure = { error }
  }

  get age(): number {
    return performance.now() - this.startedAt
  }

  /** The line of user code that started it; `undefined` in production. */
  get line(): string | undefined {
    return this.callSite?.line
  }
}

/** What ends something: refused, it takes nothing out of a transaction that should have been in it (T7). */
const ENDS: ReadonlySet<OperationKind> = new Set(['commit', 'rollback', 'close connection'])
/** What has the context for itself. */
const ALONE: ReadonlySet<OperationKind> = new Set(['stream', 'commit', 'rollback'])

export function isEnd({ kind }: Operation): boolean {
  return ENDS.has(kind)
}

/** Statements may overlap; two begins, or anything beside a stream or an end of a transaction, cannot make sense. */
export function mayOverlap({ kind }: Operation, running: readonly Operation[]): boolean {
  if (ALONE.has(kind)) return false
  return running.every(
    other => other.kind === 'query' || (kind === 'query' && !ALONE.has(other.kind)),
  )
}
