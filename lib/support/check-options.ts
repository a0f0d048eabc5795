import { invalidOption, optionsNoObject, unknownOption, type MayflyError } from '../errors.js'
import { nearestName } from './nearest-name.js'

/** @throws for a value that cannot work; nobody asks about `undefined` */
export type OptionCheck = (value: any) => void

/** One check for each option. The type asks for all of them, so that none is unknown by mistake. */
export type OptionChecks<Options> = { readonly [Name in keyof Required<Options>]: OptionCheck }

/**
 * The same for options that are too many to list in a message, and some of which are called otherwise elsewhere.
 * @param elsewhere what to write, by names that others have for it
 * @param about what there is, for a name that is like none
 * @param refuse makes the error for a name, with that advice
 */
export function checkManyOptions(
  kind: new (message: string, facts?: { readonly argument: string }) => MayflyError,
  where: string,
  options: unknown,
  checks: Readonly<Record<string, OptionCheck>>,
  elsewhere: Readonly<Record<string, string>>,
  about: string,
  refuse: (name: string, advice: string) => MayflyError,
): void {
  const names = typeof options === 'object' && options !== null ? Object.keys(options) : []
  for (const name of names) {
    if (Object.hasOwn(checks, name)) continue
    if (Object.hasOwn(elsewhere, name)) throw refuse(name, elsewhere[name]!)
    if (!nearestName(name, Object.keys(checks))) throw refuse(name, about)
  }
  checkEachOption(kind, where, options, checks)
}

/** For an option that is checked elsewhere, or that takes whatever there is. */
export const anything: OptionCheck = () => {}

/** @throws RegistrationError for anything but a function */
export function aFunction(name: string): OptionCheck {
  return value => {
    if (typeof value !== 'function') throw invalidOption(name, 'a function')
  }
}

/**
 * Checks an object of options.
 * @param kind the error for what is no object, and for a name that is unknown, with the one that was probably meant
 * @param where names the call or the class
 */
export function checkEachOption(
  kind: new (message: string, facts?: { readonly argument: string }) => MayflyError,
  where: string,
  options: unknown,
  checks: Readonly<Record<string, OptionCheck>>,
): void {
  if (typeof options !== 'object' || options === null) throw optionsNoObject(kind, where)
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, name)) {
      const known = Object.keys(checks)
      throw unknownOption(kind, where, name, nearestName(name, known), known)
    }
    if (value !== undefined) checks[name]!(value)
  }
}
