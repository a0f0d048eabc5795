import type { Chain, Link } from '../support/chain.js'
import { NO_ERRORS, type Child, type Creation, type Remains } from './disposal.js'
import type { DroppedScopes } from './dropped-scopes.js'
import type { Family } from './family.js'

/** A scope, as far as its parent can lose it. */
interface Droppable<S extends Droppable<S>> extends Child, Link<S | WeakChild<S>> {
  readonly label: string
  readonly family: Family
}

/** How a parent holds a scope that has lived for long: weakly, with all that can be said and saved when it is gone. */
export class WeakChild<S extends Droppable<S>> implements Link<S | WeakChild<S>> {
  chain: Chain<S | WeakChild<S>> | undefined
  previous: S | WeakChild<S> | undefined
  next: S | WeakChild<S> | undefined
  readonly #ref: WeakRef<S>
  readonly #label: string
  readonly #line: string | undefined
  readonly #dropped: DroppedScopes
  readonly #names: string[] = []
  readonly #remains: Remains[] = []

  constructor(scope: S, line: string | undefined) {
    this.#ref = new WeakRef(scope)
    this.#label = scope.label
    this.#line = line
    this.#dropped = scope.family.dropped
    lost.register(scope, this, this)
  }

  get scope(): S | undefined {
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

  /** Disposes the scope; what was dropped is closed, and nothing of it runs. */
  disposeAndCollect(): Promise<readonly unknown[]> {
    const { scope } = this
    return scope ? scope.disposeAndCollect() : this.recover().then(() => NO_ERRORS)
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

const lost = new FinalizationRegistry<{ recover(): Promise<void> }>(child => void child.recover())

function nameOf(key: unknown, value: unknown): string {
  if (typeof key === 'string' || typeof key === 'symbol') return String(key)
  const { name } = (value as object | null | undefined)?.constructor ?? {}
  return typeof name === 'string' && name !== '' ? name : 'an object'
}
