import type { Call } from './calls.js'
import type { LeaseScope } from './lease-request.js'
import type { ContextRegistrationOptions } from './options.js'

export type Options = ContextRegistrationOptions<any, any> & { readonly poolSize?: number }

/** What a registration is of. */
export interface Described {
  /** What it is in messages. */
  readonly label: string
  /** What its factory is in messages. */
  readonly factoryLabel: string
  /** Under which key the cache of a scope has its context. */
  readonly key: unknown
  /** The call that described it. */
  readonly call: Call
  readonly options: Options
  /** What owns all that the registration opens. */
  readonly scope: LeaseScope
}
