import { includeAmbiguous, includeWithoutSet, invalidSet } from '../errors.js'
import type { BoundSet, SetsOfContext } from './bound-set.js'
import { DbSet, type SetOptions } from './db-set.js'
import { includeOf, readIncludes } from './include.js'
import type { Naming } from './names/column-names.js'
import type { QueryRunner } from './query-runner.js'
import { Query } from './query.js'
import { setOf } from './rows.js'
import type { QueryState } from './statement.js'
import type { DeclaredSet } from './set-model.js'
import { setModelsOf, type SetModels } from './set-models.js'

/** A context whose columns may have names of their own. */
interface NamedRunner extends QueryRunner {
  readonly naming: Naming | undefined
  /** From here on statements say the names of properties. */
  useNames(models: SetModels): void
}

/**
 * Makes the sets of one context. All in one object, because a context that makes its fields has another shape with each of them, which every look
 * at a member of it pays for (bench row 'a context of 50 sets').
 */
export class SetMaker implements SetsOfContext {
  readonly #runner: NamedRunner
  readonly #models: SetModels
  readonly #sets: DbSet<any, string>[] = []
  readonly include = includeOf
  readonly readIncludes = readIncludes

  constructor(runner: NamedRunner, contextClass: Function) {
    this.#runner = runner
    this.#models = setModelsOf(contextClass)
  }

  /** @throws RegistrationError for a set that cannot work; ContextDisposedError */
  make(table: string, options: SetOptions<any, string>): DbSet<any, string> {
    const runner = this.#runner
    runner.assertAlive()
    const model = this.#models.of(table, options)
    this.#takeNames(model)
    const { filter, filtersSaves } = this.#filterOf(table, options.filter)
    const set = new DbSet<any, string>({
      runner,
      model,
      filter,
      filtersSaves,
      sets: this,
    })
    this.#sets.push(set)
    return set
  }

  #takeNames(model: DeclaredSet): void {
    const { naming } = this.#runner
    if (model.columnNames.size === 0 && !naming) return
    this.#models.note(model, naming)
    this.#runner.useNames(this.#models)
  }

  #filterOf(
    table: string,
    given: SetOptions<any, string>['filter'],
  ): Pick<BoundSet, 'filter' | 'filtersSaves'> {
    const { where, forSaves = false } =
      typeof given === 'object' && given !== null ? given : { where: given }
    if (where !== undefined && typeof where !== 'function')
      throw invalidSet(this.#models.context, table, 'has a filter that is no function')
    if (typeof forSaves !== 'boolean' || (where === undefined && given !== undefined))
      throw invalidSet(
        this.#models.context,
        table,
        'has a filter that is none: filter: q => q.where(...), or { where: q => q.where(...), forSaves: true }',
      )
    return { filter: where, filtersSaves: forSaves }
  }

  open(set: BoundSet, state: QueryState): Query<any, string, any> {
    return new Query(set, state)
  }

  only(table: string): DbSet<any, string> {
    const [set, ...others] = this.#sets.filter(one => setOf(one).model.table === table)
    if (!set) throw includeWithoutSet(table)
    if (others.length > 0) throw includeAmbiguous(table)
    return set
  }
}
