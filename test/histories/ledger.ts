import { CommitUncertainError, DatabaseError, MayflyError } from 'mayfly'

/** A transaction, as its caller saw it. */
export interface TransactionRecord {
  readonly style: 'work' | 'explicit'
  /** Its work has returned, or its end was asked for: what is started later is none of its. */
  returned: boolean
  /** An explicit one cannot notice work that outlives it (T5): what still ran when its end began may be outside of it. */
  ending: boolean
  outcome: 'open' | 'committed' | 'rolled back' | 'uncertain'
  /** One inside it was forgotten, so that it cannot be committed (T3). */
  keepsOneOpen: boolean
  /** Something that was started in it was refused, so that it cannot be committed (T7). */
  lacks: string | undefined
}

/** An insert, as its caller saw it. */
export interface InsertRecord {
  readonly key: number
  readonly transactions: readonly TransactionRecord[]
  outcome: 'running' | 'done' | 'refused' | 'uncertain'
  /** It ran beside a transaction of somebody else on the same context, and may have been part of it. */
  floating: boolean
  /** What was over before it was started, and so must have refused it. */
  readonly after: 'its context' | 'its transaction' | undefined
}

/** What the callers saw, and so what must be in the database. */
export class Ledger {
  readonly #inserts: InsertRecord[] = []
  readonly #transactions: TransactionRecord[] = []

  transaction(style: TransactionRecord['style']): TransactionRecord {
    const record: TransactionRecord = {
      style,
      outcome: 'open',
      returned: false,
      ending: false,
      keepsOneOpen: false,
      lacks: undefined,
    }
    this.#transactions.push(record)
    return record
  }

  insert(record: Omit<InsertRecord, 'key' | 'outcome'>): InsertRecord {
    const insert: InsertRecord = { ...record, key: this.#inserts.length + 1, outcome: 'running' }
    this.#inserts.push(insert)
    return insert
  }

  /** What is wrong, given the rows that are in the database. */
  check(rows: ReadonlySet<unknown>): string[] {
    const wrong: string[] = []
    for (const { outcome, keepsOneOpen, lacks } of this.#transactions) {
      if (outcome !== 'committed') continue
      if (keepsOneOpen) wrong.push('a transaction was committed although one inside it was open')
      if (lacks) wrong.push(`a transaction was committed although ${lacks} was refused in it`)
    }
    for (const insert of this.#inserts) wrong.push(...checkInsert(insert, rows.has(insert.key)))
    for (const row of rows) {
      if (!this.#inserts.some(({ key }) => key === row))
        wrong.push(`row ${String(row)} came from nowhere`)
    }
    return wrong
  }
}

function checkInsert(
  { key, outcome, transactions, floating, after }: InsertRecord,
  isThere: boolean,
): string[] {
  const wrong: string[] = []
  if (outcome === 'running') wrong.push(`the insert of ${key} never settled`)
  if (after && (outcome !== 'refused' || isThere))
    wrong.push(`the insert of ${key} was accepted after the end of ${after}`)
  if (floating) return wrong
  const isGone = transactions.some(transaction => transaction.outcome === 'rolled back')
  const isFinal = transactions.every(transaction => transaction.outcome === 'committed')
  if (isThere && (outcome === 'refused' || isGone))
    wrong.push(`row ${key} is there, but its insert was ${isGone ? 'rolled back' : 'refused'}`)
  if (!isThere && outcome === 'done' && isFinal) wrong.push(`row ${key} is lost, but was committed`)
  return wrong
}

/** Whether the caller of a statement cannot know what the database did. */
export function isUncertain(error: unknown): boolean {
  return (
    error instanceof DatabaseError && (error.kind === 'connectionLost' || error.kind === 'timeout')
  )
}

/** What became of a transaction whose end has failed; one whose end was only refused may still be open. */
export function outcomeOf(error: unknown): 'rolled back' | 'uncertain' {
  return error instanceof CommitUncertainError ? 'uncertain' : 'rolled back'
}

/** Whether nothing was sent. */
export function isRefusal(error: unknown): boolean {
  return error instanceof MayflyError && !(error instanceof DatabaseError)
}

/** The error of work that fails by itself. */
export class WorkFailed extends Error {}

/** Whether a caller of Mayfly can do something with it. */
export function isKnown(error: unknown): boolean {
  return (
    error instanceof MayflyError || error instanceof WorkFailed || error instanceof AggregateError
  )
}
