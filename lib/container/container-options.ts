import type { ContainerOptions as AwilixOptions } from 'awilix'
import { checkLogger, type Logger } from '../diagnostics/logger.js'
import { invalidOption, RegistrationError } from '../errors.js'
import { checkLimit } from '../support/check-limit.js'
import { anything, checkEachOption, type OptionChecks } from '../support/check-options.js'

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
   * How long `dispose()` of the container waits for requests and jobs that are in flight before their signals abort (ms). Default:
   * {@link DEFAULT_GRACE_PERIOD}.
   */
  readonly gracePeriod?: number
}

/** What each option must be; Awilix has names of its own. */
const OPTIONS: OptionChecks<ContainerOptions> = {
  injectionMode: anything,
  require: anything,
  strict: anything,
  validateScopes: anything,
  logger: checkLogger,
  gracePeriod(value) {
    if (!Number.isInteger(value) || value < 0)
      throw invalidOption('gracePeriod', 'a whole number of ms, 0 or more')
    if (value > 0) checkLimit(RegistrationError, 'gracePeriod', value, 'ms')
  },
}

/** @throws RegistrationError for options that cannot work, or that neither Mayfly nor Awilix knows */
export function checkContainerOptions(options: ContainerOptions): void {
  checkEachOption(RegistrationError, 'createContainer()', options, OPTIONS)
}
