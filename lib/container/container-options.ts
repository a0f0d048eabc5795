import type { ContainerOptions as AwilixOptions } from 'awilix'
import type { Logger } from '../diagnostics/logger.js'

/** How long the end of a container waits for work in flight (ms). */
export const DEFAULT_GRACE_PERIOD = 10_000

export interface ContainerOptions extends AwilixOptions {
  /**
   * Whether lifetimes are checked: a scoped registration cannot be resolved from the root, and a singleton is built from the root, so
   * that it captures nothing scoped. Default `true`; `false` is Awilix's own behaviour.
   */
  readonly validateScopes?: boolean
  /** Gets what nobody waits for at `warn`, and the operations of contexts that have no logger of their own at `debug`. */
  readonly logger?: Logger
  /**
   * How long `dispose()` of the container waits for requests and jobs that are in flight before their signals abort (ms). Default: `DEFAULT_GRACE_PERIOD`.
   */
  readonly gracePeriod?: number
}
