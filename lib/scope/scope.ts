import type { CallSite } from '../diagnostics/call-site.js'
import type { Logger } from '../diagnostics/logger.js'
import type { ScopeKind, ScopeMessage } from '../diagnostics/messages.js'
import { scopeBegins, scopeEnds } from '../diagnostics/observe.js'
import { containerEnds, disposalAwaitsItself, disposersFailed } from '../errors.js'
import { Chain, type Link } from '../support/chain.js'
import { DONE } from '../support/done.js'
import {
  disposeAll,
  isInsideDisposerOf,
  NO_ERRORS,
  NOTHING,
  throwAll,
  type Creation,
} from './disposal.js'
import type { Family } from './family.js'
import { Generations } from './generations.js'
import { refusal } from './refusal.js'
import { WeakChild } from './weak-child.js'

let scopes = 0
/** One turn: what is being built now is built by then. */
const TURN = Promise.resolve()

/**
 * A unit of work, or the whole that units are within: what it created, its child scopes, and its end. It knows no container; whatever builds
 * things tells it what it must dispose.
 */
export class Scope<F extends Family = Family> implements Link<Scope | WeakChild<Scope>> {
  chain: Chain<Scope | WeakChild<Scope>> | undefined
  previous: Scope | WeakChild<Scope> | undefined
  next: Scope | WeakChild<Scope> | undefined
  readonly family: F
  readonly parent: Scope | undefined
  readonly root: Scope
  /** What it is in messages: `the container`, `scope GET /orders`. */
  readonly label: string
  readonly kind: ScopeKind
  readonly id = ++scopes
  #cache: Map<any, any> | undefined
  #created: Creation[] | undefined
  #children: Chain<Scope | WeakChild<Scope>> | undefined
  /** How the parent holds it, once it does so weakly. */
  #weakly: WeakChild<Scope> | undefined
  #generations: Generations | undefined
  #controller: AbortController | undefined
  #disposal: Promise<void> | undefined
  /** What its disposers threw. */
  #errors: readonly unknown[] | undefined
  #shareKey: object | undefined
  readonly #openedAt: CallSite | undefined
  #works = 0
  readonly #message: ScopeMessage | undefined
  /** The end of a container with work in flight begins with refusing new scopes; what runs may still build (S9). */
  #refuses: 'nothing' | 'scopes' | 'everything' = 'nothing'
  #obeysSignal = false
  #ended = false

  /** @param openedAt the line of user code that must dispose it, where nothing else does */
  constructor(
    family: F,
    parent: Scope | undefined,
    label: string,
    kind: ScopeKind = 'scope',
    openedAt?: CallSite,
  ) {
    this.family = family
    this.parent = parent
    this.root = parent ? parent.root : this
    this.label = label
    this.kind = kind
    this.#openedAt = openedAt
    this.#message = parent && scopeBegins(this)
  }

