import type { Logger } from '../diagnostics/logger.js'
import { warn, warnOfError } from '../diagnostics/logger.js'
import { scopeDropped } from '../errors.js'
import type { Chain, Link } from '../support/chain.js'
import type { Creation, Remains } from './disposal.js'
import type { Scope } from './scope.js'

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

/** How a parent holds a scope that has lived for long: weakly, with all that can be said and saved when it is gone. */
export class WeakChild implements Link<Scope | WeakChild> {
  chain: Chain<Scope | WeakChild> | undefined
  previous: Scope | WeakChild | undefined
  next: Scope | WeakChild | undefined
  readonly #ref: WeakRef<Scope>
  readonly #label: string
  readonly #line: string | undefined
  readonly #dropped: DroppedScopes
  readonly #names: string[] = []
  readonly #remains: Remains[] = []

  constructor(scope: Scope, line: string | undefined) {
    this.#ref = new WeakRef(scope)
    this.#label = scope.label
    this.#line = line
    this.#dropped = scope.family.dropped
    lost.register(scope, this, this)
  }

  get scope(): Scope | undefined {
    return this.#ref.deref()
  }

  /** Notes what the scope would have to dispose. */
  note({ key, value, remains }: Creation): void {
    if (remains) this.#remains.push(remains)
    else this.#names.push(nameOf(key, value))
  }

  /** The scope has ended, as it should. */
  release(): void {
    lost.unregister(this)
    this.chain?.delete(this)
  }

  /** The scope is gone, and nobody has disposed it. */
  async recover(): Promise<void> {
    this.release()
    const left = this.#remains.splice(0)
    const names = [...left.flatMap(remains => remains.left), ...this.#names]
    if (names.length === 0) return
    this.#dropped.add(this.#label, this.#line, names)
    for (const remains of left.toReversed()) {
      try {
        await remains.recover()
      } catch (error) {
        this.#dropped.failed(error)
      }
    }
  }
}

const lost = new FinalizationRegistry<WeakChild>(child => void child.recover())

function nameOf(key: unknown, value: unknown): string {
  if (typeof key === 'string' || typeof key === 'symbol') return String(key)
  const { name } = (value as object | null | undefined)?.constructor ?? {}
  return typeof name === 'string' && name !== '' ? name : 'an object'
}
