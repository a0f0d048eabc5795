import { AsyncLocalStorage } from 'node:async_hooks'
import type { WeakChild } from './dropped-scopes.js'
import type { Scope } from './scope.js'

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
  /** One function for many, because a closure for each costs every request. */
  readonly end: (value: T) => unknown
  /** Where something can be saved of it when nobody disposes the scope. */
  readonly remains: Remains | undefined
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

/** Disposes what a scope created, the newest first and each object once; what a disposer throws goes to `errors` (S1). */
export async function disposeCreated(
  scope: object,
  created: Creation[],
  cache: Map<unknown, unknown> | undefined,
  errors: unknown[],
): Promise<void> {
  const disposed = created.length > 1 ? new Set<unknown>() : undefined
  for (let creation = created.pop(); creation; creation = created.pop()) {
    const { key, value, foreign, end } = creation
    if (key !== undefined) cache?.delete(key)
    if (disposed?.has(value)) continue
    if (Object(value) === value) disposed?.add(value)
    try {
      await (foreign ? runDisposer(scope, creation) : end(value))
    } catch (error) {
      errors.push(error)
    }
  }
}

/** The youngest first (S4). What was dropped is closed, and nothing of it runs. */
export async function disposeChildren(
  children: Iterable<Scope | WeakChild>,
  errors: unknown[],
): Promise<void> {
  for (const child of [...children].toReversed()) {
    const { scope } = child
    if (scope) for (const error of await scope.disposeAndCollect()) errors.push(error)
    else await (child as WeakChild).recover()
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
