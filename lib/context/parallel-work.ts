import { InvalidArgumentError, noWork } from '../errors.js'
import { checkLimit } from '../support/check-limit.js'
import { checkEachOption, type OptionChecks } from '../support/check-options.js'

/** How many entries of `parallel` run at the same time. */
export interface ParallelOptions {
  /** Contexts at the same time. Default: all; the gate limits connections anyway. */
  readonly concurrency?: number
}

const OPTIONS: OptionChecks<ParallelOptions> = {
  concurrency: value => checkLimit(InvalidArgumentError, 'concurrency', value, 'contexts'),
}

/** One entry of `parallel`: what runs on a context of its own. */
export type Task<C> = (db: C, signal: AbortSignal) => Promise<unknown>

/** The same work for each item. */
export type ItemWork<C> = (db: C, item: unknown, signal: AbortSignal) => Promise<unknown>

/** What a call of `parallel` asks for. */
export interface ParallelWork<C> {
  readonly tasks: readonly Task<C>[]
  readonly concurrency: number
  /** Gives the results, which are in the order of the tasks, the form of the entries. */
  give(results: readonly unknown[]): unknown
}

/** Reads the arguments of `parallel`. @throws InvalidArgumentError for what cannot work; nothing has run */
export function readParallel<C>(first: unknown, second: unknown, third: unknown): ParallelWork<C> {
  const hasWork = typeof second === 'function'
  const options = hasWork ? third : second
  if (options !== undefined) checkEachOption(InvalidArgumentError, 'parallel()', options, OPTIONS)
  const named = hasWork ? undefined : namedTasks<C>(first)
  const tasks = named?.tasks ?? (hasWork ? itemTasks(first, second as ItemWork<C>) : list<C>(first))
  return {
    tasks,
    concurrency: (options as ParallelOptions | undefined)?.concurrency ?? tasks.length,
    give: results =>
      named ? Object.fromEntries(named.keys.map((key, i) => [key, results[i]])) : results,
  }
}

function itemTasks<C>(items: unknown, work: ItemWork<C>): Task<C>[] {
  if (!isIterable(items))
    throw noWork(`its items are ${kindOf(items)}, which has no order that could be gone through`)
  return Array.from(
    items,
    (item): Task<C> =>
      (db, signal) =>
        work(db, item, signal),
  )
}

function list<C>(tasks: unknown): Task<C>[] {
  if (!isIterable(tasks)) throw noWork(`it got ${kindOf(tasks)}`)
  return Array.from(tasks, (task, i) => asTask<C>(task, `entry ${i}`))
}

/** The entries of an object. @returns `undefined` for a list, and for what is neither */
function namedTasks<C>(work: unknown): { keys: string[]; tasks: Task<C>[] } | undefined {
  if (typeof work !== 'object' || work === null || isIterable(work)) return undefined
  const keys = Object.keys(work)
  // A promise, a date and their like have no entries, and were not meant to have any.
  if (keys.length === 0 && !isPlain(work)) return undefined
  const entryOf = (key: string) => asTask<C>((work as Record<string, unknown>)[key], `entry ${key}`)
  return { keys, tasks: keys.map(entryOf) }
}

function asTask<C>(task: unknown, name: string): Task<C> {
  if (typeof task === 'function') return task as Task<C>
  throw noWork(`${name} is ${kindOf(task)}`)
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof (Object(value) as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function'
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** `a promise`, `a Map`, `a number`: what it is, never what is in it. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object') return `a ${typeof value}`
  if (typeof (value as Partial<PromiseLike<unknown>>).then === 'function') return 'a promise'
  if (Symbol.asyncIterator in value) return 'an asynchronous sequence'
  return Array.isArray(value)
    ? 'a list'
    : isPlain(value)
      ? 'an object'
      : `a ${value.constructor.name}`
}
