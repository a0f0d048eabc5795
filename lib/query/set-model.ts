import type { StoredColumns } from '../connection/driver.js'
import { invalidSet, RegistrationError } from '../errors.js'
import { anything, checkEachOption, type OptionChecks } from '../support/check-options.js'
import type { AnyColumn, ColumnValue } from './column.js'
import { DeclaredColumn } from './declared-column.js'
import { isUntyped } from './named-column.js'
import { checkedRelations, NO_RELATIONS, type Relation } from './relations.js'
import { versionKindOf, type VersionKind } from './version.js'

/** What a context's class declares of one table. */
export interface SetModel {
  /** The name of the table. */
  readonly table: string
  /** The column that identifies a row; the names of several with commas. */
  readonly key: string
  /** Of one column or several: a row is who it is by their values together. */
  readonly keys: readonly string[]
  /** The column that tells of another's change: each save moves it on, and one that has moved meanwhile is a lost update. */
  readonly version: string | undefined
  /** Which columns refer to rows of which tables. */
  readonly references: Readonly<Record<string, string>>
  /** What its rows lead to, by the name of the property that has it. */
  readonly relations: Readonly<Record<string, Relation>>
  /** Whether `columns` are all that the table has, as far as the set knows it. */
  readonly complete: boolean
  /** The columns that have a declared type. */
  readonly columns: Readonly<Record<string, AnyColumn>>
  /** The names of columns that are not those of their properties, by property. */
  readonly columnNames: ReadonlyMap<string, string>
}

/** How a set is declared, as far as its model goes: the filter belongs to the context, whose fields it reads. */
export interface SetDeclaration {
  readonly key: string | readonly string[]
  readonly version?: string | undefined
  readonly references?: Readonly<Record<string, string | undefined>> | undefined
  readonly relations?: Readonly<Record<string, Relation>> | undefined
  readonly complete?: boolean | undefined
  readonly columns?: Readonly<Record<string, ColumnValue<any> | undefined>> | undefined
}

/** A model, with what each query wants of it at hand. */
export class DeclaredSet implements SetModel {
  readonly table: string
  readonly key: string
  readonly keys: readonly string[]
  readonly version: string | undefined
  readonly versionKind: VersionKind
  readonly references: Readonly<Record<string, string>>
  readonly relations: Readonly<Record<string, Relation>>
  readonly complete: boolean
  readonly columns: Readonly<Record<string, DeclaredColumn>>
  /** Of a key of one column, where that is declared. */
  readonly keyColumn: DeclaredColumn | undefined
  /** The names of columns that are not those of their properties, by property. */
  readonly columnNames: ReadonlyMap<string, string>
  /** The declared columns, to go through. */
  readonly declared: readonly (readonly [string, DeclaredColumn])[]
  /** Names what a row of the set is, among the sets of all classes: the table, and for a complete set its columns. */
  readonly rowName: string
  /**
   * Names the objects that its rows are: those of two sets of one table are the same where both give their columns the same types. Values that were read
   * in another way are no values of this set.
   */
  readonly identityName: string
  /** What its columns ask of the table's; `undefined` where they ask nothing. */
  readonly stores: StoredColumns | undefined
  /** All that were given, with those of which only the name is known. */
  readonly #given: ReadonlyMap<string, DeclaredColumn>
  readonly #declaredReferences: Readonly<Record<string, string | undefined>>
  /** Whether contexts may share it: columns of the user's making may hold the context that they were made in. */
  readonly isShared: boolean

  /** @throws RegistrationError for a set that cannot work */
  constructor(context: string, table: unknown, options: SetDeclaration) {
    checkDeclaration(context, table, options)
    const { key, version, references, relations, complete = false, columns = NO_COLUMNS } = options
    this.table = table
    this.keys = Object.freeze(typeof key === 'string' ? [key] : [...key])
    this.key = this.keys.join(', ')
    this.version = version
    this.relations = relations ? checkedRelations(context, table, relations) : NO_RELATIONS
    this.#declaredReferences = Object.freeze({ ...references })
    this.references = referencesOf(context, table, references, this.relations)
    this.complete = complete
    const all = declaredColumns(context, table, columns)
    this.#given = new Map(all)
    this.columnNames = namesOf(all)
    const untyped = all.find(([, column]) => isUntyped(column))
    if (complete && untyped)
      throw invalidSet(context, table, `is complete, but does not say the type of ${untyped[0]}`)
    this.declared = all.filter(([, column]) => !isUntyped(column))
    this.columns = Object.freeze(Object.fromEntries(this.declared))
    this.keyColumn = this.column(this.key)
    const versionColumn = version === undefined ? undefined : this.column(version)
    const versionKind = versionKindOf(versionColumn)
    if (!versionKind)
      throw invalidSet(
        context,
        table,
        `has a version of the type ${versionColumn!.type}, and a version is a whole number, integer() or bigInt(), or a time, dateTime(), which each ` +
          'save moves on; or what the database makes, generatedAlways()',
      )
    this.versionKind = versionKind
    const unnamed = this.keys.find(name => !this.column(name))
    if (complete && unnamed !== undefined)
      throw invalidSet(
        context,
        table,
        `is complete, but does not name the column of its key, ${unnamed}`,
      )
    this.rowName = complete ? [table, ...Object.keys(this.columns)].join('\0') : table
    this.identityName = [table, ...this.declared.map(identified).toSorted()].join('\0')
    this.stores = storedColumns(table, this.declared)
    this.isShared = this.declared.every(([, { type }]) => type !== 'custom')
  }

