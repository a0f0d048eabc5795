import type { Request } from 'express'
import { RegistrationError } from '../../lib/errors.js'
import { checkLimit } from '../../lib/support/check-limit.js'
import { aFunction, type OptionChecks } from '../../lib/support/check-options.js'

/** How long the scope of a plain handler stays open after its client has left (ms). */
export const DEFAULT_ABANDON_AFTER = 30_000

/** What `scopePerRequest` can be told. */
export interface RequestScopeOptions {
  /**
   * How long the scope of a plain handler stays open after its client has left, if the handler never calls `res.end` (ms). Then it is ended and
   * reported. Default: {@link DEFAULT_ABANDON_AFTER}.
   */
  readonly abandonAfter?: number
  /**
   * Gets what goes wrong after the response: disposers that fail, and abandoned requests (E6). Default: the container's logger, or a process warning.
   */
  readonly onError?: (error: unknown, req: Request) => void
}

/** What each option of `scopePerRequest` must be. */
export const REQUEST_SCOPE_OPTIONS: OptionChecks<RequestScopeOptions> = {
  abandonAfter: value => checkLimit(RegistrationError, 'abandonAfter', value, 'ms'),
  onError: aFunction('onError'),
}
