import { AsyncLocalStorage } from 'node:async_hooks'
import { DONE } from '../support/done.js'

/** What a creation leaves open when its scope was dropped. It holds neither the scope nor anything that may hold it. */
export interface Remains {
  /** What is left, in messages; nothing once it has ended. */
  readonly left: readonly string[]
  /** Closes what is left, without running code of the user. */
  recover(): Promise<void> | void
}

/** Something that a scope created and will dispose. */
export interface Creation<T = any> {
  /** Under which key the scope's cache has it; `undefined` for what is not there. */
  readonly key: unknown
  /** The object itself, so that one that was registered twice is disposed once. */
  readonly value: T
  /** Whether it runs code of the user, which may ask for anything, even for the end of its own scope (S2). */
  readonly foreign: boolean
  /** One function for many: it gets what it ends. */
  readonly end: (value: T) => unknown
  /** Where something can be saved of it when nobody disposes the scope. */
  readonly remains: Remains | undefined
}

/** A scope within another one, however that holds it. */
export interface Child {
  /** Ends it and gives the errors instead of throwing them. */
  disposeAndCollect(): Promise<readonly unknown[]>
}

export const NO_ERRORS: readonly unknown[] = []
/** The end of a scope that had nothing to end. */
export const NOTHING = Promise.resolve(NO_ERRORS)

interface DisposalFlow {
  readonly scope: object
  readonly outer: DisposalFlow | undefined
  /** Whether the disposer still runs; what it left behind is not waited for. */
  awaited: boolean
}

const flows = new AsyncLocalStorage<DisposalFlow>()

/**
 * Disposes the children of a scope, then what it created, the newest first and each object once; what a disposer throws goes to `errors` (S1).
 * @returns a promise only where something has to be waited for: a context that nobody used ends at once (bench row 'open scope')
 */
export function disposeAll(
  scope: object,
  children: Iterable<Child> | undefined,
  created: Creation[] | undefined,
  cache: Map<unknown, unknown> | undefined,
  errors: unknown[],
): Promise<void> | undefined {
  const creations = created && new Creations(scope, created, cache, errors)
  return children ? disposeChildren(children, creations, errors) : creations?.dispose()
}

/** The youngest first (S4). */
async function disposeChildren(
  children: Iterable<Child>,
  creations: Creations | undefined,
  errors: unknown[],
): Promise<void> {
  for (const child of [...children].toReversed())
    for (const error of await child.disposeAndCollect()) errors.push(error)
  await creations?.dispose()
}

/** What one scope created, while it is disposed. */
class Creations {
  readonly #scope: object
  readonly #created: Creation[]
  readonly #cache: Map<unknown, unknown> | undefined
  readonly #errors: unknown[]
  #disposed: Set<unknown> | undefined

  constructor(
    scope: object,
    created: Creation[],
    cache: Map<unknown, unknown> | undefined,
    errors: unknown[],
  ) {
    this.#scope = scope
    this.#created = created
    this.#cache = cache
    this.#errors = errors
  }

  dispose(): Promise<void> | undefined {
    const ending = this.#endNext()
    return ending && this.#disposeAfter(ending)
  }

  async #disposeAfter(first: Promise<unknown>): Promise<void> {
    for (let ending: Promise<unknown> | undefined = first; ending; ending = this.#endNext()) {
      try {
        await ending
      } catch (error) {
        this.#errors.push(error)
      }
    }
  }

  /** Goes on until something has to be waited for. @returns that; nothing once all have ended */
  #endNext(): Promise<unknown> | undefined {
    const created = this.#created
    for (let creation = created.pop(); creation; creation = created.pop()) {
      const { key, value } = creation
      if (key !== undefined) this.#cache?.delete(key)
      if (this.#disposed?.has(value)) continue
      // Where nothing is left there is nothing to compare it with.
      if (created.length > 0 && Object(value) === value) (this.#disposed ??= new Set()).add(value)
      const ending = this.#end(creation)
      if (ending !== DONE) return Promise.resolve(ending)
    }
    return undefined
  }

  #end(creation: Creation): unknown {
    try {
      return creation.foreign ? runDisposer(this.#scope, creation) : creation.end(creation.value)
    } catch (error) {
      this.#errors.push(error)
      return DONE
    }
  }
}

/** Runs code of the user so that it is known, whatever it calls, whose disposal waits for it. */
async function runDisposer(scope: object, { value, end }: Creation): Promise<void> {
  const flow: DisposalFlow = { scope, outer: flows.getStore(), awaited: true }
  try {
    await flows.run(flow, end, value)
  } finally {
    flow.awaited = false
  }
}

/** Whether the caller is a disposer that one of these scopes waits for. */
export function isInsideDisposerOf(isWaitedFor: (scope: object) => boolean): boolean {
  for (let flow = flows.getStore(); flow; flow = flow.outer)
    if (flow.awaited && isWaitedFor(flow.scope)) return true
  return false
}

/** One error is thrown as it is, several as an `AggregateError` in the order in which they happened (S1). */
export function throwAll(errors: readonly unknown[], message: (count: number) => string): void {
  if (errors.length === 1) throw errors[0]
  if (errors.length > 1) throw new AggregateError(errors, message(errors.length))
}
