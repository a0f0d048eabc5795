import type { DataSource } from '../connection/data-source.js'
import { checkSurvives, ColumnNames, DeclaredNames, type Naming } from './names/column-names.js'
import { NamedSource } from './names/named-source.js'
import { DeclaredSet, type SetDeclaration } from './set-model.js'

/** How many ways to declare one table are remembered for a class. What is declared in yet another way is made for its context alone. */
const MOST_WAYS = 4

/**
 * The sets that the contexts of one class declare. The class says it anew for each context, and mostly the same: so the first context makes
 * the models, and those after it find them. Sets that only some contexts have, or declare in another way, have models of their own.
 */
export class SetModels {
  /** The name of the class. */
  readonly context: string
  readonly #ways = new Map<string, DeclaredSet[]>()
  readonly #names: DeclaredNames
  #sources = new WeakMap<DataSource, Map<Naming | undefined, NamedSource>>()

  constructor(context: string) {
    this.context = context
    this.#names = new DeclaredNames(context)
  }

  /** A data source for contexts whose columns have names of their own. */
  namedSource(source: DataSource, naming: Naming | undefined): NamedSource {
    let byNaming = this.#sources.get(source)
    if (!byNaming) this.#sources.set(source, (byNaming = new Map()))
    let named = byNaming.get(naming)
    if (!named)
      byNaming.set(naming, (named = new NamedSource(source, new ColumnNames(this.#names, naming))))
    return named
  }

  /** What a set says of its columns' names. @throws RegistrationError where that cannot be */
  note({ table, columnNames, declared }: DeclaredSet, naming: Naming | undefined): void {
    // Statements that were made before said other names.
    if (this.#names.add(table, columnNames)) this.#sources = new WeakMap()
    if (naming)
      for (const [property] of declared)
        if (!columnNames.has(property)) checkSurvives(naming, this.context, table, property)
  }

  /** @throws RegistrationError for a set that cannot work */
  of(table: string, options: SetDeclaration): DeclaredSet {
    const ways = this.#ways.get(table)
    if (ways && typeof options === 'object' && options !== null)
      for (let i = 0; i < ways.length; i++) if (ways[i]!.isDeclaredBy(options)) return ways[i]!
    const model = new DeclaredSet(this.context, table, options)
    if (!model.isShared) return model
    if (!ways) this.#ways.set(table, [model])
    else if (ways.length < MOST_WAYS) ways.push(model)
    return model
  }
}

const modelsOf = new WeakMap<Function, SetModels>()

/** What the contexts of a class have declared so far. */
export function setModelsOf(context: Function): SetModels {
  let models = modelsOf.get(context)
  if (!models) modelsOf.set(context, (models = new SetModels(context.name)))
  return models
}
