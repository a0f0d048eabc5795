import { WorkFailed } from './ledger.js'
import { endScope, fresh, type Place, type RowsContext, type Used } from './place.js'
import type { Step } from './program.js'
import { Statements } from './statements.js'
import { Transactions } from './transactions.js'
import type { Witness } from './witness.js'

/** Runs the steps of a program, one after the other. */
export class Steps {
  readonly #witness: Witness
  readonly #turn: () => Promise<void>
  readonly #statements: Statements
  readonly #transactions: Transactions

  constructor(witness: Witness, turn: () => Promise<void>) {
    this.#witness = witness
    this.#turn = turn
    this.#statements = new Statements(witness)
    this.#transactions = new Transactions(witness, (steps, place) => this.run(steps, place))
  }

  async run(steps: readonly Step[], place: Place): Promise<void> {
    for (const step of steps) await this.#step(step, place)
  }

  async #step(step: Step, place: Place): Promise<unknown> {
    try {
      return await this.#perform(step, place)
    } catch (error) {
      this.#witness.failed(error)
      throw error
    }
  }

  async #perform(step: Step, place: Place): Promise<unknown> {
    const { used, factory, scope } = place
    const { db } = used
    switch (step.do) {
      case 'insert':
        return this.#statements.insert(place)
      case 'read':
        return this.#statements.read(place)
      case 'raw':
        return this.#statements.raw(step.sql, place)
      case 'pause':
        for (let i = 0; i < step.turns; i++) await this.#turn()
        return undefined
      case 'fail':
        throw new WorkFailed()
      case 'dispose scope':
        return endScope(scope)
      case 'try':
        return this.run(step.steps, place).catch(() => {})
      case 'stray':
        return this.#witness.stray(this.run(step.steps, place))
      case 'each':
        for (const branch of step.branches) this.#witness.stray(this.run(branch, place))
        return undefined
      case 'all':
        return Promise.all(step.branches.map(branch => this.run(branch, place)))
      case 'transaction':
        return this.#transactions.work(step, place)
      case 'explicit':
        return this.#transactions.explicit(step, place)
      case 'connection': {
        const connection = await db.openConnection()
        try {
          return await this.run(step.steps, place)
        } finally {
          await connection.close()
        }
      }
      case 'stream': {
        let rows = 0
        for await (const _ of db.rows) {
          await this.run(step.steps, place).catch(() => {})
          if (++rows >= step.rows) break
        }
        return undefined
      }
      case 'use':
        return this.#lent(place, lend => factory.use(own => lend(own, step.steps)))
      case 'parallel':
        return this.#lent(place, lend =>
          factory.parallel(
            step.branches.map(branch => (own, signal) => {
              this.#witness.signals.add(signal)
              return lend(own, branch)
            }),
          ),
        )
      case 'create': {
        const own = factory.createDbContext()
        const its = { ...place, ...fresh(own) }
        try {
          return await this.run(step.steps, its)
        } finally {
          if (step.end === 'dispose twice') void own.dispose()
          if (step.end !== 'forget') {
            await own.dispose()
            its.used.ended = true
          }
        }
      }
    }
  }

  /** Runs steps on contexts that a factory lends for the time of one call: nothing of it outlives the call (F2). */
  async #lent<R>(
    place: Place,
    call: (lend: (own: RowsContext, steps: readonly Step[]) => Promise<void>) => Promise<R>,
  ): Promise<R> {
    const lent: Used[] = []
    let running = 0
    try {
      return await call(async (own, steps) => {
        const its = { ...place, ...fresh(own) }
        lent.push(its.used)
        running++
        await this.run(steps, its).finally(() => running--)
      })
    } finally {
      for (const used of lent) used.ended = true
      if (running > 0)
        this.#witness.wrong.push(`a factory did not wait for ${running} of its entries`)
    }
  }
}
