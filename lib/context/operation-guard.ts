import { concurrentOperation } from '../errors.js'
import { removeFrom } from '../support/remove-from.js'
import { CallSite } from '../diagnostics/call-site.js'

/** What a context may do at the same time (C9). */
export type Concurrency = 'refuse' | 'queue' | 'unchecked'

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

/** What no other operation may begin beside. */
const ALONE: ReadonlySet<OperationKind> = new Set(['stream', 'commit', 'rollback'])

interface Turn {
  readonly operation: Operation
  readonly start: () => void
  readonly refuse: (error: Error) => void
}

/** Someone who waits for everything that runs to end, and goes before everything that waits in line (T1). */
interface Barrier {
  readonly operation: Operation
  readonly failures: unknown[]
  readonly pass: (failures: unknown[]) => void
}

/**
 * One operation at a time (C2). The idea is EF Core's `ConcurrencyDetector`; this one belongs to a lease, so what an old
 * holder left behind cannot reach a new one, and it covers a stream from its first row to its last.
 */
export class OperationGuard {
  readonly #contextLabel: string
  readonly #mode: Concurrency
  readonly #running: Operation[] = []
  #line: Turn[] | undefined
  #barrier: Barrier | undefined
  #becameIdle: (() => void) | undefined

  constructor(contextLabel: string, mode: Concurrency) {
    this.#contextLabel = contextLabel
    this.#mode = mode
  }

  /** The oldest operation that runs, if any. */
  get current(): Operation | undefined {
    return this.#running[0]
  }

  /**
   * Starts an operation; a promise only where it has to wait in line (`'queue'`).
   * @throws ConcurrentOperationError
   */
  enter(operation: Operation): void | Promise<void> {
    const current = this.#running[0]
    if (current === undefined) {
      this.#running.push(operation)
      return
    }
    if (this.#mode === 'unchecked' && this.#mayOverlap(operation)) {
      this.#running.push(operation)
      return
    }
    // Whoever waits for a stream from inside its loop would wait for ever, so a stream is never waited for (C4).
    if (this.#mode === 'queue' && current.kind !== 'stream') {
      return new Promise((start, refuse) => (this.#line ??= []).push({ operation, start, refuse }))
    }
    throw concurrentOperation(this.#contextLabel, current, operation)
  }

  /** Statements may overlap; two begins, or anything beside a stream or an end of a transaction, cannot make sense. */
  #mayOverlap({ kind }: Operation): boolean {
    if (this.#barrier || kind === 'stream') return false
    return this.#running.every(
      running => running.kind === 'query' || (kind === 'query' && !ALONE.has(running.kind)),
    )
  }

  leave(operation: Operation): void {
    removeFrom(this.#running, operation)
    if (this.#barrier && operation.failure) this.#barrier.failures.push(operation.failure.error)
    if (this.#running.length > 0) return
    const barrier = this.#barrier
    if (barrier) {
      this.#barrier = undefined
      this.#running.push(barrier.operation)
      barrier.pass(barrier.failures)
      return
    }
    const next = this.#line?.shift()
    if (!next) return this.#becameIdle?.()
    this.#running.push(next.operation)
    next.start()
  }

  /** Resolves when nothing runs and nobody waits. One caller at a time: the end of the lease. */
  whenIdle(): Promise<void> {
    if (this.#running.length === 0) return Promise.resolve()
    return new Promise(resolve => {
      this.#becameIdle = resolve
    })
  }

  /** Starts an operation as soon as nothing runs, before all that wait; gives the failures of what was waited for. */
  enterAfterRunning(operation: Operation): Promise<unknown[]> {
    if (this.#running.length === 0) {
      this.#running.push(operation)
      return Promise.resolve([])
    }
    if (this.#barrier)
      throw concurrentOperation(this.#contextLabel, this.#barrier.operation, operation)
    return new Promise(pass => {
      this.#barrier = { operation, failures: [], pass }
    })
  }

  /** Refuses all that wait in line. */
  refuseWaiting(error: Error): void {
    for (const turn of this.#line?.splice(0) ?? []) turn.refuse(error)
  }
}
