import type { FieldPacket, Query } from 'mysql2'
import { interned } from '../../lib/support/interned.js'
import { exactDate, isDay, utc } from '../../lib/support/utc-time.js'
import { isInRow, isMultiple, type Reply } from './reply.js'

const TIMESTAMP = 7
const DATE = 10
const DATETIME = 12
const BLOB = 252
const BINARY = 63

/** What a column was before mysql2 was told that it has bytes. */
const KIND = Symbol('kind of time')

interface TimeField {
  columnType?: number
  characterSet?: number
  [KIND]?: number
}

/**
 * Reads days and times from the bytes that the server sent: mysql2's own `Date` of the year 44 is one of 1944 or 2044, that of `2024-05-00` is the day
 * before, and microseconds are lost.
 */
export class Times {
  /** Of the pool's zone to UTC (ms). */
  readonly #offset: number

  /** Of the zone in which a day begins (ms). */
  readonly #ofDays: number

  /** @param zone `+02:00` @param zoneOfDays in which midnight is the beginning of a day */
  constructor(zone: string, zoneOfDays = '+00:00') {
    this.#offset = offsetOf(zone)
    this.#ofDays = offsetOf(zoneOfDays)
  }

  /** A statement that was just sent: mysql2 looks at its columns after it has told of them. */
  watch(command: Query): void {
    command.on('fields', leaveTimes)
  }

  /** What it answered, once {@link watch} has seen its columns. */
  read(reply: Reply, columns: FieldPacket[] | undefined): void {
    if (columns === undefined || !Array.isArray(reply)) return
    if (!isMultiple(columns)) return this.#readRows(reply, columns)
    for (const [i, part] of reply.entries()) {
      const of = columns[i] as FieldPacket[] | undefined
      if (of && Array.isArray(part)) this.#readRows(part, of)
    }
  }

  /** A statement whose rows are taken one by one. */
  stream(command: Query): Query {
    let columns: FieldPacket[] | undefined
    command.on('fields', (now: FieldPacket[] | undefined) => {
      columns = now
      leaveTimes(now)
    })
    return command.on('result', row => columns && this.#readRows([row], columns))
  }

  /**
   * Makes times of the bytes, in place: a `Date`, with its microseconds for a declared column; or, where there is no such day (`0000-00-00`,
   * `2024-05-00`), the text.
   */
  #readRows(rows: readonly unknown[], columns: readonly FieldPacket[]): void {
    for (const column of columns) {
      const kind = (column as TimeField)[KIND]
      if (kind === undefined) continue
      if (!isInRow(column, columns)) continue
      const name = interned(column.name)
      const offset = kind === DATE ? this.#ofDays : this.#offset
      for (const row of rows as Record<string, unknown>[]) {
        const bytes = row[name]
        if (Buffer.isBuffer(bytes))
          row[name] = (isText(bytes) ? fromText : fromBinary)(bytes, kind, offset)
      }
    }
  }
}

function offsetOf(zone: string): number {
  const [hours = 0, minutes = 0] = zone.slice(1).split(':').map(Number)
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000
}

function leaveTimes(columns: readonly FieldPacket[] | undefined): void {
  if (!columns) return
  for (const column of columns as readonly TimeField[]) {
    const { columnType } = column
    if (columnType !== DATETIME && columnType !== TIMESTAMP && columnType !== DATE) continue
    column[KIND] = columnType
    column.columnType = BLOB
    column.characterSet = BINARY
  }
}

/** In binary a value has at most eleven bytes: the second is the high one of the year, and no digit. */
function isText(bytes: Buffer): boolean {
  return bytes.length >= 10 && bytes[4] === HYPHEN
}

const HYPHEN = 45

function fromBinary(bytes: Buffer, kind: number, offset: number): Date | string {
  const { length } = bytes
  const [day, time, fraction] = [length >= 4, length >= 7, length >= 11]
  return timeOf(
    kind,
    offset,
    day ? bytes[0]! | (bytes[1]! << 8) : 0,
    day ? bytes[2]! : 0,
    day ? bytes[3]! : 0,
    time ? bytes[4]! : 0,
    time ? bytes[5]! : 0,
    time ? bytes[6]! : 0,
    fraction ? bytes.readUInt32LE(7) : 0,
  )
}

function fromText(bytes: Buffer, kind: number, offset: number): Date | string {
  const digits = (from: number, to: number): number => {
    let number = 0
    for (let i = from; i < to; i++) number = number * 10 + (i < bytes.length ? bytes[i]! - 48 : 0)
    return number
  }
  const hasTime = bytes.length >= 19
  return timeOf(
    kind,
    offset,
    digits(0, 4),
    digits(5, 7),
    digits(8, 10),
    hasTime ? digits(11, 13) : 0,
    hasTime ? digits(14, 16) : 0,
    hasTime ? digits(17, 19) : 0,
    bytes.length > 20 ? digits(20, 26) : 0,
  )
}

function timeOf(
  kind: number,
  offset: number,
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
  micros: number,
): Date | string {
  if (!isDay(year, month, day)) {
    const date = `${padded(year, 4)}-${padded(month, 2)}-${padded(day, 2)}`
    if (kind === DATE) return date
    const fraction = micros === 0 ? '' : `.${padded(micros, 6)}`
    return `${date} ${padded(hour, 2)}:${padded(minute, 2)}:${padded(second, 2)}${fraction}`
  }
  const finer = micros % 1000
  const time = utc(year, month, day, hour, minute, second, (micros - finer) / 1000)
  return exactDate(time - offset, finer)
}

function padded(number: number, length: number): string {
  return String(number).padStart(length, '0')
}
