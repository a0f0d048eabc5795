import { runInScope, type Concurrency, type Container } from 'mayfly'
import { endScope, fresh, type Cradle, type OpenScope, type Place } from './place.js'
import type { Program, ScopeProgram } from './program.js'
import { Steps } from './steps.js'
import { Witness } from './witness.js'

/** Runs a program on a container, and knows from what the callers saw what must be in the database. */
export class Interpreter {
  readonly #container: Container<any>
  readonly #turn: () => Promise<void>
  readonly #witness = new Witness()
  readonly #steps: Steps

  constructor(container: Container<any>, turn: () => Promise<void>) {
    this.#container = container
    this.#turn = turn
    this.#steps = new Steps(this.#witness, turn)
  }

  /** What the steps threw, but for the errors of work that fails. */
  get refusals(): unknown[] {
    return this.#witness.refusals
  }

  /** @param atRest runs when the flows of a scope have ended, and before the scope does */
  async run({ scopes }: Program, atRest?: () => Promise<void>): Promise<void> {
    await Promise.all(
      scopes.map(scope =>
        scope.end === 'called off' ? this.#job(scope) : this.#scope(scope, atRest),
      ),
    )
    await this.#witness.whenStraysHaveEnded()
  }

  async #scope(
    { concurrency, flows, end }: ScopeProgram,
    atRest?: () => Promise<void>,
  ): Promise<void> {
    const place = this.#place(this.#container.createScope(), concurrency)
    const { scope } = place
    const running = Promise.allSettled(flows.map(flow => this.#steps.run(flow, place)))
    if (end === 'while it runs') await this.#turn()
    else await running
    await atRest?.()
    if (end === 'twice') void scope.container.dispose()
    await endScope(scope)
    await running
  }

  /** The same flows as a job, which is called off in the middle of them. */
  async #job({ concurrency, flows }: ScopeProgram): Promise<void> {
    const controller = new AbortController()
    this.#witness.signals.add(controller.signal)
    let scope: OpenScope | undefined
    const job = runInScope(this.#container, { signal: controller.signal }, async container => {
      const place = this.#place(container, concurrency)
      scope = place.scope
      await Promise.allSettled(flows.map(flow => this.#steps.run(flow, place)))
    })
    await this.#turn()
    controller.abort(new Error('called off'))
    await job
    scope!.ended = true
  }

  #place(container: Container<any>, concurrency: Concurrency): Place {
    const cradle = container.cradle as Cradle
    void cradle.probe
    this.#witness.signals.add(container.signal)
    return {
      ...fresh(cradle[concurrency]),
      factory: cradle[`${concurrency}Factory`],
      scope: { container, ended: false },
    }
  }

  /** What is wrong, given the rows that are in the database. */
  check(rows: ReadonlySet<unknown>): string[] {
    return this.#witness.check(rows)
  }
}
