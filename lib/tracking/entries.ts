import { identityConflict } from '../errors.js'
import type { Identity } from '../query/identity.js'
import type { DeclaredSet } from '../query/set-model.js'
import type { TrackedEntry } from './tracked-entry.js'

/** The entries of a context: by their objects, in the order in which they came, and by the keys of their rows. */
export class Entries implements Iterable<TrackedEntry> {
  readonly #all = new Set<TrackedEntry>()
  /** By what sets call their objects, because two sets of one table share them. */
  readonly #byKey = new Map<string, Map<Identity, TrackedEntry>>()
  readonly #byEntity = new WeakMap<object, TrackedEntry>()
  /** Those that nobody has asked for by their object: most never are, and a `WeakMap` costs more than everything else about a row. */
  #unasked: TrackedEntry[] = []

  at({ identityName }: DeclaredSet, identity: Identity): TrackedEntry | undefined {
    return this.#byKey.get(identityName)?.get(identity)
  }

  [Symbol.iterator](): Iterator<TrackedEntry> {
    return this.#all.values()
  }

  of(entity: object): TrackedEntry | undefined {
    for (const entry of this.#unasked) if (this.#all.has(entry)) this.#index(entry)
    this.#unasked = []
    return this.#byEntity.get(entity)
  }

  add(entry: TrackedEntry): void {
    this.#all.add(entry)
    this.#unasked.push(entry)
    if (entry.identity !== undefined) this.#mapOf(entry).set(entry.identity, entry)
  }

  /** Its key is known now. @throws IdentityConflictError where another one has it */
  identify(entry: TrackedEntry, identity: Identity | undefined): void {
    if (identity === undefined) return
    const map = this.#mapOf(entry)
    if (map.has(identity)) throw identityConflict(entry.model.table)
    entry.identity = identity
    map.set(identity, entry)
  }

  /** Its row has no key any more. */
  unidentify(entry: TrackedEntry): void {
    if (entry.identity !== undefined) this.#mapOf(entry).delete(entry.identity)
    entry.identity = undefined
  }

  remove(entry: TrackedEntry): void {
    this.#all.delete(entry)
    if (this.#unasked.length > 2 * this.#all.size)
      this.#unasked = this.#unasked.filter(other => this.#all.has(other))
    this.#byEntity.delete(entry.entity)
    if (entry.identity !== undefined) this.#mapOf(entry).delete(entry.identity)
  }

  #index(entry: TrackedEntry): void {
    this.#byEntity.set(entry.entity, entry)
  }

  #mapOf({ model: { identityName } }: TrackedEntry): Map<Identity, TrackedEntry> {
    let map = this.#byKey.get(identityName)
    if (!map) this.#byKey.set(identityName, (map = new Map()))
    return map
  }
}