  get containerId(): number {
    return this.root.id
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

  /** How many scopes of the whole were dropped with something to dispose. */
  get droppedScopes(): number {
    return this.family.dropped.count
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

  /** The scope that ends, or has ended: this one, or one that it is within. */
  get ending(): Scope | undefined {
    // A scope that owns nothing is not known to its parents (S4), so it looks up to them.
    let scope: Scope | undefined = this
    while (scope && scope.#refuses !== 'everything') scope = scope.parent
    return scope
  }

  /** @throws ScopeEndedError once this scope ends, or one that it is within (S3) */
  assertOpen(wanted: string): void {
    const { ending } = this
    if (ending) throw refusal(this, ending, wanted)
  }

  /** @throws ScopeEndedError once this scope ends, or the container waits for its last work */
  assertTakesScopes(): void {
    if (this.#refuses === 'scopes') throw refusal(this, this, 'createScope()')
    this.assertOpen('createScope()')
  }

  /** Has the end of the container wait for work in this scope. @returns ends the work */
  beginWork(): () => void {
    this.#works++
    const end = this.family.work.begin(this)
    return () => {
      this.#works--
      end()
      // Somebody who ended the work, and not the scope, may forget it.
      if (this.#works === 0 && this.chain && !this.#disposal) this.#mayBeDropped()
    }
  }

  /** Builds something that nobody resolved; whatever resolves things knows what for. */
  building<T>(_what: string, build: () => T): T {
    return build()
  }

  /** Has something disposed with this scope, in its place in the order of creation. */
  own(creation: Creation): void {
    // A list that begins empty is given room for many.
    if (this.#created) this.#created.push(creation)
    else this.#created = [creation]
    if (this.#weakly) this.#weakly.note(creation)
    else if (!this.chain && this.parent) this.#joinParent()
  }

  /** @internal Holds those children weakly that nobody works in; each collection asks (S4). */
  weakenChildren(): { readonly live: Scope[]; readonly areYoung: boolean } {
    const live: Scope[] = []
    let areYoung = false
    for (const child of this.#children ?? []) {
      const { scope } = child
      if (!scope) continue
      live.push(scope)
      if (child !== scope) continue
      if (scope.#works > 0) areYoung = true
      else if (!scope.#disposal) scope.#weaken()
    }
    return { live, areYoung }
  }

  /** For its place in a chain. */
  get scope(): Scope {
    return this
  }

  dispose(): Promise<void> {
    if (!this.#ended && isInsideDisposerOf(scope => (scope as Scope).isWithin(this))) {
      const refused = Promise.reject(disposalAwaitsItself(this.label))
      refused.catch(() => {})
      return refused
    }
    return this.#disposeOnce()
  }

  /** The same end; gives the errors instead of throwing them. */
  disposeAndCollect(): Promise<readonly unknown[]> {
    const disposal = this.#disposeOnce()
    if (disposal === DONE) return NOTHING
    return disposal.then(
      () => NO_ERRORS,
      (error: unknown) => this.#errors ?? [error],
    )
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

  #disposeOnce(): Promise<void> {
    return (this.#disposal ??= this.parent ? this.#end() : this.#endRoot())
  }

  /** The root waits for work in flight first (S9). */
  async #endRoot(): Promise<void> {
    this.#refuses = 'scopes'
    const { work, gracePeriod } = this.family
    if (work.isRunning) await work.end(gracePeriod, containerEnds())
    return this.#end()
  }

  #end(): Promise<void> {
    this.#refuses = 'everything'
    if (this.#created || this.#children || this.isBuilding)
      // Whoever disposes from inside a constructor has what it builds disposed, too; and no disposer runs before `dispose()` has returned.
      return TURN.then(() => this.#disposeAll())
    this.#finish(NO_ERRORS)
    return DONE
  }

  #disposeAll(): Promise<void> | void {
    const errors: unknown[] = []
    const ending = disposeAll(this, this.#children, this.#created, this.#cache, errors)
    return ending ? ending.then(() => this.#finish(errors)) : this.#finish(errors)
  }

  /** What was not disposed itself still resolves after the end of the whole; the instances of a unit of work do not (S3). */
  #finish(errors: readonly unknown[]): void {
    if (this.chain || this.#weakly) this.#leaveParents()
    this.#ended = true
    if (this.parent) this.#cache?.clear()
    if (this.#message) scopeEnds(this.#message, errors)
    if (errors.length === 0) return
    this.#errors = errors
    throwAll(errors, count => disposersFailed(this.label, count))
  }

  /** Parents know of a scope only while there is something to dispose in it; so one that is known is known all the way up. */
  #joinParent(): void {
    let scope: Scope = this
    for (let { parent } = scope; parent && !scope.chain && !scope.#weakly; { parent } = scope) {
      ;(parent.#children ??= new Chain()).add(scope)
      scope = parent
    }
    if (this.#works === 0) this.#mayBeDropped()
  }

  #mayBeDropped(): void {
    const { root } = this
    ;(root.#generations ??= new Generations(root)).begin()
  }

  #leaveParents(): void {
    for (let scope: Scope = this, { parent } = scope; parent; scope = parent, { parent } = scope) {
      if (scope.#weakly) scope.#weakly.release()
      else parent.#children?.delete(scope)
      scope.#weakly = undefined
      if (parent.#children?.size || parent.#created?.length) return
    }
  }

  #weaken(): void {
    const child = new WeakChild<Scope>(this, this.#openedAt?.line)
    for (const creation of this.#created ?? []) child.note(creation)
    this.chain!.replace(this, child)
    this.#weakly = child
  }
}
