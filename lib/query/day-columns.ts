import { isDay } from '../support/utc-time.js'
import { misread, unreadable, unwritable } from './column-values.js'
import type { Column } from './column.js'
import { DeclaredColumn, type ValueType } from './declared-column.js'
import { checkPrecision, type Precision } from './precision.js'
import { yearOfPostgres } from './year-of-postgres.js'

/**
 * A day of the calendar, `'2024-02-29'`, of the years 0 to 9999. It has no time and no zone, so that nothing can move it to another day.
 * Rows without a real day in them (`0000-00-00`, `2024-05-00`) are an `InvalidArgumentError` when they are read.
 */
export function date(): Column<string, 'required'> {
  return DATE as never
}

const DAY = /^(\d{4})-(\d\d)-(\d\d)$/

function isRealDay(text: unknown): text is string {
  const match = typeof text === 'string' ? DAY.exec(text) : null
  return match !== null && isDay(Number(match[1]), Number(match[2]), Number(match[3]))
}

const DAY_LENGTH = 86_400_000

/** Drivers give a column of days as midnight in their zone; where there is none that night, as the first moment of the day. */
function beginsDay(moment: Date, dayOf: (date: Date) => string): boolean {
  const ms = moment.getTime()
  return ms % DAY_LENGTH === 0 || dayOf(new Date(ms - 1)) !== dayOf(moment)
}

const DATE = DeclaredColumn.required({
  type: 'date',
  fromDriver(value, { dayOf }) {
    const isDate = value instanceof Date && !Number.isNaN(value.getTime())
    if (isDate && !beginsDay(value, dayOf))
      throw misread(
        'a time of a day, so that it would not be found by its day; declare the column as dateTime(), or mend the rows',
      )
    const day = isDate ? dayOf(value) : value
    if (isRealDay(day)) return day
    if (typeof day === 'string' && DAY.test(day))
      throw misread(
        'what is no day of the calendar, like 0000-00-00; declare the column without a type to read such rows, or mend them',
      )
    throw unreadable("a day as '2024-02-29'")
  },
  toDriver(value: unknown, { family }) {
    if (!isRealDay(value)) throw unwritable("a day of the calendar as text, '2024-02-29'")
    return family === 'postgres' ? yearOfPostgres(value) : value
  },
})

export interface TimeOptions {
  /** Digits after the second that the column keeps, 0 by default. */
  readonly precision?: Precision | undefined
}

/**
 * A time of the day, `'10:30:00'` or `'10:30:00.5'`, without zeros at the end of a fraction; from 00:00:00 to before 24:00:00. A value with more digits
 * than the column's precision is refused, written or read.
 * @throws InvalidArgumentError for an unknown precision
 */
export function time({ precision = 0 }: TimeOptions = {}): Column<string, 'required'> {
  checkPrecision('time', precision)
  return (TIMES[precision] ??= DeclaredColumn.required(timeOf(precision))) as never
}

const TIMES: Partial<Record<Precision, DeclaredColumn>> = {}
const CLOCK = /^(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.(\d{1,6}))?$/

function timeOf(precision: Precision): ValueType {
  const example = precision === 0 ? '10:30:00' : '10:30:00.5'
  const what = `a time of the day as text, '${example}', of at most ${precision} digits after the second`
  const shortest = (value: unknown): string | undefined => {
    const match = typeof value === 'string' ? CLOCK.exec(value) : null
    if (!match) return undefined
    const short = match[1] === undefined ? match[0] : match[0].replace(/\.?0+$/, '')
    return short.length <= (precision === 0 ? 8 : 9 + precision) ? short : undefined
  }
  return {
    type: 'time',
    facets: { precision },
    fromDriver(value, { family }) {
      const short = shortest(value)
      if (short === undefined && precision < 6 && typeof value === 'string' && CLOCK.test(value))
        throw misread(
          `a time of the day that is finer than was declared; declare its precision, ${precision === 0 ? '3 or 6' : '6'}, or mend the rows`,
        )
      if (short === undefined) throw unreadable(what)
      if (family === 'sqlite' && short !== value)
        throw misread(`a time with zeros at the end, so that it would not be found; mend the rows`)
      return short
    },
    toDriver(value: unknown) {
      const short = shortest(value)
      if (short === undefined) throw unwritable(what)
      return short
    },
    equals: (a: string, b: string) => a === b || shortest(a) === shortest(b),
  }
}
