import { MysqlAdapter, PostgresAdapter, SqliteAdapter, type DialectAdapter } from 'kysely'

/** Databases that keep values alike. MariaDB is `mysql`; `other` is whatever Mayfly does not know. */
export type DatabaseFamily = 'mysql' | 'postgres' | 'sqlite' | 'other'

/**
 * How a dialect's driver gives and takes values, as far as declared columns have to know it (U9). Whatever it is, a driver gives a time as a `Date`
 * (`exactDate` of lib/support/utc-time.ts, where the database has more digits), or as text where there is no such `Date`; and takes a `Date` for a
 * time and `true` and `false`, but for `sqlite`, which is given text and numbers.
 */
export interface DialectValues {
  readonly family: DatabaseFamily
  /** How a JSON document arrives: as its text; parsed; or parsed by some servers, so that text that is no JSON is a document itself. */
  readonly json: 'text' | 'parsed' | 'either'
  /** The day, `2024-02-29`, of a `Date` that the driver gave for a column of days. */
  readonly dayOf: (date: Date) => string
  /** A decimal number as the driver has to be given it, so that the database compares it exactly. @param digits `-12.50` */
  readonly decimal: (digits: string) => unknown
}

/** What the driver of a database is given to have a decimal number compared as one, where a text would be compared as a floating point number. */
export class DecimalParameter {
  readonly digits: string

  constructor(digits: string) {
    this.digits = digits
  }
}

/** For a value that goes to no database: a default. */
export const ANY_DIALECT: DialectValues = {
  family: 'other',
  json: 'either',
  dayOf: utcDay,
  decimal: digits => digits,
}

/** How values travel with a dialect that says nothing of it, as Kysely's own do: their drivers make dates in the zone of the process. */
export function foreignValues(adapter: DialectAdapter): DialectValues {
  const family = familyOf(adapter)
  return { family, json: 'either', dayOf: localDay, decimal: digits => digits }
}

function familyOf(adapter: DialectAdapter): DatabaseFamily {
  if (adapter instanceof MysqlAdapter) return 'mysql'
  if (adapter instanceof PostgresAdapter) return 'postgres'
  return adapter instanceof SqliteAdapter ? 'sqlite' : 'other'
}

/** For drivers that make the `Date` of a day in UTC. */
export function utcDay(date: Date): string {
  return date.toISOString().slice(0, 10)
}

function localDay(date: Date): string {
  const day = new Date(0)
  day.setUTCFullYear(date.getFullYear(), date.getMonth(), date.getDate())
  return utcDay(day)
}
