import type { DataSource } from '../connection/data-source.js'
import type { MayflyQuery } from '../connection/driver.js'
import type { Include } from './bound-set.js'
import { Plan } from './plan.js'
import type { Select } from './plan-steps.js'
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
  /** The relations that are read with the rows. */
  readonly includes: readonly Include[]
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
    includes: [],
  }
}

export function atMost(rows: number, state: QueryState): QueryState {
  return { ...state, take: Math.min(state.take ?? rows, rows) }
}

/** The statement that gives the rows. */
export function rowsStatement(state: QueryState, model: RowModel): MayflyQuery<any> {
  return readAsSet(complete(state, model).compile())
}

/** The statement whose rows say whether there is one: none, or one whose `present` is true or 1. */
export function presenceStatement(
  state: QueryState,
  model: RowModel,
  { builder }: DataSource,
): MayflyQuery<any> {
  const one = atMost(1, state)
  if (!state.built)
    return readAsSet(complete({ ...one, plan: one.plan.presence() }, model).compile())
  const rows = complete(one, model).toSelect().clearOrderBy()
  return readAsSet(builder.selectNoFrom(eb => eb.exists(rows).as('present')).compile())
}

/** The statement that gives their number, as `count`. */
export function countStatement(
  state: QueryState,
  model: RowModel,
  { builder }: DataSource,
): MayflyQuery<any> {
  const { plan, built, take, skip } = state
  const isPart = built || take !== undefined || skip !== undefined
  return readAsSet((isPart ? complete(state, model).countRows(builder) : plan.count()).compile())
}

/** Its values are for Mayfly, whatever the readers are that a pool was given. */
function readAsSet<O>(statement: MayflyQuery<O>): MayflyQuery<O> {
  return statement.ours ? statement : { ...statement, ofSet: true }
}

/** The statement, with what its set asks of the table where a database takes values into columns that make something else of them. */
export function declaring<O>(
  query: MayflyQuery<O>,
  { stores }: DeclaredSet,
  { values }: DataSource,
): MayflyQuery<O> {
  return stores && values.family !== 'mysql' ? { ...query, stores } : query
}

function complete({ plan, take, skip, built }: QueryState, model: RowModel): Plan {
  let whole = plan
  if (built) {
    const select = plan.toSelect()
    if (!hasSelection(select)) whole = Plan.of(selectRows(select, model))
  }
  if (take !== undefined) whole = whole.limit(take)
  return skip === undefined ? whole : whole.offset(skip, take !== undefined)
}

function hasSelection(select: Select): boolean {
  return (select.toOperationNode().selections?.length ?? 0) > 0
}
