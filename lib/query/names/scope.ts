import {
  AliasNode,
  ColumnNode,
  IdentifierNode,
  JoinNode,
  ListNode,
  ReferenceNode,
  SelectAllNode,
  SelectQueryNode,
  TableNode,
  UsingNode,
  type OperationNode,
  type SelectionNode,
} from 'kysely'
import type { ColumnNames } from './column-names.js'

/** Rows that a statement names: of a table, or of a part of the statement that has made its own names. */
interface Source {
  /** The tables whose columns it has as they are. */
  readonly tables: readonly string[]
  /** Names that were made by the statement. */
  readonly made: ReadonlySet<string>
  /** Whether it may have columns that nobody has named, as tables and raw SQL have. */
  readonly isOpen: boolean
}

const NO_NAMES: ReadonlySet<string> = new Set()

/** Raw SQL, and what is not known: it has names of its own. */
const UNKNOWN: Source = { tables: [], made: NO_NAMES, isOpen: true }

/** The sources of one statement, or of one inside of it. */
export class Scope {
  readonly #outer: Scope | undefined
  readonly #sources = new Map<string, Source>()
  /** Parts of the statement that have a name, whether they are asked for here or further inside. */
  readonly #common = new Map<string, Source>()
  /** Of an update: the table that it writes, among others that it reads. */
  readonly #written: Source | undefined
  #together: Source | undefined
  /** Names that the statement gives to what it selects. */
  readonly aliases: ReadonlySet<string>

  constructor(node: OperationNode, outer?: Scope) {
    this.#outer = outer
    for (const { name, expression } of commonTables(node))
      this.#common.set(name, sourceOf(expression, this))
    const parts: Partial<Record<string, any>> = node as never
    const table = parts['table'] as OperationNode | undefined
    for (const source of [
      ...((parts['from']?.froms as OperationNode[] | undefined) ?? []),
      ...((parts['joins'] as OperationNode[] | undefined) ?? []),
      parts['into'] as OperationNode | undefined,
      parts['using'] as OperationNode | undefined,
    ])
      if (source) this.#add(source)
    this.#written = table && this.#add(table)
    this.aliases = new Set(madeNames(parts['selections'] as SelectionNode[] | undefined))
  }

  /** The column that is meant by a name, which may be said to be of a source. */
  columnOf(names: ColumnNames, property: string, of: string | undefined): string {
    if (of !== undefined) {
      const source = this.find(of)
      return source ? columnIn(source, names, property) : names.columnOf(of, property)
    }
    // As the database sees it: of the innermost statement that may have it.
    for (let scope: Scope | undefined = this; scope; scope = scope.#outer) {
      const { tables, made, isOpen } = scope.#all
      if (made.has(property)) return property
      for (const table of tables)
        if (names.isDeclared(table, property)) return names.columnOf(table, property)
      if (isOpen) return tables.length > 0 ? names.ruled(property) : property
    }
    return property
  }

  /** The column that the statement writes: of its own table, whatever else it reads. */
  writtenColumn(names: ColumnNames, property: string): string {
    return this.#written
      ? columnIn(this.#written, names, property)
      : this.columnOf(names, property, undefined)
  }

  /** What `*` brings, or that of one source. */
  star({ selection }: SelectionNode): Source {
    const table = ReferenceNode.is(selection) ? selection.table : undefined
    return table && TableNode.is(table) ? (this.find(nameOf(table)) ?? UNKNOWN) : this.#all
  }

  /** A source of this statement, or of one around it. */
  find(name: string): Source | undefined {
    for (let scope: Scope | undefined = this; scope; scope = scope.#outer) {
      const source = scope.#sources.get(name) ?? scope.#common.get(name)
      if (source) return source
    }
    // What an insert found there already, or would have written.
    return name === 'excluded' ? [...this.#sources.values()][0] : undefined
  }

  /** All sources as one; asked for when there are no more to come. */
  get #all(): Source {
    return (this.#together ??= together([...this.#sources.values()]))
  }

  /** @returns the source, where it is one */
  #add(node: OperationNode): Source | undefined {
    if (JoinNode.is(node)) return this.#add(node.table)
    const several = ListNode.is(node) ? node.items : UsingNode.is(node) ? node.tables : undefined
    if (several) {
      for (const one of several) this.#add(one)
      return undefined
    }
    const name = TableNode.is(node)
      ? node.table.identifier.name
      : AliasNode.is(node) && IdentifierNode.is(node.alias)
        ? node.alias.name
        : undefined
    if (name === undefined) return undefined
    const source = sourceOf(AliasNode.is(node) ? node.node : node, this)
    this.#sources.set(name, source)
    return source
  }
}

/** The name of a table as its set says it. */
export function nameOf({ table: { schema, identifier } }: TableNode): string {
  return schema ? `${schema.name}.${identifier.name}` : identifier.name
}

function sourceOf(node: OperationNode, outer: Scope): Source {
  if (TableNode.is(node)) {
    const { schema, identifier } = node.table
    const made = schema ? undefined : outer.find(identifier.name)
    return made ?? { tables: [nameOf(node)], made: NO_NAMES, isOpen: true }
  }
  return resultOf(node, outer) ?? UNKNOWN
}

/** What the rows have that a statement gives. @returns `undefined` where nobody knows */
export function resultOf(node: OperationNode, outer?: Scope): Source | undefined {
  const selections = selectionsOf(node)
  if (!selections) return undefined
  const made = selections.flatMap(({ selection }) => outputOf(selection) ?? [])
  const named: Source = { tables: [], made: new Set(made), isOpen: false }
  const stars = selections.filter(isStar)
  if (stars.length === 0) return named
  const scope = new Scope(node, outer)
  return together([...stars.map(star => scope.star(star)), named])
}

function isStar({ selection }: SelectionNode): boolean {
  return SelectAllNode.is(ReferenceNode.is(selection) ? selection.column : selection)
}

function together(sources: readonly Source[]): Source {
  return {
    tables: sources.flatMap(({ tables }) => tables),
    made: new Set(sources.flatMap(({ made }) => [...made])),
    isOpen: sources.some(({ isOpen }) => isOpen),
  }
}

function selectionsOf(node: OperationNode): readonly SelectionNode[] | undefined {
  if (SelectQueryNode.is(node)) return node.selections ?? []
  return (node as { returning?: { selections: readonly SelectionNode[] } }).returning?.selections
}

function* commonTables(
  node: OperationNode,
): Generator<{ readonly name: string; readonly expression: OperationNode }> {
  const { with: given } = node as {
    with?: {
      expressions: readonly { name: { table: TableNode }; expression: OperationNode }[]
    }
  }
  for (const { name, expression } of given?.expressions ?? [])
    yield { name: name.table.table.identifier.name, expression }
}

function madeNames(selections: readonly SelectionNode[] | undefined): string[] {
  return (selections ?? []).flatMap(({ selection }) =>
    AliasNode.is(selection) && IdentifierNode.is(selection.alias) ? [selection.alias.name] : [],
  )
}

/** Under which name a selection is in the row: a column under its property's, once names have been made of it. */
function outputOf(node: OperationNode): string | undefined {
  if (AliasNode.is(node)) return IdentifierNode.is(node.alias) ? node.alias.name : undefined
  if (ColumnNode.is(node)) return node.column.name
  return ReferenceNode.is(node) && ColumnNode.is(node.column) ? node.column.column.name : undefined
}

function columnIn({ tables, made }: Source, names: ColumnNames, property: string): string {
  if (made.has(property)) return property
  const table = tables.find(one => names.isDeclared(one, property)) ?? tables[0]
  return table === undefined ? property : names.columnOf(table, property)
}
