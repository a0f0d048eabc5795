import type { RequestHandler } from 'express'
import { MayflyContainer } from '../../lib/container/container.js'
import type { Container } from '../../lib/container/container-interface.js'
import { nodeOf } from '../../lib/container/scope-node.js'
import { checkEachOption } from '../../lib/support/check-options.js'
import { notAContainer, RegistrationError } from '../../lib/errors.js'
import { twoContainers } from './errors.js'
import { REQUEST_SCOPE_OPTIONS, type RequestScopeOptions } from './options.js'
import { RequestScope } from './request-scope.js'

declare global {
  namespace Express {
    interface Request {
      /** The scope of this request, set by `scopePerRequest`. */
      container: Container<any>
    }
  }
}

/**
 * Opens a scope for each request as `req.container`, and disposes it when the response has closed and the work is done: after a normal end, an
 * error, a stream, and when the client has left. Use it before routes and controllers.
 * @throws RegistrationError when `container` was not made by `createContainer` of 'mayfly', and for options that cannot work
 * @example app.use(scopePerRequest(container))
 */
export function scopePerRequest(
  container: Container<any>,
  options: RequestScopeOptions = {},
): RequestHandler {
  if (!(container instanceof MayflyContainer)) throw notAContainer('scopePerRequest')
  checkEachOption(RegistrationError, 'scopePerRequest()', options, REQUEST_SCOPE_OPTIONS)
  const root: MayflyContainer = container
  const open = (label: string) => {
    const scope = root.createNamedScope(label, 'request')
    return { scope: nodeOf(scope)!, face: scope as unknown as Container<any> }
  }
  return function scopePerRequestHandler(req, res, next) {
    const had = RequestScope.find(req)
    if (!had) RequestScope.open(open, req, res, options)
    else if (!had.scope.isWithin(nodeOf(root)!)) throw twoContainers()
    next()
  }
}
