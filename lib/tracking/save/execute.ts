import { DatabaseError, updateConcurrency } from '../../errors.js'
import type { RowChange, RowInsert, RowOutcome, RowValues } from '../row-change.js'
import type { SqlSource } from '../../query/sql-source.js'
import { culpritOf } from './culprit.js'
import { withKeys, type DriverRow, type InsertRow } from './driver-row.js'
import {
  asksAfterUpsert,
  insertFormOf,
  isUnsure,
  mayShare,
  mayShareOne,
  noteKey,
  runsEach,
  type InsertForm,
} from './insert-form.js'
import { insert, versionsOf } from './inserts.js'
import { losersAmong } from './losers.js'
import { givenUpFirst } from './row-order.js'
import type { SaveSession } from './save-session.js'
import { stepsOf, type SaveStep } from './steps.js'
import { inOrder } from './table-order.js'
import { deleteText } from './delete-texts.js'
import { groupedUpdateText, updateText } from './update-texts.js'

const NOTHING: ReadonlySet<RowChange> = new Set()

/** Some rows of a step were not there, so that what it did has to be undone. */
export class MissedRows extends Error {
  readonly step: SaveStep

  constructor(step: SaveStep) {
    super('A row that was to be written was not there.')
    this.step = step
  }
}

/** The statements of one save, made before the first of them is sent. */
export class SavePlan {
  readonly steps: readonly SaveStep[]
  readonly #form: InsertForm
  readonly #source: SqlSource
  /** What the database has made of the rows that were inserted, for those that take their keys. */
  readonly #made = new Map<object, RowValues>()

  private constructor(steps: readonly SaveStep[], form: InsertForm, source: SqlSource) {
    this.steps = steps
    this.#form = form
    this.#source = source
  }

  /**
   * Another plan, after a unique key has refused the first one: where a row takes a value that another one gives up, the other one comes first.
   * @returns `undefined` where there is nothing of the kind
   */
  static async ofMoves(
    changes: readonly RowChange[],
    session: SaveSession,
  ): Promise<SavePlan | undefined> {
    const moves = givenUpFirst(inOrder(changes))
    return moves && SavePlan.#planOf(moves.changes, session, moves.moved)
  }

  /** @throws InvalidArgumentError for a value that cannot be written */
  static of(changes: readonly RowChange[], session: SaveSession): Promise<SavePlan> {
    return SavePlan.#planOf(inOrder(changes), session, NOTHING)
  }

  static async #planOf(
    changes: readonly RowChange[],
    session: SaveSession,
    alone: ReadonlySet<RowChange>,
  ): Promise<SavePlan> {
    const inserts = changes.some(({ kind }) => kind === 'insert')
    const form = inserts ? await insertFormOf(session) : 'returning'
    const share = inserts
      ? await mayShare(session)
      : ({ change }: DriverRow) => mayShareOne(change, session.source)
    const { source } = session
    const steps = stepsOf(changes, source, row => !alone.has(row.change) && share(row))
    return new SavePlan(steps, form, source)
  }

  /** Whether one statement does it, that the database undoes by itself where it fails. */
  get isOneStatement(): boolean {
    const [step, ...more] = this.steps
    if (!step || more.length > 0) return false
    if (step.kind === 'update') return !asksForVersion(step)
    if (step.kind === 'delete') return step.rows.length === 1
    if (isUpsert(step)) return !asksAfterUpsert(step.rows[0]!.change.model, this.#source)
    if (this.#isUnsure(step)) return false
    if (step.rows.length > 1 && runsEach(this.#source)) return false
    return this.#form === 'returning' || isOnlyInserted(step)
  }

  /** @throws MissedRows; and what statements throw */
  async run(session: SaveSession, done: (step: number) => void): Promise<RowOutcome[]> {
    const outcomes: RowOutcome[] = []
    for (const [index, step] of this.steps.entries()) {
      done(index)
      outcomes.push(...(await this.runStep(session, step)))
    }
    return outcomes
  }

  async runStep(session: SaveSession, step: SaveStep): Promise<RowOutcome[]> {
    if (step.kind !== 'insert') return write(session, step)
    if (this.#isUnsure(step)) return this.#runUnsure(session, step)
    const { source } = session
    const rows = step.rows.map(row => withKeys(row, entity => this.#made.get(entity), source))
    const outcomes = await insert(session, rows as readonly InsertRow[], this.#form)
    for (const { change, made } of outcomes) {
      noteKey(source, change.model, made[change.model.key])
      this.#made.set(change.entity, { ...(change as RowInsert).values, ...made })
    }
    return outcomes
  }

  #isUnsure({ kind, rows }: SaveStep): boolean {
    const [row] = rows as readonly InsertRow[]
    return kind === 'insert' && rows.length > 1 && isUnsure(row!.change, this.#source)
  }

  /** The first row alone tells whether the keys of the others can be told apart. */
  async #runUnsure(session: SaveSession, step: SaveStep): Promise<RowOutcome[]> {
    const outcomes: RowOutcome[] = []
    for (let left = step.rows; left.length > 0; left = step.rows.slice(outcomes.length)) {
      const rows = this.#isUnsure({ ...step, rows: left }) ? left.slice(0, 1) : left
      outcomes.push(...(await this.runStep(session, { ...step, rows })))
    }
    return outcomes
  }

  /** After a failure, when nothing of the save is there any more: the error that says whose rows it is about. */
  async explain(error: unknown, index: number, session: SaveSession): Promise<unknown> {
    if (error instanceof MissedRows) {
      const { kind, rows } = error.step
      return updateConcurrency(rows[0]!.change.model.table, await losersAmong(session, rows), kind)
    }
    if (!(error instanceof DatabaseError) || !OF_ROWS.has(error.kind)) return error
    const entity = await culpritOf(this, index, session)
    if (entity) Object.defineProperty(error, 'entities', { value: [entity], enumerable: false })
    return error
  }
}

/** Kinds of failures that are about one row. */
const OF_ROWS: ReadonlySet<string> = new Set(['unique', 'foreignKey', 'notNull', 'check', 'value'])

function isUpsert({ rows: [row] }: SaveStep): boolean {
  return (row as InsertRow).change.conflict !== undefined
}

function isOnlyInserted({ rows }: SaveStep): boolean {
  const { model, readBack } = (rows[0] as InsertRow).change
  const isKnown = readBack?.every(name => model.keys.includes(name)) ?? false
  return rows.length === 1 && isKnown
}

async function write(session: SaveSession, step: SaveStep): Promise<RowOutcome[]> {
  const { source } = session
  const { kind, rows } = step
  const { table } = rows[0]!.change.model
  const text =
    kind === 'delete'
      ? deleteText(source, table, rows)
      : rows.length === 1
        ? updateText(source, table, rows[0]!)
        : groupedUpdateText(source, table, rows)
  const { numAffectedRows } = await session.run(text)
  if (numAffectedRows !== undefined && numAffectedRows !== BigInt(rows.length))
    throw new MissedRows(step)
  if (asksForVersion(step)) return versionsOf(session, rows)
  return rows.map(({ change, made }) => ({ change, made }))
}

/** Whether the database has made versions, which nobody knows but the database. */
function asksForVersion({ kind, rows }: SaveStep): boolean {
  const { version, versionKind } = rows[0]!.change.model
  return kind === 'update' && version !== undefined && versionKind === 'database'
}
