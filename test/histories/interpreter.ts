import { DatabaseError, type Container, type DbContext, type DbContextFactory } from 'mayfly'
import type { Program, Step } from './program.js'

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

/** A transaction, as its caller saw it. */
interface TransactionRecord {
  /** An explicit one cannot notice work that outlives it (T5): what still ran when its end began may be outside of it. */
  ending: boolean
  outcome: 'open' | 'committed' | 'rolled back' | 'uncertain'
}

/** An insert, as its caller saw it. */
interface InsertRecord {
  readonly key: number
  readonly transactions: readonly TransactionRecord[]
  outcome: 'running' | 'done' | 'refused' | 'uncertain'
  /** It ran beside a transaction of somebody else on the same context, and may have been part of it. */
  floating: boolean
}

/** A context, and what the interpreter knows of it. */
interface Used {
  readonly db: RowsContext
  /** Transactions that were begun on it, and those that are open. */
  begun: number
  open: number
}

interface Place {
  readonly used: Used
  readonly factory: DbContextFactory<RowsContext>
  readonly transactions: readonly TransactionRecord[]
  readonly scope: Container<any>
}

/** Runs a program on a container, and knows from what the callers saw what must be in the database. */
export class Interpreter {
  readonly #container: Container<any>
  readonly #turn: () => Promise<void>
  readonly #inserts: InsertRecord[] = []
  readonly #strays: Promise<unknown>[] = []
  #keys = 0

  constructor(container: Container<any>, turn: () => Promise<void>) {
    this.#container = container
    this.#turn = turn
  }

  async run({ scopes }: Program): Promise<void> {
    await Promise.all(
      scopes.map(async ({ concurrency, flows, end }) => {
        const scope = this.#container.createScope()
        const cradle = scope.cradle as Cradle
        void cradle.probe
        const used = { db: cradle[concurrency], begun: 0, open: 0 }
        const place = { used, factory: cradle[`${concurrency}Factory`], transactions: [], scope }
        const running = Promise.allSettled(flows.map(flow => this.#steps(flow, place)))
        if (end === 'while it runs') await this.#turn()
        else await running
        if (end === 'twice') void scope.dispose()
        await scope.dispose()
        await running
      }),
    )
    // What a stray starts may be a stray again.
    for (const stray of this.#strays) await stray
  }

  /** What is wrong with the rows that are in the database. */
  check(rows: ReadonlySet<unknown>): string[] {
    const wrong: string[] = []
    for (const { key, outcome, transactions, floating } of this.#inserts) {
      if (outcome === 'running') wrong.push(`the insert of ${key} never settled`)
      if (floating) continue
      const isGone = transactions.some(transaction => transaction.outcome === 'rolled back')
      const isFinal = transactions.every(transaction => transaction.outcome === 'committed')
      if (rows.has(key) && (outcome === 'refused' || isGone)) {
        wrong.push(`row ${key} is there, but its insert was ${isGone ? 'rolled back' : 'refused'}`)
      }
      if (!rows.has(key) && outcome === 'done' && isFinal)
        wrong.push(`row ${key} is lost, but was committed`)
    }
    for (const row of rows) {
      if (!this.#inserts.some(({ key }) => key === row))
        wrong.push(`row ${String(row)} came from nowhere`)
    }
    return wrong
  }

  async #steps(steps: readonly Step[], place: Place): Promise<void> {
    for (const step of steps) await this.#step(step, place)
  }

  async #step(step: Step, place: Place): Promise<unknown> {
    const { used, factory, scope } = place
    const { db } = used
    switch (step.do) {
      case 'insert':
        return this.#insert(place)
      case 'read':
        return db.rows.toList()
      case 'pause':
        for (let i = 0; i < step.turns; i++) await this.#turn()
        return undefined
      case 'dispose scope':
        return scope.dispose()
      case 'try':
        return this.#steps(step.steps, place).catch(() => {})
      case 'stray':
        return void this.#strays.push(this.#steps(step.steps, place).catch(() => {}))
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
        return factory.use(own => this.#steps(step.steps, { ...place, ...fresh(own) }))
      case 'parallel':
        return factory.parallel(
          step.branches.map(branch => own => this.#steps(branch, { ...place, ...fresh(own) })),
        )
      case 'create': {
        const own = factory.createDbContext()
        try {
          return await this.#steps(step.steps, { ...place, ...fresh(own) })
        } finally {
          if (step.end === 'dispose twice') void own.dispose()
          if (step.end !== 'forget') await own.dispose()
        }
      }
    }
  }

  async #insert({ used, transactions }: Place): Promise<void> {
    const hasOutlived = () => transactions.some(({ ending }) => ending)
    const own = transactions.filter(({ outcome }) => outcome === 'open').length
    const record: InsertRecord = {
      key: ++this.#keys,
      transactions,
      outcome: 'running',
      floating: used.open > own || hasOutlived(),
    }
    this.#inserts.push(record)
    const { begun } = used
    try {
      await used.db.kysely.insertInto('rows').values({ key: record.key }).execute()
      record.outcome = 'done'
    } catch (error) {
      record.outcome = isUncertain(error) ? 'uncertain' : 'refused'
      throw error
    } finally {
      if (used.begun !== begun || hasOutlived()) record.floating = true
    }
  }

  async #transaction(step: Step & { do: 'transaction' }, place: Place): Promise<void> {
    const record = this.#begun(place.used)
    try {
      await place.used.db.transaction(async () => {
        await this.#steps(step.steps, { ...place, transactions: [...place.transactions, record] })
        if (step.fails) throw new Error('the work failed')
      })
      record.outcome = 'committed'
    } catch (error) {
      record.outcome = isUncertain(error) ? 'uncertain' : 'rolled back'
      throw error
    } finally {
      place.used.open--
    }
  }

  async #explicit(step: Step & { do: 'explicit' }, place: Place): Promise<void> {
    const record = this.#begun(place.used)
    try {
      const transaction = await place.used.db.beginTransaction()
      await this.#steps(step.steps, { ...place, transactions: [...place.transactions, record] })
      record.ending = true
      if (step.end === 'forget') return
      await transaction[step.end]()
      record.outcome = step.end === 'commit' ? 'committed' : 'rolled back'
    } catch (error) {
      record.ending = true
      record.outcome = 'uncertain'
      throw error
    } finally {
      // One that was forgotten stays open until its context ends, and whoever runs beside it is part of it.
      if (step.end !== 'forget' && record.outcome !== 'uncertain') place.used.open--
    }
  }

  #begun(used: Used): TransactionRecord {
    used.begun++
    used.open++
    return { outcome: 'open', ending: false }
  }
}

function fresh(db: RowsContext): Pick<Place, 'used' | 'transactions'> {
  return { used: { db, begun: 0, open: 0 }, transactions: [] }
}

/** Whether the caller cannot know what the database did. */
function isUncertain(error: unknown): boolean {
  return (
    error instanceof DatabaseError && (error.kind === 'connectionLost' || error.kind === 'timeout')
  )
}
