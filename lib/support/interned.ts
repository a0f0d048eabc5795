import { Recent } from './recent.js'

/** A key of an object is the engine's own copy of it. */
const NAMES = new Recent(name => Object.keys({ [name]: undefined })[0]!)

/**
 * The engine's own copy of a name that was just decoded. Rows are gone through by it: with a fresh copy for each answer the engine throws the code
 * that it made for the loop away each time (bench row '50 rows').
 */
export function interned(name: string): string {
  return NAMES.get(name)
}
