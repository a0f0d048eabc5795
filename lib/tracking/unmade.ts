import { notYetMade } from '../errors.js'
import type { DeclaredSet } from '../query/set-model.js'

/**
 * Columns that the database is going to make are an error when they are read before the save: `user.id` is a number then and nothing else. It is
 * kept by a prototype between the entity and its own, so that whoever looks at its properties (JSON, spread, `structuredClone`) sees the plain object.
 * The idea is one that users of MikroORM asked for.
 */
export function forbidUnmade(model: DeclaredSet, entity: object): void {
  const unmade = [...unmadeColumns(model), ...takenColumns(model, entity)]
  const missing = unmade.filter(name => !Object.hasOwn(entity, name))
  const prototype = Object.getPrototypeOf(entity) as object | null
  if (missing.length === 0 || (prototype && guards.has(prototype))) return
  Object.setPrototypeOf(entity, guardBefore(prototype, model, missing))
}

/** From here on what is missing is missing. */
export function allowUnmade(entity: object): void {
  const guard = Object.getPrototypeOf(entity) as object | null
  if (guard && guards.has(guard))
    Object.setPrototypeOf(entity, Object.getPrototypeOf(guard) as object)
}

const guards = new WeakSet<object>()

/** One for all entities of a set with the same prototype that miss the same columns. */
const guardsOf = new WeakMap<DeclaredSet, Map<string, [prototype: object | null, guard: object]>>()

function guardBefore(
  prototype: object | null,
  model: DeclaredSet,
  missing: readonly string[],
): object {
  let known = guardsOf.get(model)
  if (!known) guardsOf.set(model, (known = new Map()))
  const names = missing.join('\0')
  const last = known.get(names)
  if (last?.[0] === prototype) return last[1]
  const properties = missing.map(name => [name, guardOf(model.table, name)] as const)
  const guard = Object.create(prototype, Object.fromEntries(properties)) as object
  guards.add(guard)
  known.set(names, [prototype, guard])
  return guard
}

/** Which columns of a new row the database makes, as far as the set knows. */
function unmadeColumns({ complete, keys, declared }: DeclaredSet): readonly string[] {
  if (!complete) return keys.length === 1 ? keys : []
  return declared.flatMap(([name, { rule }]) => (rule.includes('generated') ? [name] : []))
}

/** Columns that take the key of a row that is given, which may be a new one itself. */
export function takenColumns({ relations }: DeclaredSet, entity: object): string[] {
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
