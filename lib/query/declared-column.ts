import type { DialectValues } from '../connection/dialect-values.js'
import type { StoredAs } from '../connection/driver.js'
import { allowsNull, ruleAfter, type AfterRule, type ColumnRule } from './column-rule.js'
import type { AnyColumn, ColumnFacets, ColumnTypeName, ColumnValue } from './column.js'
import { checkDefault } from './column-values.js'
import { equalValues, snapshotValue } from './compare.js'

/** How a type of column treats its values. One object for all columns of the type. */
export interface ValueType extends ColumnValue<any> {
  readonly type: ColumnTypeName
  /** What it asks of the column that it is kept in; nothing where any will do. */
  readonly storedAs?: StoredAs
  readonly facets?: ColumnFacets
}

const NO_FACETS: ColumnFacets = Object.freeze({})

/** How many columns of a type are remembered; the names come from code, which may make them up. */
const MOST_NAMES = 5000

/** A column of Mayfly's own making. It holds nothing of the context that declares it. */
export class DeclaredColumn implements AnyColumn {
  readonly type: ColumnTypeName
  readonly facets: ColumnFacets
  readonly rule: ColumnRule
  readonly defaultValue: unknown
  readonly fromDriver: (value: unknown, dialect: DialectValues) => unknown
  readonly toDriver: (value: any, dialect: DialectValues) => unknown
  readonly equals: (a: unknown, b: unknown) => boolean
  readonly snapshot: (value: unknown) => unknown
  readonly storedAs: StoredAs | undefined
  /** The name of the column, where it is not that of the property. */
  readonly columnName: string | undefined
  readonly #of: ValueType
  /** The columns of this type without a default, by rule and name: a context declares its columns each time one is made. */
  readonly #family: Map<string, DeclaredColumn>

  private constructor(
    of: ValueType,
    family: Map<string, DeclaredColumn>,
    rule: ColumnRule,
    columnName?: string,
    defaultValue?: unknown,
  ) {
    this.type = of.type
    this.facets = of.facets ?? NO_FACETS
    this.rule = rule
    this.defaultValue = defaultValue
    this.fromDriver = of.fromDriver
    this.toDriver = of.toDriver
    this.equals = of.equals ?? equalValues
    this.snapshot = of.snapshot ?? snapshotValue
    this.storedAs = of.storedAs
    this.columnName = columnName
    this.#of = of
    this.#family = family
    Object.freeze(this)
  }

  /** The column that was declared: Mayfly's own, or one around functions of the user's. */
  static of(declared: ColumnValue<any>): DeclaredColumn {
    if (declared instanceof DeclaredColumn) return declared
    const { equals, snapshot } = declared
    return DeclaredColumn.required({
      type: 'custom',
      fromDriver: (value, dialect) => declared.fromDriver(value, dialect),
      toDriver: (value, dialect) => declared.toDriver(value, dialect),
      equals: equals && ((a, b) => equals.call(declared, a, b)),
      snapshot: snapshot && (value => snapshot.call(declared, value)),
    })
  }

  static required(of: ValueType): DeclaredColumn {
    const family = new Map<string, DeclaredColumn>()
    const column = new DeclaredColumn(of, family, 'required')
    family.set('required', column)
    return column
  }

  nullable(): any {
    return this.#told('nullable')
  }

  generated(): any {
    return this.#told('generated')
  }

  default(value: unknown): any {
    checkDefault(this, value)
    const rule = ruleAfter('generated', this.rule)
    return new DeclaredColumn(this.#of, this.#family, rule, this.columnName, this.snapshot(value))
  }

  generatedAlways(): any {
    return this.#told('generatedAlways')
  }

  fixed(): any {
    return this.#told('fixed')
  }

  get allowsNull(): boolean {
    return allowsNull(this.rule)
  }

  /** Whether both were declared with the same words. */
  isSame(other: unknown): boolean {
    if (this === other) return true
    return (
      other instanceof DeclaredColumn &&
      this.#of === other.#of &&
      this.rule === other.rule &&
      this.columnName === other.columnName &&
      this.defaultValue !== undefined &&
      other.defaultValue !== undefined &&
      this.equals(this.defaultValue, other.defaultValue)
    )
  }

  #told(what: keyof AfterRule): DeclaredColumn {
    return this.#with(ruleAfter(what, this.rule), this.columnName)
  }

  /** The same column under another name than its property's. */
  named(columnName: string): DeclaredColumn {
    return this.#with(this.rule, columnName)
  }

  #with(rule: ColumnRule, name: string | undefined): DeclaredColumn {
    if (this.defaultValue !== undefined)
      return new DeclaredColumn(this.#of, this.#family, rule, name, this.defaultValue)
    const key = name === undefined ? rule : `${rule} ${name}`
    let column = this.#family.get(key)
    if (!column) {
      if (this.#family.size >= MOST_NAMES) this.#family.clear()
      this.#family.set(key, (column = new DeclaredColumn(this.#of, this.#family, rule, name)))
    }
    return column
  }
}
