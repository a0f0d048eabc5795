import { getEventListeners } from 'node:events'
import { sql } from 'kysely'
import {
  ConnectionTimeoutError,
  runInScope,
  type Concurrency,
  type Container,
  type DbContext,
  type DbContextFactory,
  type DbTransaction,
} from 'mayfly'
import { EndOfExplicit } from './explicit-end.js'
import {
  isKnown,
  isRefusal,
  isUncertain,
  Ledger,
  outcomeOf,
  WorkFailed,
  type TransactionRecord,
} from './ledger.js'
import type { ExplicitEnd, Program, ScopeProgram, Step } from './program.js'

export interface RowsDatabase {
  rows: { key: number }
}

export type RowsContext = DbContext<RowsDatabase> & {
  readonly rows: AsyncIterable<{ key: number }> & { toList(): Promise<unknown[]> }
}

interface Cradle {
  readonly refuse: RowsContext
  readonly queue: RowsContext
  readonly unchecked: RowsContext
  readonly refuseFactory: DbContextFactory<RowsContext>
  readonly queueFactory: DbContextFactory<RowsContext>
  readonly uncheckedFactory: DbContextFactory<RowsContext>
  readonly probe: unknown
}

/** A context, and what the interpreter knows of it. */
interface Used {
  readonly db: RowsContext
  /** Transactions that were begun on it, and those that are open. */
  begun: number
  open: number
  ended: boolean
}

/** A scope, and what the interpreter knows of it. */
interface OpenScope {
  readonly container: Container<any>
  ended: boolean
}

interface Place {
  readonly used: Used
  readonly factory: DbContextFactory<RowsContext>
  readonly transactions: readonly TransactionRecord[]
  readonly scope: OpenScope
}

/** Runs a program on a container, and knows from what the callers saw what must be in the database. */
export class Interpreter {
  readonly #container: Container<any>
  readonly #turn: () => Promise<void>
  readonly #ledger = new Ledger()
  readonly #strays: Promise<unknown>[] = []
  readonly #signals = new Set<AbortSignal>()
  readonly #errors = new Set<unknown>()
  readonly #wrong: string[] = []

  constructor(container: Container<any>, turn: () => Promise<void>) {
    this.#container = container
    this.#turn = turn
  }

