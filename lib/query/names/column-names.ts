import { columnNameTwice, nameDoesNotSurvive } from '../../errors.js'

/** How names of columns follow from those of properties: `snake_case` makes `user_id` of `userId`. */
export type Naming = 'snake_case'

/** Which properties of which tables have columns of other names, as the sets of a class say. */
export class DeclaredNames {
  readonly #context: string
  readonly #tables = new Map<string, Map<string, string>>()

  /** @param context names the class */
  constructor(context: string) {
    this.#context = context
  }

  /**
   * What a set says of its table; it holds for all sets of the table.
   * @returns whether it is new
   * @throws RegistrationError for two names of one property, and for two properties of one name
   */
  add(table: string, names: ReadonlyMap<string, string>): boolean {
    let known = this.#tables.get(table)
    if (!known) this.#tables.set(table, (known = new Map()))
    let isNew = false
    for (const [property, column] of names) {
      const other = known.get(property)
      if (other === column) continue
      const taken = [...known].find(([, name]) => name === column)?.[0]
      if (other !== undefined || taken !== undefined || known.has(column) || names.has(column))
        throw columnNameTwice(this.#context, table, property, column)
      known.set(property, column)
      isNew = true
    }
    return isNew
  }

  of(table: string): ReadonlyMap<string, string> {
    return this.#tables.get(table) ?? NONE
  }
}

const NONE: ReadonlyMap<string, string> = new Map()

/** Properties and columns of a context's tables, each by the other: whatever was declared, and otherwise by one rule. */
export class ColumnNames {
  readonly #declared: DeclaredNames
  readonly #naming: Naming | undefined
  readonly #properties = new Map<string, ReadonlyMap<string, string>>()

  constructor(declared: DeclaredNames, naming: Naming | undefined) {
    this.#declared = declared
    this.#naming = naming
  }

  /** Whether names follow from those of properties where nothing is declared. */
  get hasRule(): boolean {
    return this.#naming !== undefined
  }

  /** Whether a set of the table says a name for it. */
  isDeclared(table: string, property: string): boolean {
    return this.#declared.of(table).has(property)
  }

  /** What is a column's name already stays as it is: Kysely shows a query's parts to plugins more than once. */
  columnOf(table: string, property: string): string {
    return this.#declared.of(table).get(property) ?? this.ruled(property)
  }

  propertyOf(table: string, column: string): string {
    return this.#propertiesOf(table).get(column) ?? this.ruledBack(column)
  }

  /** By the rule alone, for a name whose table is not known. */
  ruled(property: string): string {
    return this.#naming === undefined ? property : snake(property)
  }

  ruledBack(column: string): string {
    return this.#naming === undefined ? column : camel(column)
  }

  #propertiesOf(table: string): ReadonlyMap<string, string> {
    const known = this.#properties.get(table)
    const declared = this.#declared.of(table)
    if (known?.size === declared.size) return known
    const back = new Map([...declared].map(([property, column]) => [column, property]))
    this.#properties.set(table, back)
    return back
  }
}

/**
 * A name that the rule would give back as another one: `user_id` is the column of `userId`.
 * @throws RegistrationError
 */
export function checkSurvives(
  naming: Naming,
  context: string,
  table: string,
  property: string,
): void {
  const back = camel(snake(property))
  if (back !== property) throw nameDoesNotSurvive(context, table, property, naming, back)
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}

/** Only what {@link snake} would make of the result: `line_1` and `user_ID` are names of their own. */
function camel(name: string): string {
  const property = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
  return snake(property) === name ? property : name
}