  column(name: string): DeclaredColumn | undefined {
    return Object.hasOwn(this.columns, name) ? this.columns[name] : undefined
  }

  isDeclaredBy(declaration: SetDeclaration): boolean {
    const { columns } = declaration
    if (!this.#hasKey(declaration.key) || this.version !== declaration.version) return false
    if (this.complete !== (declaration.complete ?? false)) return false
    if (!this.#isRelatedAs(declaration.references, declaration.relations)) return false
    let count = 0
    for (const name in columns) {
      const column = columns[name]
      if (column === undefined) continue
      // Mostly it is the very same, and that is seen sooner than anything else.
      const known = this.#given.get(name)
      if (column !== known && !known?.isSame(column)) return false
      count++
    }
    return count === this.#given.size
  }

  #hasKey(key: SetDeclaration['key']): boolean {
    if (typeof key === 'string') return this.keys.length === 1 && key === this.key
    // What is no key at all is refused when the model is made.
    if (!Array.isArray(key)) return false
    return key.length === this.keys.length && key.every((name, i) => name === this.keys[i])
  }

  /** What is declared with the same words is the very same, but for an object of the user's making. */
  #isRelatedAs(
    references: SetDeclaration['references'] = NO_REFERENCES,
    relations: SetDeclaration['relations'] = NO_RELATIONS,
  ): boolean {
    for (const name in relations) if (relations[name] !== this.relations[name]) return false
    for (const column in references)
      if (references[column] !== this.#declaredReferences[column]) return false
    return (
      Object.keys(relations).length === Object.keys(this.relations).length &&
      Object.keys(references).length === Object.keys(this.#declaredReferences).length
    )
  }
}

function namesOf(
  columns: readonly (readonly [string, DeclaredColumn])[],
): ReadonlyMap<string, string> {
  return new Map(
    columns.flatMap(([property, { columnName }]) =>
      columnName === undefined || columnName === property ? [] : [[property, columnName] as const],
    ),
  )
}

const columnNumbers = new WeakMap<DeclaredColumn, number>()
let columnsNumbered = 0

function identified([name, column]: readonly [string, DeclaredColumn]): string {
  let number = columnNumbers.get(column)
  if (number === undefined) columnNumbers.set(column, (number = ++columnsNumbered))
  return `${name} ${number}`
}

const NO_REFERENCES: Readonly<Record<string, string>> = Object.freeze({})

/** A relation to one row says the same as a reference. */
function referencesOf(
  context: string,
  table: string,
  references: NonNullable<SetDeclaration['references']> = NO_REFERENCES,
  relations: Readonly<Record<string, Relation>>,
): Readonly<Record<string, string>> {
  const all: Record<string, string> = {}
  for (const { kind, table: to, by } of Object.values(relations)) if (kind !== 'many') all[by] = to
  for (const [column, to] of Object.entries(references)) {
    if (to === undefined) continue
    if (typeof to !== 'string' || to === '') {
      const what = "refers to tables by their names: references: { userId: 'users' }"
      throw invalidSet(context, table, what)
    }
    all[column] = to
  }
  return Object.freeze(all)
}

const NO_COLUMNS: NonNullable<SetDeclaration['columns']> = {}

/** The filter is no part of the model; whoever gives it checks it each time. */
const OPTIONS: OptionChecks<SetDeclaration & { readonly filter?: unknown }> = {
  key: anything,
  version: anything,
  references: anything,
  relations: anything,
  complete: anything,
  columns: anything,
  filter: anything,
}

function checkDeclaration(
  context: string,
  table: unknown,
  options: SetDeclaration,
): asserts table is string {
  if (typeof table !== 'string' || table === '')
    throw invalidSet(context, String(table), 'needs the name of its table')
  if (!isKey(options?.key)) {
    const what =
      "needs the column that identifies a row: set('users', { key: 'id' }), or several of them: { key: ['orderId', 'line'] }"
    throw invalidSet(context, table, what)
  }
  checkEachOption(RegistrationError, `set('${table}') of ${context}`, options, OPTIONS)
  if (options.complete !== undefined && typeof options.complete !== 'boolean')
    throw invalidSet(context, table, 'is complete or not: true or false')
}

function isKey(key: unknown): boolean {
  const names: readonly unknown[] = Array.isArray(key) ? key : [key]
  const isNamed = names.every(name => typeof name === 'string' && name !== '')
  return isNamed && names.length > 0 && new Set(names).size === names.length
}

function declaredColumns(
  context: string,
  table: string,
  columns: NonNullable<SetDeclaration['columns']>,
): [string, DeclaredColumn][] {
  return Object.entries(columns).flatMap(([name, column]): [string, DeclaredColumn][] => {
    if (column === undefined) return []
    if (typeof column?.fromDriver !== 'function' || typeof column.toDriver !== 'function') {
      const what = `has something that is no column type for ${name}: use text(), dateTime() and its like`
      throw invalidSet(context, table, what)
    }
    return [[name, DeclaredColumn.of(column)]]
  })
}

function storedColumns(
  table: string,
  declared: DeclaredSet['declared'],
): StoredColumns | undefined {
  const columns = declared.flatMap(([name, { storedAs, type }]) =>
    storedAs ? [[name, storedAs, type] as const] : [],
  )
  return columns.length === 0 ? undefined : { table, columns }
}
