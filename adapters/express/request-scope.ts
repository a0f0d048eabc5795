import type { NextFunction, Request, Response } from 'express'
import type { Container } from '../../lib/container/container-interface.js'
import { warnOfError } from '../../lib/diagnostics/logger.js'
import type { Opened } from '../../lib/scope/opened.js'
import type { Scope } from '../../lib/scope/scope.js'
import { ServedScope, type Served } from '../../lib/scope/served-scope.js'
import { abandonedRequest, clientGone, scopePerRequestMissing } from './errors.js'
import { DEFAULT_ABANDON_AFTER, type RequestScopeOptions } from './options.js'

const REQUEST_SCOPE = Symbol('mayfly.requestScope')

type ScopedRequest = Request & { [REQUEST_SCOPE]?: RequestScope }

/** One request's scope, and what Express tells of its end (E1). */
export class RequestScope implements Served {
  readonly container: Container<any>
  readonly #served: ServedScope
  readonly #req: Request
  readonly #res: Response
  readonly #options: RequestScopeOptions

  /** The scope of a request. @throws RegistrationError where `scopePerRequest` was not used before */
  static of(req: Request): RequestScope {
    const scope = RequestScope.find(req)
    if (!scope) throw scopePerRequestMissing()
    return scope
  }

  static find(req: Request): RequestScope | undefined {
    return (req as ScopedRequest)[REQUEST_SCOPE]
  }

  /** @param open opens a scope with this label in messages */
  static open(
    open: (label: string) => Opened<Container<any>>,
    req: Request,
    res: Response,
    options: RequestScopeOptions,
  ): void {
    const scope = new RequestScope(open(`scope ${labelOf(req)}`), req, res, options)
    ;(req as ScopedRequest)[REQUEST_SCOPE] = scope
    req.container = scope.container
  }

  private constructor(
    { scope, face }: Opened<Container<any>>,
    req: Request,
    res: Response,
    options: RequestScopeOptions,
  ) {
    this.container = face
    this.#served = new ServedScope(scope, this)
    this.#req = req
    this.#res = res
    this.#options = options
    if (res.closed) process.nextTick(() => this.#close())
    else res.once('close', () => this.#close())
  }

  get scope(): Scope {
    return this.#served.scope
  }

  get isAnswered(): boolean {
    return this.#res.writableEnded
  }

  /** Runs a handler as work of this request; one that called `next()` left the response to somebody else. */
  run(work: (next: NextFunction) => unknown, next: NextFunction): unknown {
    return this.#served.run(leave =>
      work((...args: unknown[]) => {
        leave()
        ;(next as (...args: unknown[]) => void)(...args)
      }),
    )
  }

  report(error: unknown): void {
    const { onError } = this.#options
    const { logger } = this.scope
    try {
      if (onError) return onError(error, this.#req)
    } catch (failure) {
      warnOfError(logger, failure)
    }
    warnOfError(logger, error)
  }

  #close(): void {
    if (this.#res.writableEnded) return this.#served.close()
    this.#watchEnd()
    this.#served.close(clientGone(labelOf(this.#req)))
  }

  /** A handler that does not know that its client has gone ends the response all the same; no event tells. */
  #watchEnd(): void {
    const res = this.#res
    const end = res.end as (...args: unknown[]) => Response
    const { abandonAfter = DEFAULT_ABANDON_AFTER } = this.#options
    const timer = setTimeout(
      () => this.#served.abandon(abandonedRequest(labelOf(this.#req), abandonAfter)),
      abandonAfter,
    )
    timer.unref()
    res.end = (...args: unknown[]) => {
      clearTimeout(timer)
      res.end = end
      const result = end.apply(res, args)
      this.#served.endIfDone()
      return result
    }
  }
}

/** Without the query, which may hold what should not be in a log. */
function labelOf({ method, originalUrl }: Request): string {
  const query = originalUrl.indexOf('?')
  return `${method} ${query < 0 ? originalUrl : originalUrl.slice(0, query)}`
}
