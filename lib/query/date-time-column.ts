import type { DialectValues } from '../connection/dialect-values.js'
import type { StoredAs } from '../connection/driver.js'
import { InvalidArgumentError } from '../errors.js'
import { exactDate, isoText, microsOf, readUtc, shortText, utc } from '../support/utc-time.js'
import { misread, unreadable, unwritable } from './column-values.js'
import type { Column } from './column.js'
import { equalDates, snapshotDate } from './compare.js'
import { DeclaredColumn, type ValueType } from './declared-column.js'
import { checkPrecision, type Precision } from './precision.js'
import { yearOfPostgres } from './year-of-postgres.js'

/** How a column keeps times that is not of a time type, the same on every dialect: ISO text that ends in Z, or a number since 1970. */
type Stored = 'iso' | 'ms' | 's'

export interface DateTimeOptions<P extends Precision = Precision> {
  /**
   * Digits after the second that the column keeps, 3 by default. With 0 and 3 the values are `Date`; with 6 they are text,
   * `'2024-02-29T12:13:14.123456Z'`, because a `Date` has no microseconds.
   */
  readonly precision?: P | undefined
  /**
   * For a column that is not of a time type, on every dialect: text `'2024-02-29T12:13:14.123Z'`, a number of milliseconds since 1970, or of seconds
   * (with precision 0). Without it SQLite keeps text like `current_timestamp`: UTC, without zeros at the end.
   */
  readonly stored?: Stored | undefined
}

const LARGEST_PRECISION: Readonly<Record<Stored, Precision>> = { iso: 6, ms: 3, s: 0 }

/**
 * A point in time of the years 0 to 9999. What is finer than the column's precision is cut off before it is sent, also from what it is compared with;
 * rows that are finer, have another form than was declared, or no real day in them (`0000-00-00`) are an `InvalidArgumentError` when they are read.
 * Text without a zone is UTC.
 * @throws InvalidArgumentError for an unknown precision or form, and for a precision that the form has no room for
 */
export function dateTime(options?: DateTimeOptions<0 | 3>): Column<Date, 'required'>
export function dateTime(options: DateTimeOptions<6>): Column<string, 'required'>
export function dateTime(options: DateTimeOptions = {}): any {
  const { stored, precision = stored === 's' ? 0 : 3 } = options
  checkPrecision('dateTime', precision)
  const kind = `${precision} ${stored}`
  return (DATE_TIMES[kind] ??= DeclaredColumn.required(dateTimeOf(precision, stored)))
}

/** A context declares its columns each time one is made, so those that are the same are one. */
const DATE_TIMES: Record<string, DeclaredColumn> = Object.create(null)

function dateTimeOf(precision: Precision, stored: Stored | undefined): ValueType {
  if (stored !== undefined && !Object.hasOwn(LARGEST_PRECISION, stored))
    throw new InvalidArgumentError(
      "dateTime() can be stored as 'iso', 'ms' or 's', or, without a word, as times.",
    )
  if (stored !== undefined && precision > LARGEST_PRECISION[stored])
    throw new InvalidArgumentError(
      `dateTime({ stored: '${stored}' }) has at most ${LARGEST_PRECISION[stored]} digits after the second.`,
    )
  const read = READ[stored ?? 'time']
  const write = (date: Date, dialect: DialectValues) => written(date, precision, stored, dialect)
  if (precision === 6)
    return {
      type: 'dateTime',
      facets: { precision, stored },
      ...storedAsOf(stored),
      fromDriver: (value, dialect) => isoText(read(value, dialect, 6), 6),
      toDriver: (value: unknown, dialect) => write(timeIn(value), dialect),
      equals: (a: string, b: string) => a === b || sameTime(a, b),
    }
  return {
    type: 'dateTime',
    facets: { precision, stored },
    ...storedAsOf(stored),
    fromDriver(value, dialect) {
      const date = read(value, dialect, precision)
      const isFiner = precision === 0 ? date.getTime() % 1000 !== 0 : false
      if (isFiner || microsOf(date) !== 0) throw tooFine(precision)
      return date
    },
    toDriver: (value: unknown, dialect) => write(cut(dateIn(value), precision), dialect),
    equals: equalDates,
    snapshot: snapshotDate,
  }
}

