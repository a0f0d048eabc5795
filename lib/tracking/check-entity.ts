import { entityFrozen, notAnEntity, unknownProperty } from '../errors.js'
import type { DeclaredSet } from '../query/set-model.js'
import type { Values } from './snapshot.js'

/**
 * An entity is any object that can be written to: its own enumerable properties are its columns, whatever its class is.
 * @throws InvalidArgumentError for anything else, and for a property that a complete set does not have
 */
export function checkEntity(
  { table, complete, columns, relations }: DeclaredSet,
  method: string,
  given: unknown,
): asserts given is Values {
  const what = whatElse(given)
  if (what) throw notAnEntity(table, method, what)
  if (!Object.isExtensible(given)) throw entityFrozen(table, method)
  if (!complete) return
  for (const name of Object.keys(given as Values))
    if (!Object.hasOwn(columns, name) && !Object.hasOwn(relations, name))
      throw unknownProperty(table, name, Object.keys(columns))
}

function whatElse(given: unknown): string | undefined {
  if (given === null) return 'null'
  if (typeof given !== 'object') return `a ${typeof given}`.replace('a undefined', 'undefined')
  if (Array.isArray(given)) return 'a list; for several there is addRange()'
  if (given instanceof Date) return 'a Date'
  if (given instanceof Uint8Array) return 'bytes'
  if (given instanceof Promise) return 'a promise; await it first'
  return given instanceof Map || given instanceof Set ? 'a Map or a Set' : undefined
}