  /** What the steps threw, but for the errors of work that fails. */
  get refusals(): unknown[] {
    return [...this.#errors].filter(error => !(error instanceof WorkFailed))
  }

  /** @param atRest runs when the flows of a scope have ended, and before the scope does */
  async run({ scopes }: Program, atRest?: () => Promise<void>): Promise<void> {
    await Promise.all(
      scopes.map(scope =>
        scope.end === 'called off' ? this.#job(scope) : this.#scope(scope, atRest),
      ),
    )
    // What a stray starts may be a stray again.
    for (const stray of this.#strays) await stray
  }

  async #scope(
    { concurrency, flows, end }: ScopeProgram,
    atRest?: () => Promise<void>,
  ): Promise<void> {
    const place = this.#place(this.#container.createScope(), concurrency)
    const { scope } = place
    const running = Promise.allSettled(flows.map(flow => this.#steps(flow, place)))
    if (end === 'while it runs') await this.#turn()
    else await running
    await atRest?.()
    if (end === 'twice') void scope.container.dispose()
    await this.#end(scope)
    await running
  }

  /** The same flows as a job, which is called off in the middle of them. */
  async #job({ concurrency, flows }: ScopeProgram): Promise<void> {
    const controller = new AbortController()
    this.#signals.add(controller.signal)
    let scope: OpenScope | undefined
    const job = runInScope(this.#container, { signal: controller.signal }, async container => {
      const place = this.#place(container, concurrency)
      scope = place.scope
      await Promise.allSettled(flows.map(flow => this.#steps(flow, place)))
    })
    await this.#turn()
    controller.abort(new Error('called off'))
    await job
    scope!.ended = true
  }

  #place(container: Container<any>, concurrency: Concurrency): Place {
    const cradle = container.cradle as Cradle
    void cradle.probe
    this.#signals.add(container.signal)
    return {
      ...fresh(cradle[concurrency]),
      factory: cradle[`${concurrency}Factory`],
      scope: { container, ended: false },
    }
  }

  async #end(scope: OpenScope): Promise<void> {
    await scope.container.dispose()
    scope.ended = true
  }

  /** What is wrong, given the rows that are in the database. */
  check(rows: ReadonlySet<unknown>): string[] {
    const wrong = [...this.#wrong]
    for (const signal of this.#signals) {
      const left = getEventListeners(signal, 'abort').length
      if (left > 0) wrong.push(`${left} listeners are left on a signal`)
    }
    return [...wrong, ...this.#ledger.check(rows)]
  }

  async #steps(steps: readonly Step[], place: Place): Promise<void> {
    for (const step of steps) await this.#step(step, place)
  }

  async #step(step: Step, place: Place): Promise<unknown> {
    try {
      return await this.#perform(step, place)
    } catch (error) {
      this.#errors.add(error)
      if (error instanceof ConnectionTimeoutError && waitedInVain(error))
        this.#wrong.push(`somebody waited while a connection was free: ${error.message}`)
      if (!isKnown(error)) this.#wrong.push(`a step failed with ${String(error)}`)
      throw error
    }
  }

  async #perform(step: Step, place: Place): Promise<unknown> {
    const { used, factory, scope } = place
    const { db } = used
    switch (step.do) {
      case 'insert':
        return this.#insert(place)
      case 'read':
        return this.#inside(place, 'a read', () => db.rows.toList())
      case 'raw':
        return this.#raw(step.sql, place)
      case 'pause':
        for (let i = 0; i < step.turns; i++) await this.#turn()
        return undefined
      case 'fail':
        throw new WorkFailed()
      case 'dispose scope':
        return this.#end(scope)
      case 'try':
        return this.#steps(step.steps, place).catch(() => {})
      case 'stray':
        return void this.#strays.push(this.#steps(step.steps, place).catch(() => {}))
      case 'each':
        for (const branch of step.branches)
          this.#strays.push(this.#steps(branch, place).catch(() => {}))
        return undefined
      case 'all':
        return Promise.all(step.branches.map(branch => this.#steps(branch, place)))
      case 'transaction':
        return this.#transaction(step, place)
      case 'explicit':
        return this.#explicit(step, place)
      case 'connection': {
        const connection = await db.openConnection()
        try {
          return await this.#steps(step.steps, place)
        } finally {
          await connection.close()
        }
      }
      case 'stream': {
        let rows = 0
        for await (const _ of db.rows) {
          await this.#steps(step.steps, place).catch(() => {})
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
              this.#signals.add(signal)
              return lend(own, branch)
            }),
          ),
        )
      case 'create': {
        const own = factory.createDbContext()
        const its = { ...place, ...fresh(own) }
        try {
          return await this.#steps(step.steps, its)
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
        await this.#steps(steps, its).finally(() => running--)
      })
    } finally {
      for (const used of lent) used.ended = true
      if (running > 0) this.#wrong.push(`a factory did not wait for ${running} of its entries`)
    }
  }

