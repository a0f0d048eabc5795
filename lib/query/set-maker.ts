import { invalidSet } from '../errors.js'
import { DbSet, type SetOptions } from './db-set.js'
import type { QueryRunner } from './query-runner.js'
import { setModelsOf, type SetModels } from './set-model.js'

/**
 * Makes the sets of one context. All in one object, because a context that makes its fields has another shape with each of them, which every look
 * at a member of it pays for (bench row 'a context of 50 sets').
 */
export class SetMaker {
  readonly #runner: QueryRunner
  readonly #models: SetModels

  constructor(runner: QueryRunner, contextClass: Function) {
    this.#runner = runner
    this.#models = setModelsOf(contextClass)
  }

  /** @throws RegistrationError for a set that cannot work; ContextDisposedError */
  make(table: string, options: SetOptions<any, string>): DbSet<any, string> {
    const runner = this.#runner
    runner.assertAlive()
    const model = this.#models.of(table, options)
    const { filter } = options
    if (filter !== undefined && typeof filter !== 'function')
      throw invalidSet(this.#models.context, table, 'has a filter that is no function')
    return new DbSet({ runner, model, filter })
  }
}
