/** What of a time a `Date` has no room for (microseconds, 0 to 999), on the `Date` itself, where nothing that goes through its properties sees it. */
const MICROS = Symbol('microseconds')

const FOUR_CENTURIES = Date.UTC(2400, 0) - Date.UTC(2000, 0)

/** Milliseconds since 1970 of a day and a time in UTC; `Date.UTC` takes the years 0 to 99 for 1900 to 1999. */
export function utc(
  year: number,
  month: number,
  day: number,
  hour = 0,
  minute = 0,
  second = 0,
  millisecond = 0,
): number {
  return year >= 100
    ? Date.UTC(year, month - 1, day, hour, minute, second, millisecond)
    : Date.UTC(year + 400, month - 1, day, hour, minute, second, millisecond) - FOUR_CENTURIES
}

/** A `Date` that remembers what it has no room for. @param micros 0 to 999 */
export function exactDate(time: number, micros: number): Date {
  const date = new Date(time)
  if (micros !== 0) Object.defineProperty(date, MICROS, { value: micros })
  return date
}

/** The microseconds that a driver read and a `Date` has no room for: 0 to 999. */
export function microsOf(date: Date): number {
  return (date as { readonly [MICROS]?: number })[MICROS] ?? 0
}

/** Whether a calendar has the day. */
export function isDay(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false
  return day <= 28 || new Date(utc(year, month, day)).getUTCDate() === day
}

const TIME =
  /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d)(?::?(\d\d))?)?$/

/**
 * A point in time as databases write it: `2024-02-29 12:13:14.123456+00`, with or without a fraction and a zone; without a zone it is UTC. The
 * digits after the microseconds are left out.
 * @returns `undefined` for anything else, and for a day or an hour that there is not: `2024-05-00`, `infinity`
 */
export function readUtc(text: string): Date | undefined {
  const match = TIME.exec(text)
  if (!match) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number)
  if (!isDay(year!, month!, day!) || hour! > 23 || minute! > 59 || second! > 59) return undefined
  const digits = (match[7] ?? '').padEnd(6, '0')
  const time = utc(year!, month!, day!, hour, minute, second, Number(digits.slice(0, 3)))
  const offset = Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0)
  const ahead = match[8] === '-' ? -offset : offset
  return exactDate(time - ahead * 60_000, Number(digits.slice(3, 6)))
}

/** `2024-02-29T12:13:14.123456Z`. @param digits how many after the second: 0, 3 or 6 */
export function isoText(date: Date, digits: number): string {
  const iso = date.toISOString()
  if (digits === 0) return `${iso.slice(0, -5)}Z`
  if (digits === 3) return iso
  return `${iso.slice(0, -1)}${String(microsOf(date)).padStart(3, '0')}Z`
}

/**
 * `2024-02-29 12:13:14.5`: UTC, without zeros at the end, so that what is equal is the same text, `current_timestamp` of SQLite among it, and texts
 * are in the order of their times.
 */
export function shortText(date: Date): string {
  const iso = isoText(date, 6)
  return `${iso.slice(0, 10)} ${iso.slice(11, 26).replace(/\.?0+$/, '')}`
}