function storedAsOf(stored: Stored | undefined): { readonly storedAs?: StoredAs } {
  if (stored === 'iso') return {}
  return { storedAs: stored ? 'whole' : 'time' }
}

function tooFine(precision: Precision): Error {
  const [what, larger] =
    precision === 0
      ? ['a time with a fraction of a second', '3 or 6']
      : ['a time that is finer than milliseconds', '6']
  return misread(
    `${what}; declare its precision, ${larger}, give the table's column ${precision} digits, or mend the rows`,
  )
}

const EARLIEST = utc(0, 1, 1)
const LATEST = utc(9999, 12, 31, 23, 59, 59, 999)

function inRange(time: number): boolean {
  return time >= EARLIEST && time <= LATEST
}

function dateIn(value: unknown): Date {
  if (!(value instanceof Date) || !inRange(value.getTime()))
    throw unwritable('a valid Date of the years 0 to 9999')
  return value
}

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/

function timeIn(value: unknown): Date {
  const date = typeof value === 'string' && ISO.test(value) ? readUtc(value) : undefined
  if (!date)
    throw unwritable("a time of the years 0 to 9999 as text, '2024-02-29T12:13:14.123456Z'")
  return date
}

function sameTime(a: string, b: string): boolean {
  const [x, y] = [readUtc(a), readUtc(b)]
  return x !== undefined && y !== undefined && isoText(x, 6) === isoText(y, 6)
}

function cut(date: Date, precision: Precision): Date {
  const over = precision === 0 ? date.getTime() % 1000 : 0
  if (over === 0) return date
  return new Date(date.getTime() - over - (over < 0 ? 1000 : 0))
}

function written(
  date: Date,
  precision: Precision,
  stored: Stored | undefined,
  { family }: DialectValues,
): unknown {
  if (stored === 'ms') return date.getTime()
  if (stored === 's') return date.getTime() / 1000
  if (stored === 'iso') return isoText(date, precision)
  if (family === 'sqlite') return shortText(date)
  if (precision !== 6) return date
  const iso = isoText(date, 6)
  if (family === 'postgres') return yearOfPostgres(iso)
  return family === 'mysql' ? `${iso.slice(0, 10)} ${iso.slice(11, 26)}` : iso
}

type Read = (value: unknown, dialect: DialectValues, precision: Precision) => Date

const SHORT = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{0,5}[1-9])?$/
const OTHER_FORM =
  "a time in another form than '2024-02-29 12:13:14.5' (UTC, no zeros at the end), so that it would not be found or sorted; declare the form, " +
  "dateTime({ stored: 'iso' | 'ms' | 's' }), or date() for days, or mend the rows"

const READ: Readonly<Record<Stored | 'time', Read>> = {
  time(value, { family }) {
    if (value instanceof Date && !Number.isNaN(value.getTime())) return value
    if (family === 'sqlite') {
      if (typeof value !== 'string' || !SHORT.test(value)) throw misread(OTHER_FORM)
      return existing(value)
    }
    if (typeof value === 'string') return existing(value)
    throw unreadable('a point in time')
  },
  iso(value, _, precision) {
    if (typeof value !== 'string' || !ISO.test(value) || value.length !== ISO_LENGTH[precision]) {
      const example = isoText(exactDate(0, 0), precision)
      throw misread(`a time in another form than '${example}', which was declared`)
    }
    return existing(value)
  },
  ms: value => new Date(wholeNumber(value, 1, 'milliseconds')),
  s: value => new Date(wholeNumber(value, 1000, 'seconds')),
}

const ISO_LENGTH: Readonly<Record<Precision, number>> = { 0: 20, 3: 24, 6: 27 }

function existing(text: string): Date {
  const date = readUtc(text)
  if (!date)
    throw misread(
      'what is no point in time of the years 0 to 9999, like 0000-00-00 or infinity; declare the column without a type to read such rows, or mend them',
    )
  return date
}

function wholeNumber(value: unknown, unit: number, name: string): number {
  const isWhole = typeof value === 'bigint' || (typeof value === 'string' && /^-?\d+$/.test(value))
  const number = (isWhole ? Number(value) : value) as number
  if (!Number.isSafeInteger(number) || !inRange(number * unit))
    throw misread(`something else than whole ${name} since 1970, which was declared`)
  return number * unit
}
