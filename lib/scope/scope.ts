import { channels, over } from '../diagnostics/channels.js'
import type { Logger } from '../diagnostics/logger.js'
import type { ScopeKind, ScopeMessage } from '../diagnostics/messages.js'
import { scopeBegins } from '../diagnostics/observe.js'
import { containerEnds, disposalAwaitsItself, disposersFailed, scopeEnded } from '../errors.js'
import { Chain, type Link } from '../support/chain.js'
import { isInsideDisposerOf, runDisposer, throwAll, type Creation } from './disposal.js'
import type { WorkInFlight } from './work-in-flight.js'

/** What a scope shares with all that it is within, and all within it. */
export interface Family {
  readonly logger: Logger | undefined
  readonly work: WorkInFlight
  /** How long the end of the whole waits for work in flight (ms). */
  readonly gracePeriod: number
}

const NO_ERRORS: readonly unknown[] = []
let scopes = 0

/**
 * A unit of work, or the whole that units are within: what it created, its child scopes, and its end. It knows no container; whatever builds
 * things tells it what it must dispose.
 */
export class Scope implements Link<Scope> {
  chain: Chain<Scope> | undefined
  previous: Scope | undefined
  next: Scope | undefined
  readonly family: Family
  readonly parent: Scope | undefined
  /** What it is in messages: `the container`, `scope GET /orders`. */
  readonly label: string
  readonly kind: ScopeKind
  readonly id = ++scopes
  readonly containerId: number
  #cache: Map<any, any> | undefined
  #created: Creation[] | undefined
  #children: Chain<Scope> | undefined
  #controller: AbortController | undefined
  #disposal: Promise<readonly unknown[]> | undefined
  #disposed: Promise<void> | undefined
  #shareKey: object | undefined
  readonly #message: ScopeMessage | undefined
  /** The end of a container with work in flight begins with refusing new scopes; what runs may still build (S9). */
  #refuses: 'nothing' | 'scopes' | 'everything' = 'nothing'
  #obeysSignal = false
  #ended = false

  constructor(family: Family, parent: Scope | undefined, label: string, kind: ScopeKind = 'scope') {
    this.family = family
    this.parent = parent
    this.label = label
    this.kind = kind
    this.containerId = parent ? parent.containerId : this.id
    this.#message = parent && scopeBegins(this)
  }

  /** Its id, where it is a unit of work. */
  get unitId(): number | undefined {
    return this.parent && this.id
  }

