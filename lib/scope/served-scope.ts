import type { Scope } from './scope.js'

/** What a scope that serves somebody asks of whoever opened it. */
export interface Served {
  /** Whether the answer is complete. */
  readonly isAnswered: boolean
  /** Gets what goes wrong when nobody waits any more. */
  report(error: unknown): void
}

/**
 * A unit of work that answers somebody: a request, a message. It ends when the other side has closed and the work is done (E1): work that is run
 * here, when its promise has settled; other work, when the answer is complete. It knows no web framework.
 */
export class ServedScope {
  readonly scope: Scope
  readonly #served: Served
  readonly #endWork: () => void
  #running = 0
  #isHandled = false
  #isClosed = false
  #hasEnded = false

  constructor(scope: Scope, served: Served) {
    this.scope = scope
    this.#served = served
    this.#endWork = scope.beginWork()
  }

  /**
   * Runs something as work of this unit; a promise that it gives is waited for, whatever happens to the other side.
   * @param work gets a function that says that it left the answer to somebody else
   */
  run<R>(work: (leave: () => void) => R): R {
    let hasLeft = false
    const result = work(() => {
      hasLeft = true
    })
    if (!isPromiseLike(result)) return result
    this.#running++
    const settle = () => {
      this.#running--
      if (!hasLeft) this.#isHandled = true
      this.endIfDone()
    }
    return result.then(
      value => {
        settle()
        return value
      },
      (error: unknown) => {
        settle()
        throw error
      },
    ) as R
  }

  /** The other side has closed, or has gone: then the work is called off for this reason. */
  close(gone?: Error): void {
    this.#isClosed = true
    if (gone) this.scope.abort(gone)
    this.endIfDone()
  }

  /** For whoever sees that the answer was completed after the other side had closed. */
  endIfDone(): void {
    if (this.#hasEnded || !this.#isClosed || this.#running > 0) return
    if (this.#served.isAnswered || this.#isHandled) this.#end()
  }

  /** Ends a scope whose work never told that it was done, and reports it; not while something runs here. */
  abandon(error: Error): void {
    if (this.#hasEnded || this.#running > 0) return
    this.#served.report(error)
    this.#end()
  }

  #end(): void {
    this.#hasEnded = true
    this.scope.dispose().catch((error: unknown) => this.#served.report(error))
    this.#endWork()
  }
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function'
}
