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
}

/** The sources of one statement, or of one inside of it. */
export class Scope {
  readonly #outer: Scope | undefined
  readonly #sources = new Map<string, Source>()
  /** Parts of the statement that have a name, whether they are asked for here or further inside. */
  readonly #common = new Map<string, Source>()
  /** Names that the statement gives to what it selects. */
  readonly aliases: ReadonlySet<string>

  constructor(node: OperationNode, outer: Scope | undefined) {
    this.#outer = outer
    for (const { name, expression } of commonTables(node))
      this.#common.set(name, sourceOf(expression, this))
    const parts: Partial<Record<string, any>> = node as never
    for (const source of [
      ...((parts['from']?.froms as OperationNode[] | undefined) ?? []),
      ...((parts['joins'] as OperationNode[] | undefined) ?? []),
      parts['into'] as OperationNode | undefined,
      parts['table'] as OperationNode | undefined,
      parts['using'] as OperationNode | undefined,
    ])
      if (source) this.#add(source)
    this.aliases = new Set(madeNames(parts['selections'] as SelectionNode[] | undefined))
  }

  /** All tables whose columns may be in `*`. */
  get tables(): readonly string[] {
    return [...this.#sources.values()].flatMap(({ tables }) => tables)
  }

  /** The column that is meant by a name, which may be said to be of a source. */
  columnOf(names: ColumnNames, property: string, of: string | undefined): string {
    if (of !== undefined) {
      const source = this.find(of)
      return source ? columnIn(source, names, property) : names.columnOf(of, property)
    }
    for (let scope: Scope | undefined = this; scope; scope = scope.#outer) {
      const sources = [...scope.#sources.values()]
      if (sources.some(({ made }) => made.has(property))) return property
      for (const { tables } of sources)
        for (const table of tables)
          if (names.isDeclared(table, property)) return names.columnOf(table, property)
      if (names.hasRule && scope.tables.length > 0) return names.ruled(property)
    }
    return property
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

  #add(node: OperationNode): void {
    if (JoinNode.is(node)) return this.#add(node.table)
    if (ListNode.is(node)) return node.items.forEach(item => this.#add(item))
    if (UsingNode.is(node)) return node.tables.forEach(table => this.#add(table))
    if (TableNode.is(node)) {
      const { schema, identifier } = node.table
      const made = schema ? undefined : this.find(identifier.name)
      this.#sources.set(identifier.name, made ?? tableSource(nameOf(node)))
    } else if (AliasNode.is(node) && IdentifierNode.is(node.alias))
      this.#sources.set(node.alias.name, sourceOf(node.node, this))
  }
}

/** The name of a table as its set says it. */
export function nameOf({ table: { schema, identifier } }: TableNode): string {
  return schema ? `${schema.name}.${identifier.name}` : identifier.name
}

function tableSource(table: string): Source {
  return { tables: [table], made: NOTHING }
}

const NOTHING: ReadonlySet<string> = new Set()

function sourceOf(node: OperationNode, outer: Scope): Source {
  if (TableNode.is(node))
    return (
      (node.table.schema ? undefined : outer.find(node.table.identifier.name)) ??
      tableSource(nameOf(node))
    )
  const selections = selectionsOf(node)
  // Raw SQL has names of its own.
  if (!selections) return { tables: [], made: NOTHING }
  const isAll = selections.some(selectsAll)
  return {
    tables: isAll ? new Scope(node, outer).tables : [],
    made: new Set(selections.flatMap(({ selection }) => outputOf(selection) ?? [])),
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

export function selectsAll({ selection }: SelectionNode): boolean {
  return (
    SelectAllNode.is(selection) ||
    (ReferenceNode.is(selection) && SelectAllNode.is(selection.column))
  )
}

function columnIn({ tables, made }: Source, names: ColumnNames, property: string): string {
  if (made.has(property)) return property
  const table = tables.find(one => names.isDeclared(one, property)) ?? tables[0]
  return table === undefined ? property : names.columnOf(table, property)
}
