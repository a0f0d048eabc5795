/** The message texts of this adapter. */
import { AbortedError, RegistrationError, ScopeEndedError } from '../../lib/errors.js'

export function clientGone(request: string): AbortedError {
  return new AbortedError(`The client of ${request} left before the response was complete.`)
}

export function abandonedRequest(request: string, abandonAfter: number): ScopeEndedError {
  return new ScopeEndedError(
    `The client of ${request} left, and ${abandonAfter} ms later its handler had not called res.end(), so its scope was ended. Return a ` +
      'promise from a controller method, end the response, or stop the work when req.container.signal aborts.',
    `scope ${request}`,
    'res.end()',
  )
}

export function scopePerRequestMissing(): RegistrationError {
  return new RegistrationError(
    'This request has no scope: app.use(scopePerRequest(container)) must come before routes and controllers.',
  )
}

export function twoContainers(): RegistrationError {
  return new RegistrationError(
    'scopePerRequest is used with two containers on one request. Use one container for an app.',
  )
}

export function notAController(): RegistrationError {
  return new RegistrationError(
    'controller() needs what createController() gives, or a class with route decorators. Add a route: createController(Target).get(path, method).',
  )
}

export function methodMissing(target: string, method: string): RegistrationError {
  return new RegistrationError(
    `The controller ${target || '(anonymous)'} has no method "${method}", but a route to it.`,
  )
}