  /** What was built for this scope, under any key; an entry goes when the turn of its owner has come. */
  get cache(): Map<any, any> {
    return (this.#cache ??= new Map())
  }

  /** The entry of the cache; `undefined` where there is none. */
  cached(key: unknown): any {
    return this.#cache?.get(key)
  }

  get logger(): Logger | undefined {
    return this.family.logger
  }

  /** Whose share of the connections its contexts use: the outermost unit of work that it is within (X3). */
  get shareKey(): object {
    let unit: Scope = this
    while (unit.parent?.parent) unit = unit.parent
    return (unit.#shareKey ??= {})
  }

  get signal(): AbortSignal {
    return (this.#controller ??= new AbortController()).signal
  }

  /** The signal that the operations of this scope's contexts obey, where its unit of work can be called off as a whole. */
  get workSignal(): AbortSignal | undefined {
    return this.#obeysSignal ? this.signal : undefined
  }

  /** From now on, calling the unit of work off calls off its contexts' operations, too. */
  obeySignal(): void {
    this.#obeysSignal = true
  }

  /** Calls the unit of work off; what listens to the signal may stop. */
  abort(reason: unknown): void {
    ;(this.#controller ??= new AbortController()).abort(reason)
  }

  /** @throws ScopeEndedError once this scope ends, or one that it is within (S3) */
  assertOpen(wanted: string): void {
    if (this.#refuses === 'everything') throw scopeEnded(this.label, wanted)
    // A scope that owns nothing is not known to its parents (S4), so it looks up to them.
    for (let { parent } = this; parent; parent = parent.parent)
      if (parent.#refuses === 'everything') {
        throw scopeEnded(`${this.label} of ${parent.label}`, wanted)
      }
  }

  /** @throws ScopeEndedError once this scope ends, or the container waits for its last work */
  assertTakesScopes(): void {
    if (this.#refuses === 'scopes') throw scopeEnded(this.label, 'createScope()')
    this.assertOpen('createScope()')
  }

  /** Has the end of the container wait for work in this scope. @returns ends the work */
  beginWork(): () => void {
    return this.family.work.begin(this)
  }

  /** Builds something that nobody resolved; whatever resolves things knows what for. */
  building<T>(_what: string, build: () => T): T {
    return build()
  }

  /** Has something disposed with this scope, in its place in the order of creation. */
  own(creation: Creation): void {
    ;(this.#created ??= []).push(creation)
    for (let scope: Scope = this; scope.parent; scope = scope.parent) {
      // A parent keeps a scope alive only while there is something to dispose (S4).
      ;(scope.parent.#children ??= new Chain()).add(scope)
    }
  }

  dispose(): Promise<void> {
    if (!this.#ended && isInsideDisposerOf(scope => (scope as Scope).isWithin(this))) {
      const refused = Promise.reject(disposalAwaitsItself(this.label))
      refused.catch(() => {})
      return refused
    }
    return (this.#disposed ??= this.disposeAndCollect().then(errors =>
      throwAll(errors, count => disposersFailed(this.label, count)),
    ))
  }

  /** The same end, once; gives the errors instead of throwing them. */
  disposeAndCollect(): Promise<readonly unknown[]> {
    if (!this.#disposal) {
      this.#refuses = this.parent ? 'everything' : 'scopes'
      this.#disposal = this.#disposeAll()
    }
    return this.#disposal
  }

  isWithin(other: Scope): boolean {
    for (let scope: Scope | undefined = this; scope; scope = scope.parent)
      if (scope === other) return true
    return false
  }

  /** Whether something is being built right now, which this scope may have to dispose. */
  protected get isBuilding(): boolean {
    return false
  }

  async #disposeAll(): Promise<readonly unknown[]> {
    const { work, gracePeriod } = this.family
    if (!this.parent && work.isRunning) await work.end(gracePeriod, containerEnds())
    this.#refuses = 'everything'
    if (!this.#created && !this.#children && !this.isBuilding) {
      return this.#finish(NO_ERRORS)
    }
    // The state must show before any disposer runs, and #disposal is assigned only when this function first waits.
    await Promise.resolve()
    const errors: unknown[] = []
    if (this.#children) {
      for (const child of [...this.#children].toReversed())
        errors.push(...(await child.disposeAndCollect()))
    }
    const disposed = (this.#created?.length ?? 0) > 1 ? new Set<unknown>() : undefined
    for (let creation = this.#created?.pop(); creation; creation = this.#created?.pop()) {
      if (creation.key !== undefined) this.#cache?.delete(creation.key)
      if (disposed?.has(creation.value)) continue
      if (isObject(creation.value)) disposed?.add(creation.value)
      try {
        await (creation.foreign ? runDisposer(this, creation) : creation.end(creation.value))
      } catch (error) {
        errors.push(error)
      }
    }
    this.#letGo()
    return this.#finish(errors)
  }

  #finish(errors: readonly unknown[]): readonly unknown[] {
    this.#ended = true
    this.#cache?.clear()
    if (this.#message) over(channels.scope, this.#message, { errors })
    return errors
  }

  #letGo(): void {
    const { parent } = this
    if (!parent) return
    parent.#children?.delete(this)
    if (!parent.#children?.size && !parent.#created?.length) parent.#letGo()
  }
}

function isObject(value: unknown): boolean {
  return Object(value) === value
}
