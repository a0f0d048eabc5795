import { parseArgs } from 'node:util'
import { chooseDatabase, type Database } from './database.js'
import { StartError } from './start-error.js'

export interface Settings {
  readonly database: Database
  /** How many orders the database is filled with. */
  readonly rows: number
  /** 0 is any free port. */
  readonly port: number
  /** Whether the program ends after the comparison. */
  readonly once: boolean
}

/** @throws StartError for a setting that cannot be used */
export function readSettings(env: NodeJS.ProcessEnv, args: string[]): Settings {
  const rows = wholeNumber(env, 'MAYFLY_DEMO_ROWS', 800_000, 1, 10_000_000)
  return {
    rows,
    port: wholeNumber(env, 'PORT', 3000, 0, 65_535),
    once: readOnce(args),
    database: chooseDatabase(env['DATABASE_URL'], rows),
  }
}

function wholeNumber(
  env: NodeJS.ProcessEnv,
  name: string,
  ifUnset: number,
  min: number,
  max: number,
): number {
  const text = env[name]
  if (text === undefined || text === '') return ifUnset
  const number = /^\d+$/.test(text) ? Number(text) : NaN
  if (number >= min && number <= max) return number
  throw new StartError(`${name} must be a whole number from ${min} to ${max}, and is "${text}".`)
}

function readOnce(args: string[]): boolean {
  try {
    return parseArgs({ args, options: { once: { type: 'boolean' } } }).values.once ?? false
  } catch {
    throw new StartError(
      `Unknown arguments: ${args.join(' ')}. There is only one: npm start -- --once`,
    )
  }
}
