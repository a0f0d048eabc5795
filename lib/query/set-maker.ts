import { DbSet, type SetOptions } from './db-set.js'
import type { QueryRunner } from './query-runner.js'
import { setModelsOf, type SetModels } from './set-model.js'

/**
 * Makes the sets of one context. All in one object, because a context that makes its fields has another shape with each of them, which every look
 * at a member of it pays for (bench row 'a context of 50 sets').
 */
export class SetMaker {
  readonly #runner: QueryRunner
  readonly #class: Function
  #models: SetModels | undefined

  /** @param contextClass what the context is made of with `new` */
  constructor(runner: QueryRunner, contextClass: Function) {
    this.#runner = runner
    this.#class = contextClass
  }

  /** @throws RegistrationError for a set that cannot work; ContextDisposedError */
  make(table: string, options: SetOptions<any, string>): DbSet<any, string> {
    this.#runner.assertAlive()
    this.#models ??= setModelsOf(this.#class)
    const model = this.#models.of(this.#class.name, table, options)
    return new DbSet({ runner: this.#runner, model, filter: options.filter })
  }
}
