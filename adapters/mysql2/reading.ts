import type { ConnectionOptions, Query, QueryOptions } from 'mysql2'
import { zoneOf } from './pool-settings.js'
import { textCast, type TypeCast } from './text-protocol.js'
import { Times } from './times.js'

/** mysql2's options of one statement, by how it is sent. */
export interface Reading {
  /** `undefined` where the pool's own will do: mysql2 copies what it is given (bench row 'db.kysely, a row by key'). */
  readonly text: Omit<QueryOptions, 'sql'> | undefined
  /** What text is read through where its columns need it. */
  readonly cast: TypeCast | undefined
  /** `undefined` where the pool's own will do. */
  readonly prepared: object | undefined
  /** Reads days and times; `undefined` where the pool is set to read them in a way of its own. */
  readonly times: Times | undefined
}

/**
 * How rows are read. `own`: those of statements that users made, as their pool is set; only an integer beyond 2^53 loses no digit. `ofSet`: those
 * that the columns of a set read, as over a pool of Mayfly's own, whatever the pool is set to.
 */
export interface Readings {
  readonly own: Reading
  readonly ofSet: Reading
}

export function readingsFor(config: ConnectionOptions): Readings {
  // mysql2 has no type for it as an option of one statement, where it works as well.
  const bigNumbers: object = { supportBigNumbers: true }
  const options = { namedPlaceholders: false, supportBigNumbers: true }
  const zone = zoneOf(config)
  const own: Reading = {
    text: isPlain(config) ? undefined : options,
    cast: textCast(config),
    prepared: config.supportBigNumbers ? undefined : bigNumbers,
    times: zone === undefined || readsOwnTimes(config) ? undefined : new Times(zone, zone),
  }
  const timezone = zone === '+00:00' ? 'Z' : zone
  if (!isForeign(config)) return { own, ofSet: own }
  const usual = textCast({ ...config, typeCast: true })!
  const cast = castFor(config)
  return {
    own,
    ofSet: {
      text: { ...options, timezone, typeCast: cast(usual) },
      cast: undefined,
      prepared: { ...bigNumbers, timezone, typeCast: cast((_, next) => next()) },
      // A day begins at midnight of UTC over a pool of Mayfly's own.
      times: zone === undefined ? undefined : new Times(zone),
    },
  }
}

function readsOwnTimes({ dateStrings, typeCast }: ConnectionOptions): boolean {
  return Boolean(dateStrings) || typeCast === false || typeof typeCast === 'function'
}

/** Whether a pool reads what needs options otherwise: integers beyond 2^53, and `?` alone as a placeholder. */
function isPlain({ supportBigNumbers, namedPlaceholders }: ConnectionOptions): boolean {
  return supportBigNumbers === true && !namedPlaceholders
}

/** Whether sets must read values in another way than the pool does. */
function isForeign(config: ConnectionOptions): boolean {
  const { typeCast, jsonStrings, dateStrings, decimalNumbers, bigNumberStrings } = config
  if (typeCast !== undefined && typeCast !== true) return true
  if (!jsonStrings || config.timezone !== 'Z') return true
  return Boolean(dateStrings || decimalNumbers || bigNumberStrings)
}

/** Reads as itself what a setting of the pool gives another form, and everything else as usual. */
function castFor({
  decimalNumbers,
  bigNumberStrings,
}: ConnectionOptions): (usual: TypeCast) => TypeCast {
  return usual => (field, next) => {
    switch (field.type) {
      case 'JSON':
        return field.string('utf8')
      case 'DECIMAL':
      case 'NEWDECIMAL':
        return decimalNumbers ? field.string() : usual(field, next)
      case 'LONGLONG':
        return bigNumberStrings ? toInteger(next()) : usual(field, next)
      default:
        // A document of MariaDB is text with a remark.
        return field.extendedFormat === 'json' ? field.string() : usual(field, next)
    }
  }
}

/** Text only where a number would not be exact. */
function toInteger(value: unknown): unknown {
  if (typeof value !== 'string') return value
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

export function streamed(command: Query, { times }: Reading): Query {
  return times ? times.stream(command) : command
}

/** What mysql2's `query` takes. @param timeout How long the answer may take (ms) */
export function sendableText(
  sql: string,
  { text }: Reading,
  timeout?: number,
): string | QueryOptions {
  if (text === undefined && !timeout) return sql
  return { ...text, sql, ...(timeout && { timeout }) }
}

export function preparable(sql: string, { prepared }: Reading): string | QueryOptions {
  return prepared === undefined ? sql : { sql, ...prepared }
}
