import type { NextFunction, Request, Response } from 'express'
import type { MayflyContainer } from '../../lib/container/container.js'
import { nodeOf } from '../../lib/container/scope-node.js'
import { warnOfError } from '../../lib/diagnostics/logger.js'
import { abandonedRequest, clientGone, scopePerRequestMissing } from './errors.js'

/** What `scopePerRequest` can be told. */
export interface RequestScopeOptions {
  /**
   * How long the scope of a plain handler stays open after its client has left, if the handler never calls `res.end` (ms). Then it is ended and
   * reported. Default 30,000.
   */
  readonly abandonAfter?: number
  /**
   * Gets what goes wrong after the response: disposers that fail, and abandoned requests (E6). Default: the container's logger, or a process warning.
   */
  readonly onError?: (error: unknown, req: Request) => void
}

const DEFAULT_ABANDON_AFTER = 30_000
const REQUEST_SCOPE = Symbol('mayfly.requestScope')

type ScopedRequest = Request & { [REQUEST_SCOPE]?: RequestScope }

/**
 * One request's scope. It ends when the response has closed and the work is done (E1): for handlers that Mayfly invoked, when their promise has
 * settled; for others, when the response was ended, which happens on a response that its client left, too.
 */
export class RequestScope {
  readonly container: MayflyContainer
  readonly #req: Request
  readonly #res: Response
  readonly #options: RequestScopeOptions
  readonly #endWork: () => void
  #running = 0
  #handled = false
  #closed = false
  #ended = false

  /** The scope of a request. @throws RegistrationError where `scopePerRequest` was not used before */
  static of(req: Request): RequestScope {
    const scope = RequestScope.find(req)
    if (!scope) throw scopePerRequestMissing()
    return scope
  }

  static find(req: Request): RequestScope | undefined {
    return (req as ScopedRequest)[REQUEST_SCOPE]
  }

  static open(
    root: MayflyContainer,
    req: Request,
    res: Response,
    options: RequestScopeOptions,
  ): void {
    const scope = new RequestScope(root, req, res, options)
    ;(req as ScopedRequest)[REQUEST_SCOPE] = scope
    req.container = scope.container as never
  }

  private constructor(
    root: MayflyContainer,
    req: Request,
    res: Response,
    options: RequestScopeOptions,
  ) {
    this.container = root.createNamedScope(`scope ${req.method} ${pathOf(req)}`, 'request')
    this.#endWork = nodeOf(this.container)!.beginWork()
    this.#req = req
    this.#res = res
    this.#options = options
    if (res.closed) process.nextTick(() => this.#close())
    else res.once('close', () => this.#close())
  }

  /** Runs a handler as work of this request. A promise that it gives is waited for, whatever happens to the client. */
  run(work: (next: NextFunction) => unknown, next: NextFunction): unknown {
    let passedOn = false
    const result = work((...args: unknown[]) => {
      passedOn = true
      ;(next as (...args: unknown[]) => void)(...args)
    })
    if (!isPromiseLike(result)) return result
    this.#running++
    const settle = () => {
      this.#running--
      // A handler that called next() left the response to somebody else.
      if (!passedOn) this.#handled = true
      this.#endIfDone()
    }
    return result.then(
      value => {
        settle()
        return value
      },
      error => {
        settle()
        throw error
      },
    )
  }

  #close(): void {
    this.#closed = true
    if (!this.#res.writableEnded) {
      nodeOf(this.container)!.abort(clientGone(this.#label))
      this.#watchEnd()
    }
    this.#endIfDone()
  }

  #endIfDone(): void {
    if (this.#ended || !this.#closed || this.#running > 0) return
    if (this.#res.writableEnded || this.#handled) this.#end()
  }

  /** A handler that does not know that its client has gone ends the response all the same; no event tells. */
  #watchEnd(): void {
    const res = this.#res
    const end = res.end as (...args: unknown[]) => Response
    const timer = setTimeout(
      () => this.#abandon(),
      this.#options.abandonAfter ?? DEFAULT_ABANDON_AFTER,
    )
    timer.unref()
    res.end = (...args: unknown[]) => {
      clearTimeout(timer)
      res.end = end
      const result = end.apply(res, args)
      this.#endIfDone()
      return result
    }
  }

  #abandon(): void {
    if (this.#ended || this.#running > 0) return
    this.#report(abandonedRequest(this.#label, this.#options.abandonAfter ?? DEFAULT_ABANDON_AFTER))
    this.#end()
  }

  #end(): void {
    this.#ended = true
    this.container.dispose().catch((error: unknown) => this.#report(error))
    this.#endWork()
  }

  #report(error: unknown): void {
    const { onError } = this.#options
    const { logger } = nodeOf(this.container)!.family
    try {
      if (onError) return onError(error, this.#req)
    } catch (failure) {
      warnOfError(logger, failure)
    }
    warnOfError(logger, error)
  }

  get #label(): string {
    return `${this.#req.method} ${pathOf(this.#req)}`
  }
}

/** Without the query, which may hold what should not be in a log. */
function pathOf({ originalUrl }: Request): string {
  const query = originalUrl.indexOf('?')
  return query < 0 ? originalUrl : originalUrl.slice(0, query)
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function'
}