  async #insert(place: Place): Promise<void> {
    const { used, transactions, scope } = place
    const hasOutlived = () => transactions.some(({ ending }) => ending)
    const record = this.#ledger.insert({
      transactions,
      floating: hasCompany(place) || hasOutlived(),
      after:
        used.ended || scope.ended
          ? 'its context'
          : transactions.some(({ style, outcome }) => style === 'work' && outcome !== 'open')
            ? 'its transaction'
            : undefined,
    })
    const { begun } = used
    try {
      await this.#inside(place, `the insert of ${record.key}`, () =>
        used.db.kysely.insertInto('rows').values({ key: record.key }).execute(),
      )
      record.outcome = 'done'
      if (transactions.some(({ style, outcome }) => style === 'work' && outcome === 'committed'))
        this.#wrong.push(`the insert of ${record.key} was done after the commit of its transaction`)
    } catch (error) {
      record.outcome = isUncertain(error) ? 'uncertain' : 'refused'
      throw error
    } finally {
      if (used.begun !== begun || hasOutlived()) record.floating = true
    }
  }

  /** A statement that its innermost transaction must not be committed without (T7). */
  async #inside<R>(place: Place, what: string, send: () => Promise<R>): Promise<R> {
    const { used, transactions } = place
    const innermost = transactions.at(-1)
    const { begun } = used
    const isIn = innermost && !innermost.returned && !hasCompany(place)
    try {
      return await send()
    } catch (error) {
      if (isIn && used.begun === begun && isRefusal(error)) innermost.lacks ??= what
      throw error
    }
  }

  /** Inside the work of a transaction it must be refused; elsewhere it would only be Mayfly's to undo. */
  async #raw(text: string, { used, transactions }: Place): Promise<void> {
    const work = transactions.findLast(({ style }) => style === 'work')
    if (!work) return
    await sql.raw(text).execute(used.db.kysely)
    this.#wrong.push(`${text} was accepted inside a transaction`)
  }

  async #transaction(step: Step & { do: 'transaction' }, place: Place): Promise<void> {
    const record = this.#begun(place.used, 'work')
    try {
      await place.used.db.transaction(async () => {
        try {
          await this.#steps(step.steps, { ...place, transactions: [...place.transactions, record] })
        } finally {
          record.returned = true
        }
        if (step.fails) throw new WorkFailed()
      })
      record.outcome = 'committed'
    } catch (error) {
      record.outcome = outcomeOf(error)
      throw error
    } finally {
      place.used.open--
    }
  }

  async #explicit(step: Step & { do: 'explicit' }, place: Place): Promise<void> {
    const record = this.#begun(place.used, 'explicit')
    try {
      const transaction = await place.used.db.beginTransaction()
      await this.#steps(step.steps, { ...place, transactions: [...place.transactions, record] })
      record.returned = record.ending = true
      if (step.end === 'forget') {
        const around = place.transactions.at(-1)
        if (around && !around.returned) around.keepsOneOpen = true
        return
      }
      const ended = this.#endExplicit(step.end, transaction, record).finally(() => {
        if (record.outcome !== 'uncertain') place.used.open--
      })
      if (step.end !== 'not awaited') return await ended
      this.#strays.push(ended.catch(() => {}))
    } catch (error) {
      record.returned = record.ending = true
      // One that was forgotten stays open until its context ends, and whoever runs beside it is part of it.
      if (record.outcome === 'open') record.outcome = 'uncertain'
      throw error
    }
  }

  async #endExplicit(
    end: Exclude<ExplicitEnd, 'forget'>,
    transaction: DbTransaction,
    record: TransactionRecord,
  ): Promise<void> {
    const ending = new EndOfExplicit(transaction)
    try {
      await ending.end(end, record)
    } finally {
      this.#wrong.push(...ending.wrong)
      for (const error of ending.errors) this.#errors.add(error)
    }
  }

  #begun(used: Used, style: TransactionRecord['style']): TransactionRecord {
    used.begun++
    used.open++
    return this.#ledger.transaction(style)
  }
}

/** Whether somebody else has a transaction open on the same context, so that it is not known in which one a statement is. */
function hasCompany({ used, transactions }: Place): boolean {
  return used.open > transactions.filter(({ outcome }) => outcome === 'open').length
}

function fresh(db: RowsContext): Pick<Place, 'used' | 'transactions'> {
  return { used: { db, begun: 0, open: 0, ended: false }, transactions: [] }
}

/** Connections that are opening may be for the one that waits, so they tell nothing. */
function waitedInVain({ message }: ConnectionTimeoutError): boolean {
  const [, inUse, limit] = /: (\d+) of (\d+) in use/.exec(message)!
  return inUse !== limit && !message.includes('still opening')
}
