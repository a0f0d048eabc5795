/** What of a time a `Date` has no room for (microseconds, 0 to 999), on the `Date` itself, where nothing that goes through its properties sees it. */
const MICROS = Symbol('microseconds')

/**
 * Milliseconds since 1970 of a day and a time in UTC. `Date.UTC` takes the years 0 to 99 for 1900 to 1999, and two to four times as long (bench row
 * '50 rows'). Counted as by Howard Hinnant, "chrono-compatible low-level date algorithms": a year that begins in March ends with its leap day.
 */
export function utc(
  year: number,
  month: number,
  day: number,
  hour = 0,
  minute = 0,
  second = 0,
  millisecond = 0,
): number {
  const ended = month > 2 ? year : year - 1
  const leapDays = Math.floor(ended / 4) - Math.floor(ended / 100) + Math.floor(ended / 400)
  const sinceMarch = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5)
  const days = ended * 365 + leapDays + sinceMarch + day - DAYS_TO_1970
  return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + millisecond
}

/** From the first of March of the year 0, which is day 1. */
const DAYS_TO_1970 = 719_469

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

/**
 * A point in time as databases write it: `2024-02-29 12:13:14.123456+00`, with or without a fraction of up to 9 digits and a zone; without a zone it
 * is UTC. The digits after the microseconds are left out. It is read character by character, because a pattern costs several times as much, for each
 * time of each row (bench row '50 rows').
 * @returns `undefined` for anything else, and for a day or an hour that there is not: `2024-05-00`, `infinity`
 */
export function readUtc(text: string): Date | undefined {
  if (text[4] !== '-' || text[7] !== '-' || text[13] !== ':' || text[16] !== ':') return undefined
  if (text[10] !== ' ' && text[10] !== 'T') return undefined
  const year = numberAt(text, 0, 4)
  const month = numberAt(text, 5, 7)
  const day = numberAt(text, 8, 10)
  const hour = numberAt(text, 11, 13)
  const minute = numberAt(text, 14, 16)
  const second = numberAt(text, 17, 19)
  if (!isDay(year, month, day) || hour > 23 || minute > 59 || second > 59) return undefined
  const end = text[19] === '.' ? endOfDigits(text, 20) : 19
  if (end === 20 || end > 29) return undefined
  const micros = end === 19 ? 0 : microsAt(text, 20, Math.min(end, 26))
  const millis = Math.floor(micros / 1000)
  const time =
    utc(year, month, day, hour, minute, second, millis) - minutesAhead(text, end) * 60_000
  return Number.isNaN(time) ? undefined : exactDate(time, micros - millis * 1000)
}

/** NaN where anything else is among them, or the text ends. */
function numberAt(text: string, from: number, to: number): number {
  let number = 0
  for (let i = from; i < to; i++) {
    const digit = text.charCodeAt(i) - 48
    if (!(digit >= 0 && digit <= 9)) return NaN
    number = number * 10 + digit
  }
  return number
}

/** Of the digits of a fraction, six at most. */
function microsAt(text: string, from: number, to: number): number {
  return numberAt(text, from, to) * 10 ** (6 - (to - from))
}

function endOfDigits(text: string, from: number): number {
  let end = from
  while (numberAt(text, end, end + 1) >= 0) end++
  return end
}

/** What a zone is ahead of UTC: none, `Z`, `+05`, `-0530` or `+05:30`. NaN for anything else. */
function minutesAhead(text: string, from: number): number {
  const sign = text[from]
  if (sign === undefined) return 0
  if (sign === 'Z') return text.length === from + 1 ? 0 : NaN
  if (sign !== '+' && sign !== '-') return NaN
  const minutes = text[from + 3] === ':' ? from + 4 : from + 3
  const isWhole = text.length === from + 3
  if (!isWhole && text.length !== minutes + 2) return NaN
  const ahead =
    numberAt(text, from + 1, from + 3) * 60 + (isWhole ? 0 : numberAt(text, minutes, minutes + 2))
  return sign === '-' ? -ahead : ahead
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
