import { concurrentOperation } from '../errors.js'
import { removeFrom } from '../support/remove-from.js'
import { mayOverlap, type Operation } from './operation.js'

/** What a context may do at the same time (C9). */
export type Concurrency = 'refuse' | 'queue' | 'unchecked'

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
  #barriers: Barrier[] | undefined
  #becameIdle: (() => void) | undefined

  constructor(contextLabel: string, mode: Concurrency) {
    this.#contextLabel = contextLabel
    this.#mode = mode
  }

  /** The operation that runs, if it is the only one. */
  get sole(): Operation | undefined {
    return this.#running.length === 1 ? this.#running[0] : undefined
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
    if (current === undefined || this.#mayStartBeside(operation)) {
      this.#running.push(operation)
      return
    }
    if (this.#mayWait(current)) {
      return new Promise((start, refuse) => (this.#line ??= []).push({ operation, start, refuse }))
    }
    throw concurrentOperation(this.#contextLabel, current, operation)
  }

  /** Whether an operation that came now would be refused. */
  refuses(operation: Operation): boolean {
    const current = this.#running[0]
    if (current === undefined || this.#mayStartBeside(operation)) return false
    return !this.#mayWait(current)
  }

  leave(operation: Operation): void {
    removeFrom(this.#running, operation)
    if (this.#barriers && operation.failure)
      for (const { failures } of this.#barriers) failures.push(operation.failure.error)
    if (this.#running.length > 0) return
    const barrier = this.#barriers?.shift()
    if (barrier) {
      this.#running.push(barrier.operation)
      return barrier.pass(barrier.failures)
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

  /**
   * Starts an operation as soon as nothing runs, before all that wait in line and after those who came this way before; gives the failures of what
   * was waited for.
   */
  enterAfterRunning(operation: Operation): Promise<unknown[]> {
    if (this.#running.length === 0) {
      this.#running.push(operation)
      return Promise.resolve([])
    }
    return new Promise(pass => {
      ;(this.#barriers ??= []).push({ operation, failures: [], pass })
    })
  }

  /** Refuses those that wait in line, or some of them. @returns the error that they got, where there was one of them */
  refuseWaiting(
    refusal: () => Error,
    which: (operation: Operation) => boolean = () => true,
  ): Error | undefined {
    const refused = this.#line?.filter(({ operation }) => which(operation)) ?? []
    if (refused.length === 0) return undefined
    this.#line = this.#line?.filter(turn => !refused.includes(turn))
    const error = refusal()
    for (const turn of refused) turn.refuse(error)
    return error
  }

  /** Whoever waits for a stream from inside its loop would wait for ever, so a stream is never waited for (C4). */
  #mayWait({ kind }: Operation): boolean {
    return this.#mode === 'queue' && kind !== 'stream'
  }

  #mayStartBeside(operation: Operation): boolean {
    return (
      this.#mode === 'unchecked' && !this.#barriers?.length && mayOverlap(operation, this.#running)
    )
  }
}
