import type { SqlSource } from './sql-source.js'
import type { MayflyQuery } from '../connection/driver.js'
import type { Include } from './bound-set.js'
import type { Lock } from './lock.js'
import { Plan } from './plan.js'
import type { Aggregate, Select } from './plan-steps.js'
import type { DeclaredSet } from './set-model.js'
import { selectRows, type RowModel } from './table-plans.js'

/** What a query has been told so far. */
export interface QueryState {
  readonly plan: Plan
  readonly ordered: boolean
  readonly take: number | undefined
  readonly skip: number | undefined
  readonly filtered: boolean
  readonly timeout: number | undefined
  /** `build` may have joined, grouped or made rows distinct, so a count must count its rows. */
  readonly built: boolean
  /** Whether the context tracks the rows (U3); `undefined` where it is left to the context. */
  readonly tracked: boolean | undefined
  /** The columns that rows have, where they do not have all. */
  readonly selected: readonly string[] | undefined
  /** Whether equal rows are one. */
  readonly distinct: boolean
  /** How its rows are locked until the transaction ends. */
  readonly lock: Lock | undefined
  /** Whether it is to lock them, also where the database needs no word for it. */
  readonly locks: boolean
  /** What the statement says of itself, as a comment. */
  readonly tag: string | undefined
  /** By which columns it is ordered. */
  readonly order: readonly Order[]
  /** The relations that are read with the rows. */
  readonly includes: readonly Include[]
}

export interface Order {
  readonly column: string
  readonly ascending: boolean
}

/** A query on all rows. */
export function allOf(plan: Plan): QueryState {
  return {
    plan,
    ordered: false,
    take: undefined,
    skip: undefined,
    filtered: true,
    timeout: undefined,
    built: false,
    tracked: undefined,
    selected: undefined,
    distinct: false,
    lock: undefined,
    locks: false,
    tag: undefined,
    order: [],
    includes: [],
  }
}

export function atMost(rows: number, state: QueryState): QueryState {
  return { ...state, take: Math.min(state.take ?? rows, rows) }
}

/** The statement that gives the rows. */
export function rowsStatement(state: QueryState, model: RowModel): MayflyQuery<any> {
  return tagged(readAsSet(complete(state, model).compile()), state.tag)
}

/** The statement whose rows say whether there is one: none, or one whose `present` is true or 1. */
export function presenceStatement(
  state: QueryState,
  model: RowModel,
  { builder }: SqlSource,
): MayflyQuery<any> {
  const one = atMost(1, state)
  if (!state.built)
    return tagged(
      readAsSet(complete({ ...one, plan: one.plan.presence(), ...PLAIN }, model).compile()),
      state.tag,
    )
  const rows = complete(one, model).toSelect().clearOrderBy()
  const statement = builder.selectNoFrom(eb => eb.exists(rows).as('present')).compile()
  return tagged(readAsSet(statement), state.tag)
}

/** The statement that gives their number, as `count`. */
export function countStatement(
  state: QueryState,
  model: RowModel,
  { builder }: SqlSource,
): MayflyQuery<any> {
  const { plan, tag } = state
  const counted = isPart(state) ? complete(state, model).countRows(builder) : plan.count()
  return tagged(readAsSet(counted.compile()), tag)
}

/** The statement that makes one value of a column of all rows, as `value`. @param of the aggregate function */
export function aggregateStatement(
  of: Aggregate,
  column: string,
  state: QueryState,
  model: RowModel,
  { builder }: SqlSource,
): MayflyQuery<any> {
  const made = isPart(state)
    ? complete({ ...state, selected: [column] }, model).aggregateRows(builder, of, column)
    : state.plan.aggregate(of, column)
  return tagged(readAsSet(made.compile()), state.tag)
}

/** Whether its rows are another number of rows than its conditions say. */
function isPart({ built, take, skip, distinct }: QueryState): boolean {
  return built || distinct || take !== undefined || skip !== undefined
}

/** Whether there is a row does not depend on what it has. */
const PLAIN = { selected: undefined, distinct: false, lock: undefined }

/** A statement that says something of itself holds what a user wrote, though nobody can break out of the comment. */
function tagged<O>(statement: MayflyQuery<O>, tag: string | undefined): MayflyQuery<O> {
  if (tag === undefined) return statement
  const { ours, ...rest } = statement
  return { ...rest, ...(ours && { ofSet: true }), sql: `/* ${tag} */ ${statement.sql}` }
}

/** Its values are for Mayfly, whatever the readers are that a pool was given. */
function readAsSet<O>(statement: MayflyQuery<O>): MayflyQuery<O> {
  return statement.ours ? statement : { ...statement, ofSet: true }
}

/** The statement, with what its set asks of the table where a database takes values into columns that make something else of them. */
export function declaring<O>(
  query: MayflyQuery<O>,
  { stores }: DeclaredSet,
  { storesOf }: SqlSource,
): MayflyQuery<O> {
  return stores ? { ...query, stores: storesOf ? storesOf(stores) : stores } : query
}

function complete(state: QueryState, model: RowModel): Plan {
  const { plan, take, skip, built, selected, distinct, lock } = state
  let whole = plan
  if (built) {
    const select = plan.toSelect()
    if (!hasSelection(select)) whole = Plan.of(selectRows(select, model))
  }
  if (selected) whole = whole.select(selected)
  if (distinct) whole = whole.distinct()
  if (take !== undefined) whole = whole.limit(take)
  if (skip !== undefined) whole = whole.offset(skip, take !== undefined)
  return lock ? whole.lock(lock) : whole
}

function hasSelection(select: Select): boolean {
  return (select.toOperationNode().selections?.length ?? 0) > 0
}
