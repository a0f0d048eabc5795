import type { Logger } from '../diagnostics/logger.js'
import { warn, warnOfError } from '../diagnostics/logger.js'
import { scopeDropped } from '../errors.js'

/** The scopes of one container that were dropped with something to dispose. */
export class DroppedScopes {
  readonly #logger: Logger | undefined
  /** Where they were opened, or what they were called. */
  readonly #told = new Set<string>()
  #count = 0

  constructor(logger: Logger | undefined) {
    this.#logger = logger
  }

  get count(): number {
    return this.#count
  }

  /** One that forgets its scopes forgets each of them: each place is told once. */
  add(label: string, line: string | undefined, left: readonly string[]): void {
    this.#count++
    const place = line ?? label
    if (this.#told.has(place)) return
    this.#told.add(place)
    warn(this.#logger, scopeDropped(label, line, left), 'MAYFLY_SCOPE_DROPPED')
  }

  failed(error: unknown): void {
    warnOfError(this.#logger, error)
  }
}
