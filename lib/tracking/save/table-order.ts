import type { DeclaredSet } from '../../query/set-model.js'
import type { RowChange } from '../row-change.js'
import { parentsFirst } from './row-order.js'

/** Which tables refer to which, as far as sets say so. */
export class TableOrder {
  readonly #parents = new Map<string, Set<string>>()
  readonly #ranks = new Map<string, number>()

  constructor(models: Iterable<DeclaredSet>) {
    for (const { table, references, relations } of models) {
      const parents = this.#parents.get(table) ?? new Set()
      for (const parent of Object.values(references)) parents.add(parent)
      this.#parents.set(table, parents)
      for (const { kind, table: child } of Object.values(relations))
        if (kind === 'many')
          this.#parents.set(child, (this.#parents.get(child) ?? new Set()).add(table))
    }
    for (const table of [...this.#parents.keys()].toSorted()) this.#visit(table, new Set())
  }

  /** Parents are less than their children; a circle is cut somewhere, the same for every save. */
  rank(table: string): number {
    return this.#ranks.get(table) ?? -1
  }

  refersTo(table: string, parent: string): boolean {
    return this.#parents.get(table)?.has(parent) ?? false
  }

  #visit(table: string, open: Set<string>): void {
    if (this.#ranks.has(table) || open.has(table)) return
    open.add(table)
    for (const parent of [...(this.#parents.get(table) ?? [])].toSorted()) this.#visit(parent, open)
    if (this.#parents.has(table)) this.#ranks.set(table, this.#ranks.size)
  }
}

/**
 * The order in which changes are sent, the same for every save of the same tables, so that two saves do not wait for each other: what must be there before
 * it is referred to, and what must be gone before its values are taken again. Deletes come first and inserts before updates, but for tables where a row
 * has to be moved away from another one, or to a new one.
 */
export function inOrder(changes: readonly RowChange[]): RowChange[] {
  const tables = new TableOrder(new Set(changes.map(({ model }) => model)))
  const of = (kind: RowChange['kind']) =>
    new Set(changes.filter(change => change.kind === kind).map(tableOf))
  const [inserted, updated] = [of('insert'), of('update')]
  const late = lateDeletes(of('delete'), updated, tables)
  const phaseOf = (change: RowChange): number => {
    const table = tableOf(change)
    if (change.kind === 'delete') return late.has(table) ? 4 : 0
    if (change.kind === 'insert') return 2
    return [...inserted].some(parent => tables.refersTo(table, parent)) ? 3 : 1
  }
  const sorted = changes.map((change, index) => ({
    change,
    index,
    phase: phaseOf(change),
    rank: tables.rank(tableOf(change)) * (change.kind === 'delete' ? -1 : 1),
  }))
  const ordered = sorted.toSorted(
    (a, b) =>
      a.phase - b.phase ||
      a.rank - b.rank ||
      byTable(a.change, b.change) ||
      byRow(a.change, b.change) ||
      a.index - b.index,
  )
  return parentsFirst(ordered.map(({ change }) => change))
}

/** Rows of these are referred to by rows that are about to be moved away from them. */
function lateDeletes(
  deleted: ReadonlySet<string>,
  updated: ReadonlySet<string>,
  tables: TableOrder,
): ReadonlySet<string> {
  const late = new Set<string>()
  for (let before = -1; before !== late.size;) {
    before = late.size
    for (const table of deleted)
      if ([...updated, ...late].some(child => tables.refersTo(child, table))) late.add(table)
  }
  return late
}

function tableOf({ model }: RowChange): string {
  return model.table
}

function byTable(a: RowChange, b: RowChange): number {
  const [x, y] = [tableOf(a), tableOf(b)]
  return x < y ? -1 : x > y ? 1 : 0
}

/** Rows are locked in the order of their keys. New ones stay in the order in which they were added, but for those that refer to each other. */
function byRow(a: RowChange, b: RowChange): number {
  if (a.kind === 'insert' || b.kind === 'insert') return 0
  for (const name of a.model.keys) {
    const [x, y] = [a.where[name], b.where[name]] as [number, number]
    if (x < y) return -1
    if (x > y) return 1
  }
  return 0
}
