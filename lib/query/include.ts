import {
  includeKeyOfSeveral,
  includeOfOtherTable,
  includeUnknown,
  relatedMissing,
} from '../errors.js'
import type { BoundSet, Include } from './bound-set.js'
import { identityOfValue, type Identity } from './identity.js'
import { Query } from './query.js'
import { relatedRows, setOf } from './rows.js'

type Row = Record<string, unknown>

/** How many keys are asked for at once. */
const MOST_KEYS = 1000

/**
 * @param given a query on the related set, or what makes one
 * @throws InvalidArgumentError for a relation that the set does not have, and for a query on another table
 */
export function includeOf({ model, sets }: BoundSet, name: unknown, given: unknown): Include {
  const relation =
    typeof name === 'string' && Object.hasOwn(model.relations, name)
      ? model.relations[name]
      : undefined
  if (!relation) throw includeUnknown(model.table, String(name), Object.keys(model.relations))
  const related = typeof given === 'function' ? given(sets.only(relation.table)) : given
  if (related === undefined) return { name: name as string, relation, related: undefined }
  if (!(related instanceof Query) || setOf(related).model.table !== relation.table)
    throw includeOfOtherTable(model.table, name as string, relation.table)
  return { name: name as string, relation, related }
}

/**
 * Reads the related rows of a list by one query more for each relation, and puts them where they belong: into a property of its name, and on the other
 * side into that of the relation back, which no JSON shows.
 * @param tracked whether the rows are tracked, and so those that they lead to
 */
export async function readIncludes(
  set: BoundSet,
  rows: readonly Row[],
  includes: readonly Include[],
  tracked: boolean,
): Promise<void> {
  if (rows.length === 0) return
  for (const include of includes) {
    const { kind } = include.relation
    await (kind === 'many' ? readMany : readOne)(set, rows, include, tracked)
  }
}

async function readMany(
  set: BoundSet,
  rows: readonly Row[],
  { name, relation, related }: Include,
  tracked: boolean,
): Promise<void> {
  const { model } = set
  if (model.keys.length !== 1) throw includeKeyOfSeveral(model.table, name)
  const query = related ?? set.sets.only(relation.table)
  const keys = distinct(rows.map(row => row[model.key]))
  const found = await readIn(query, relation.by, [...keys.values()], tracked)
  const lists = Map.groupBy(found.rows, row => identityOfValue(row[relation.by]))
  const back = backTo(query, model.table, relation.by)
  for (const row of rows) {
    const list = lists.get(identityOfValue(row[model.key])) ?? []
    row[name] = found.part(list)
    if (back) for (const child of list) setHidden(child, back, row)
  }
  found.giveBack(relation.by)
}

async function readOne(
  set: BoundSet,
  rows: readonly Row[],
  { name, relation, related }: Include,
  tracked: boolean,
): Promise<void> {
  const query = related ?? set.sets.only(relation.table)
  const { model } = setOf(query)
  if (model.keys.length !== 1) throw includeKeyOfSeveral(relation.table, name)
  const keys = distinct(rows.map(row => row[relation.by]))
  const found = await readIn(query, model.key, [...keys.values()], tracked)
  const byKey = new Map(found.rows.map(row => [identityOfValue(row[model.key]), row]))
  for (const row of rows) {
    const key = identityOfValue(row[relation.by])
    const one = key === undefined ? undefined : byKey.get(key)
    if (!one && key !== undefined && relation.kind === 'one')
      throw relatedMissing(set.model.table, name, relation.table)
    row[name] = one ?? null
  }
  found.giveBack(model.key)
}

interface Found {
  readonly rows: Row[]
  readonly part: (rows: readonly Row[]) => readonly unknown[]
  /** Takes the column by which rows were told apart away from those that were not to have it. */
  readonly giveBack: (name: string) => void
}

/** In parts, so that no statement grows without end. */
async function readIn(
  query: Query<any, any, any>,
  column: string,
  keys: readonly unknown[],
  tracked: boolean,
): Promise<Found> {
  const rows: Row[] = []
  let part: Found['part'] = list => list
  let isBorrowed = false
  for (let i = 0; i < keys.length; i += MOST_KEYS) {
    const read = await relatedRows(query, column, keys.slice(i, i + MOST_KEYS), tracked)
    rows.push(...(read.rows as Row[]))
    part = read.part
    isBorrowed = read.isBorrowed
  }
  const giveBack = (name: string) => {
    if (isBorrowed) for (const row of rows) delete row[name]
  }
  return { rows, part, giveBack }
}

function distinct(values: readonly unknown[]): Map<Identity, unknown> {
  const map = new Map<Identity, unknown>()
  for (const value of values) {
    const identity = identityOfValue(value)
    if (identity !== undefined) map.set(identity, value)
  }
  return map
}

/** The relation of the other set that leads back here, by the same column. */
function backTo(query: Query<any, any, any>, table: string, by: string): string | undefined {
  const { relations } = setOf(query).model
  return Object.keys(relations).find(name => {
    const { kind, table: other, by: column } = relations[name]!
    return kind !== 'many' && other === table && column === by
  })
}

/** For whoever goes back by it: JSON and spread would go round in a circle. */
export function setHidden(row: object, name: string, value: unknown): void {
  if (Object.getOwnPropertyDescriptor(row, name)?.enumerable) return
  Object.defineProperty(row, name, {
    value,
    configurable: true,
    enumerable: false,
    writable: true,
  })
}
