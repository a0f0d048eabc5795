import { ConnectionTimeoutError } from '../errors.js'
import { begun, channels, over, type OperationMessage } from './channels.js'
import type { Logger } from './logger.js'

interface Observed {
  readonly id: string
  readonly scopeLabel: string | undefined
  readonly logger: Logger | undefined
}

interface Started {
  readonly kind: string
  readonly sql: string | undefined
  readonly age: number
}

/** Tells channel and logger of one operation. It runs inside the operation, synchronously, and cannot use its context (C3). */
class OperationObservation {
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
    const duration = this.#operation.age
    if (this.#message) over(channels.operation, this.#message, { ...result, duration })
    this.#lease.logger?.debug(describe(this.#lease, this.#operation, duration, result))
  }
}

/** `undefined` where nobody listens. */
export function observeOperation(
  lease: Observed,
  operation: Started,
): OperationObservation | undefined {
  const message = begun(channels.operation, () => ({
    context: lease.id,
    scope: lease.scopeLabel,
    kind: operation.kind,
    sql: operation.sql,
  }))
  if (!message && !lease.logger) return undefined
  return new OperationObservation(lease, operation, message)
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
  { kind, sql }: Started,
  duration: number,
  result: { rows?: number | undefined; error?: unknown },
): string {
  const outcome =
    'error' in result ? ', failed' : result.rows === undefined ? '' : `, ${result.rows} rows`
  return `${id} ${kind}, ${duration.toFixed(1)} ms${outcome}${sql === undefined ? '' : `: ${sql}`}`
}
