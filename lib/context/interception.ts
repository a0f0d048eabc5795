import { AsyncLocalStorage } from 'node:async_hooks'
import type { TransactionFrame, TransactionOutcome } from '../connection/transaction.js'
import { warnOfError } from '../diagnostics/logger.js'
import { saveInsideOfSaving } from '../errors.js'
import { EntityEntry, type TrackerHolder } from '../tracking/entity-entry.js'
import type { RowOutcome } from '../tracking/row-change.js'
import type { Interceptor, SavedChange } from './interceptor.js'
import type { Lease } from './lease.js'
import type { Operation } from './operation.js'

/** What a save has to tell: what it wrote, and the transaction that it is a part of. */
export interface SaveResult {
  readonly outcomes: readonly RowOutcome[]
  readonly frame: TransactionFrame | undefined
}

interface FrameSaves {
  readonly saved: SavedChange[]
  /** Inside of it, and taken back already. */
  readonly undone: SavedChange[]
}

type Told = 'committed' | 'rolledBack'

/** In which context's `saving` the caller is. */
const saving = new AsyncLocalStorage<Lease>()

/** The interceptors of one context, and what they have yet to be told. */
export class Interception {
  readonly #context: object
  readonly #holder: TrackerHolder & { readonly lease: Lease }
  readonly #interceptors: Interceptor[]
  readonly #frames = new Map<TransactionFrame, FrameSaves>()
  /** In the order in which it happened. */
  #pending: { readonly told: Told; readonly changes: readonly SavedChange[] }[] = []

  /** The save that is being prepared or written. */
  #announced: { readonly operation: Operation; readonly end: Promise<void> } | undefined

  constructor(
    context: object,
    holder: TrackerHolder & { readonly lease: Lease },
    interceptors: readonly Interceptor[],
  ) {
    this.#context = context
    this.#holder = holder
    this.#interceptors = [...interceptors]
  }

  add(interceptor: Interceptor): void {
    this.#interceptors.push(interceptor)
  }

  /** A save, with what comes before and after it. */
  async around(save: () => Promise<SaveResult>): Promise<number> {
    const { lease, tracker } = this.#holder
    tracker.onSettled ??= (frame, outcome) => this.#settled(frame, outcome)
    if (saving.getStore() === lease) throw saveInsideOfSaving(lease.id)
    while (this.#announced && lease.options.concurrency === 'queue') await this.#announced.end
    const operation = lease.operations.announceSave(this.#announced?.operation)
    const begun: Interceptor[] = []
    let result: SaveResult
    try {
      result = await this.#prepared(operation, begun, save)
    } catch (error) {
      await this.#tell('saveFailed', { error }, begun)
      throw error
    }
    await this.#tellSaved(result, begun)
    return result.outcomes.length
  }

  /** Tells what has become of transactions, to whoever waits for it: their end. */
  async drain(): Promise<void> {
    for (let next = this.#pending.shift(); next; next = this.#pending.shift())
      await this.#tell(next.told, { changes: next.changes }, this.#interceptors)
  }

  /** One save at a time, and what comes before it: what is prepared for one that would be refused would be written by another one. */
  async #prepared(
    operation: Operation,
    begun: Interceptor[],
    save: () => Promise<SaveResult>,
  ): Promise<SaveResult> {
    const { promise: end, resolve: ended } = Promise.withResolvers<void>()
    this.#announced = { operation, end }
    try {
      for (const interceptor of this.#interceptors) {
        await this.#begin(interceptor)
        begun.push(interceptor)
      }
      return await save()
    } finally {
      this.#announced = undefined
      ended()
    }
  }

  async #begin(interceptor: Interceptor): Promise<void> {
    if (!interceptor.saving) return
    const { tracker } = this.#holder
    tracker.cascade()
    const event = {
      context: this.#context,
      entries: Array.from(tracker.entries)
        .filter(({ state }) => state !== 'unchanged')
        .map(({ entity }) => new EntityEntry(this.#holder, entity)),
    }
    await saving.run(this.#holder.lease, async () => interceptor.saving!(event))
  }

  async #tellSaved(
    { outcomes, frame }: SaveResult,
    interceptors: readonly Interceptor[],
  ): Promise<void> {
    const changes = outcomes.map(changeOf)
    if (frame) this.#of(frame).saved.push(...changes)
    await this.#tell('saved', { changes }, interceptors)
    if (!frame && changes.length > 0) await this.#tell('committed', { changes }, this.#interceptors)
  }

  async #tell(
    hook: Exclude<keyof Interceptor, 'saving'>,
    facts: object,
    interceptors: readonly Interceptor[],
  ): Promise<void> {
    for (const interceptor of interceptors) {
      try {
        await interceptor[hook]?.({ context: this.#context, ...facts } as never)
      } catch (error) {
        warnOfError(this.#holder.lease.logger, error)
      }
    }
  }

  #settled(frame: TransactionFrame, outcome: TransactionOutcome): void {
    const saves = this.#frames.get(frame)
    if (!saves) return
    this.#frames.delete(frame)
    const { saved, undone } = saves
    if (outcome === 'rolledBack') undone.push(...saved.splice(0))
    if (frame.parent) {
      const outer = this.#of(frame.parent)
      if (outcome !== 'unknown') outer.saved.push(...saved)
      outer.undone.push(...undone)
      return
    }
    if (undone.length > 0) this.#pending.push({ told: 'rolledBack', changes: undone })
    if (saved.length > 0 && outcome === 'committed')
      this.#pending.push({ told: 'committed', changes: saved })
    // Where nobody waits for the end: a lost connection, the end of the context.
    if (this.#pending.length > 0) setImmediate(() => void this.drain())
  }

  #of(frame: TransactionFrame): FrameSaves {
    let saves = this.#frames.get(frame)
    if (!saves) this.#frames.set(frame, (saves = { saved: [], undone: [] }))
    return saves
  }
}

const STATES = { insert: 'added', update: 'modified', delete: 'deleted' } as const

function changeOf({ change: { kind, entity, model } }: RowOutcome): SavedChange {
  return { entity, table: model.table, state: STATES[kind] }
}
