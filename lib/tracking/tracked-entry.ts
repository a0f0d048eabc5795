import { columnFixed, keyChanged, valueUndefined } from '../errors.js'
import type { BoundSet } from '../query/bound-set.js'
import type { DeclaredSet } from '../query/set-model.js'
import type { EntityState } from './entity-state.js'
import type { Identity } from '../query/identity.js'
import { isSame, type Values } from './snapshot.js'

/** What is to become of the row: it is there as it was loaded, is to be inserted, or to be deleted. */
export type Fate = 'kept' | 'added' | 'deleted' | 'detached'

/** What a context knows of one object. Whether something has changed is not remembered, but seen when somebody asks. */
export class TrackedEntry {
  readonly set: BoundSet
  readonly entity: Values
  fate: Fate
  /** The row as the database has it, as far as that is known; of an added one nothing. */
  originals: Values
  /** Whether the originals are all that the row has; else whatever else the entity holds counts as changed. */
  isWhole: boolean
  /** Its place in the identity map; `undefined` as long as its key is not known. */
  identity: Identity | undefined
  /** Of an added one: by which columns a row that is there already is known, which is updated then. */
  conflict: readonly string[] | undefined
  /** The answer to its save was lost. */
  isUncertain = false
  /** A transaction was rolled back, so that the row may be another one by now. */
  isStale = false

  constructor(set: BoundSet, entity: Values, fate: Fate, originals: Values, isWhole: boolean) {
    this.set = set
    this.entity = entity
    this.fate = fate
    this.originals = originals
    this.isWhole = isWhole
  }

  get model(): DeclaredSet {
    return this.set.model
  }

  get state(): EntityState {
    if (this.fate !== 'kept') return this.fate
    return this.hasChanged ? 'modified' : 'unchanged'
  }

  get hasChanged(): boolean {
    return this.#firstChange() !== undefined
  }

  isModified(name: string): boolean {
    return this.fate === 'kept' && this.#isChanged(name)
  }

  /** The columns whose values are not those of the row. */
  changedColumns(): string[] {
    const { entity, originals, isWhole } = this
    const names = Object.keys(originals).filter(name => this.#isChanged(name))
    if (isWhole) return names
    return [...names, ...Object.keys(entity).filter(name => this.#isFurther(name))]
  }

  /** @throws InvalidArgumentError for what no save can write */
  checkChanges(changed: readonly string[]): void {
    const { model, entity } = this
    for (const name of changed) {
      if (model.keys.includes(name)) throw keyChanged(model.table, name)
      const rule = model.column(name)?.rule
      if (name === model.version || rule?.includes('fixed') || rule?.includes('always'))
        throw columnFixed(model.table, name)
      if (entity[name] === undefined) throw valueUndefined(model.table, name)
    }
  }

  #firstChange(): string | undefined {
    const { entity, originals, isWhole } = this
    for (const name in originals) if (this.#isChanged(name)) return name
    if (!isWhole) for (const name in entity) if (this.#isFurther(name)) return name
    return undefined
  }

  #isChanged(name: string): boolean {
    const { originals, entity, model } = this
    if (!Object.hasOwn(originals, name)) return !this.isWhole && this.#isFurther(name)
    return entity[name] !== originals[name] && !isSame(model, name, entity[name], originals[name])
  }

  #isFurther(name: string): boolean {
    const { originals, entity, model } = this
    if (!Object.hasOwn(entity, name) || Object.hasOwn(originals, name)) return false
    return entity[name] !== undefined && !Object.hasOwn(model.relations, name)
  }
}
