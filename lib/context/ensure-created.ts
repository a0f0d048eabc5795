import { sql, type ColumnDefinitionBuilder, type CreateTableBuilder, type Kysely } from 'kysely'
import { schemaNeedsComplete, schemaOfOther, schemaUnsaid } from '../errors.js'
import { columnDdl, type KnownFamily } from '../query/column-ddl.js'
import { DbSet } from '../query/db-set.js'
import { setOf } from '../query/rows.js'
import type { DeclaredSet } from '../query/set-model.js'
import { columnOf, type SqlSource } from '../query/sql-source.js'
import { DbContext } from './db-context.js'

/** The sets of a context that do not name every column, by the names of their fields. */
export type PartialSets<C> = {
  [P in keyof C]: C[P] extends DbSet<any, any, any, any, infer Columns>
    ? Columns extends 'complete'
      ? never
      : P
    : never
}[keyof C]

/**
 * Makes the tables of a context that are not there yet, of its complete sets: columns, keys, and what refers to other tables. For demos, tests and first steps:
 * it is no migration tool, adds no indexes, looks at no table that is there, and of tables that refer to each other in a circle one goes without its foreign
 * key, but on SQLite. Sets that are not complete do not compile here.
 * @throws RegistrationError where a set does not say enough: without `complete: true`, a column type of your own, a value that the database is to make and
 *   nobody says how; DatabaseError; and what an operation throws
 * @example await ensureCreated(db)
 */
export async function ensureCreated<C extends DbContext<any>>(
  context: C & {
    readonly [P in PartialSets<C>]: 'a set that names every column, with complete: true'
  },
): Promise<void> {
  if (!(context instanceof DbContext)) throw schemaOfOther(context)
  const sets = Object.values(context)
    .filter(value => value instanceof DbSet)
    .map(setOf)
  const [first] = sets
  if (!first) return
  const { source } = first.runner
  const { family } = source.values
  if (family === 'other') throw schemaUnsaid('the tables', '*', 'the database is not known')
  const models = modelsOf(
    context.constructor.name,
    sets.map(({ model }) => model),
  )
  const schema = new Schema(source, family, models)
  for (const statement of schema.statements(context.kysely)) await statement.execute()
}

/** One model for each table: that of its first complete set. */
function modelsOf(context: string, models: readonly DeclaredSet[]): DeclaredSet[] {
  const complete = new Map<string, DeclaredSet>()
  for (const model of models)
    if (model.complete && !complete.has(model.table)) complete.set(model.table, model)
  const missing = models.filter(({ table }) => !complete.has(table)).map(({ table }) => table)
  if (missing.length > 0) throw schemaNeedsComplete(context, [...new Set(missing)])
  return [...complete.values()]
}

interface Reference {
  readonly property: string
  readonly to: DeclaredSet
}

class Schema {
  readonly #source: SqlSource
  readonly #family: KnownFamily
  readonly #models: readonly DeclaredSet[]

  constructor(source: SqlSource, family: KnownFamily, models: readonly DeclaredSet[]) {
    this.#source = source
    this.#family = family
    this.#models = models
  }

  /** Tables that others refer to come first. Where they do so in a circle, only SQLite takes the reference of the first one. */
  *statements(db: Kysely<any>): Generator<{ execute(): Promise<unknown> }> {
    const made = new Set<string>()
    for (const model of this.#inOrder()) {
      made.add(model.table)
      const inline = this.#references(model).filter(
        ({ to }) => this.#family === 'sqlite' || made.has(to.table),
      )
      yield this.#table(db, model, inline)
    }
  }

  #table(db: Kysely<any>, model: DeclaredSet, references: readonly Reference[]) {
    const { table, keys, declared } = model
    let create: CreateTableBuilder<any, any> = db.schema.createTable(table).ifNotExists()
    const referring = new Set(this.#references(model).map(({ property }) => property))
    let hasKey = false
    for (const [name, column] of declared) {
      const ddl = columnDdl(model, name, column, this.#family, referring.has(name))
      hasKey ||= ddl.isNumbered && this.#family === 'sqlite'
      create = create.addColumn(this.#columnOf(table, name), sql.raw(ddl.type), given => {
        const named = column.allowsNull ? given : given.notNull()
        if (ddl.isNumbered) return this.#numbered(named, column.rule.includes('always'))
        return ddl.otherwise ? named.defaultTo(ddl.otherwise) : named
      })
    }
    if (!hasKey)
      create = create.addPrimaryKeyConstraint(
        `${bare(table)}_pkey`,
        keys.map(name => this.#columnOf(table, name)) as never,
      )
    for (const { property, to } of references)
      create = create.addForeignKeyConstraint(
        `${bare(table)}_${this.#columnOf(table, property)}_fkey`,
        [this.#columnOf(table, property)] as never,
        to.table,
        [this.#columnOf(to.table, to.key)],
        constraint => (cascades(to, table, property) ? constraint.onDelete('cascade') : constraint),
      )
    return create
  }

  #numbered(column: ColumnDefinitionBuilder, isAlways: boolean): ColumnDefinitionBuilder {
    if (this.#family === 'mysql') return column.autoIncrement()
    if (this.#family === 'sqlite') return column.primaryKey()
    return isAlways ? column.generatedAlwaysAsIdentity() : column.generatedByDefaultAsIdentity()
  }

  #references({ references }: DeclaredSet): Reference[] {
    return Object.entries(references).flatMap(([property, table]) => {
      const to = this.#models.find(model => model.table === table)
      return to && to.keys.length === 1 ? [{ property, to }] : []
    })
  }

  #inOrder(): DeclaredSet[] {
    const ordered: DeclaredSet[] = []
    const seen = new Set<DeclaredSet>()
    const visit = (model: DeclaredSet): void => {
      if (seen.has(model)) return
      seen.add(model)
      for (const { to } of this.#references(model)) visit(to)
      ordered.push(model)
    }
    for (const model of this.#models) visit(model)
    return ordered
  }

  #columnOf(table: string, property: string): string {
    return columnOf(this.#source, table, property)
  }
}

function cascades({ relations }: DeclaredSet, table: string, by: string): boolean {
  return Object.values(relations).some(
    relation =>
      relation.kind === 'many' &&
      relation.onRemove === 'cascade' &&
      relation.table === table &&
      relation.by === by,
  )
}

function bare(table: string): string {
  return table.split('.').at(-1)!
}
