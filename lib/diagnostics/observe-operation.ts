import { ConnectionTimeoutError } from '../errors.js'
import { shownSql } from '../shown-sql.js'
import { begun, channels, isHeard, over } from './channels.js'
import type { Logger } from './logger.js'
import type { OperationMessage } from './messages.js'
import { idOf, type Origin } from './observe.js'

interface Observed {
  readonly id: string
  /** The innermost transaction that is open. */
  readonly transaction: object | undefined
  origin(): Origin
  readonly logger: Logger | undefined
}

interface Started {
  readonly kind: string
  readonly sql: string | undefined
  readonly startedAt: number
  readonly age: number
  readonly line: string | undefined
}

/** Tells channel and logger of one operation. It runs inside the operation, synchronously, and cannot use its context (C3). */
export class OperationObservation {
  readonly #lease: Observed
  readonly #operation: Started
  readonly #message: OperationMessage | undefined
  #over = false

  constructor(lease: Observed, operation: Started, message: OperationMessage | undefined) {
    this.#lease = lease
    this.#operation = operation
    this.#message = message
  }

  /** Does nothing after `failed`. */
  succeeded(result: unknown): void {
    this.#end({ rows: rowsOf(result) })
  }

  failed(error: unknown): void {
    this.#end({ error })
    if (error instanceof ConnectionTimeoutError && error.isSelfDeadlock)
      this.#lease.logger?.warn(error.message)
  }

  #end(result: { rows?: number | undefined; error?: unknown }): void {
    if (this.#over) return
    this.#over = true
    if (this.#message) over(channels.operation, this.#message, result)
    this.#lease.logger?.debug(describe(this.#lease, this.#operation, result))
  }
}

/** `undefined` where nobody listens. */
export function observeOperation(
  lease: Observed,
  operation: Started,
): OperationObservation | undefined {
  const message = isHeard(channels.operation) ? operationBegins(lease, operation) : undefined
  if (!message && !lease.logger) return undefined
  return new OperationObservation(lease, operation, message)
}

function operationBegins(lease: Observed, operation: Started): OperationMessage {
  const { kind, sql, startedAt } = operation
  return begun(channels.operation, {
    id: idOf(operation),
    ...lease.origin(),
    startedAt,
    kind,
    sql,
    transactionId: lease.transaction && idOf(lease.transaction),
    get line() {
      return operation.line
    },
  })
}

function rowsOf(result: unknown): number | undefined {
  const { rows, numAffectedRows } = (result ?? {}) as {
    rows?: { length: number }
    numAffectedRows?: bigint
  }
  return numAffectedRows === undefined ? rows?.length : Number(numAffectedRows)
}

function describe(
  { id }: Observed,
  { kind, sql, age }: Started,
  result: { rows?: number | undefined; error?: unknown },
): string {
  const outcome =
    'error' in result ? ', failed' : result.rows === undefined ? '' : `, ${result.rows} rows`
  return `${id} ${kind}, ${age.toFixed(1)} ms${outcome}${sql === undefined ? '' : `: ${shownSql(sql)}`}`
}
