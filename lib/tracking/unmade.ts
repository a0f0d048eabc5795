import { notYetMade } from '../errors.js'
import type { DeclaredSet } from '../query/set-model.js'

/** The prototypes that an entity had before. */
const before = new WeakMap<object, object | null>()

/**
 * Columns that the database is going to make are an error when they are read before the save: `user.id` is a number then and nothing else. It is
 * kept by a prototype between the entity and its own, so that whoever looks at its properties (JSON, spread, `structuredClone`) sees the plain object.
 * The idea is one that users of MikroORM asked for.
 */
export function forbidUnmade(model: DeclaredSet, entity: object): void {
  const unmade = [...unmadeColumns(model), ...takenColumns(model, entity)]
  const missing = unmade.filter(name => !Object.hasOwn(entity, name))
  if (missing.length === 0 || before.has(entity)) return
  const prototype = Object.getPrototypeOf(entity) as object | null
  before.set(entity, prototype)
  const guards = missing.map(name => [name, guardOf(model.table, name)] as const)
  Object.setPrototypeOf(entity, Object.create(prototype, Object.fromEntries(guards)) as object)
}

/** From here on what is missing is missing. */
export function allowUnmade(entity: object): void {
  const prototype = before.get(entity)
  if (prototype === undefined) return
  before.delete(entity)
  Object.setPrototypeOf(entity, prototype)
}

/** Which columns of a new row the database makes, as far as the set knows. */
function unmadeColumns({ complete, keys, declared }: DeclaredSet): readonly string[] {
  if (!complete) return keys.length === 1 ? keys : []
  return declared.flatMap(([name, { rule }]) => (rule.includes('generated') ? [name] : []))
}

/** Columns that take the key of a row that is given, which may be a new one itself. */
function takenColumns({ relations }: DeclaredSet, entity: object): string[] {
  return Object.entries(relations).flatMap(([name, { kind, by }]) => {
    const related = Object.getOwnPropertyDescriptor(entity, name)?.value as unknown
    return kind !== 'many' && typeof related === 'object' && related !== null ? [by] : []
  })
}

function guardOf(table: string, name: string): PropertyDescriptor {
  return {
    configurable: true,
    enumerable: false,
    get() {
      throw notYetMade(table, name)
    },
    set(this: object, value: unknown) {
      Object.defineProperty(this, name, {
        value,
        configurable: true,
        enumerable: true,
        writable: true,
      })
    },
  }
}
