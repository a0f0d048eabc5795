import type { CustomTypesConfig } from 'pg'
import type { RawClient } from './client.js'

type Parse = (text: string) => unknown

/** The number that the server has for a type. */
const TEXT_ARRAY = 1009
const DATE = 1082
const TIMESTAMP = 1114
const TIMESTAMP_ARRAY = 1115
const DATE_ARRAY = 1182
const TIMESTAMPTZ = 1184
const TIMESTAMPTZ_ARRAY = 1185
const NUMERIC_ARRAY = 1231

/** What pg itself makes of a text: local times, and floats. Whoever has set another reader keeps it. */
const OF_PG: ReadonlyMap<number, readonly [text: string, value: unknown]> = new Map([
  [DATE, ['2024-02-29', new Date(2024, 1, 29)]],
  [TIMESTAMP, ['2024-02-29 10:20:30', new Date(2024, 1, 29, 10, 20, 30)]],
  [TIMESTAMPTZ, ['2024-02-29 10:20:30+00', new Date('2024-02-29T10:20:30Z')]],
  [DATE_ARRAY, ['{2024-02-29}', [new Date(2024, 1, 29)]]],
  [TIMESTAMP_ARRAY, ['{"2024-02-29 10:20:30"}', [new Date(2024, 1, 29, 10, 20, 30)]]],
  [TIMESTAMPTZ_ARRAY, ['{"2024-02-29 10:20:30+00"}', [new Date('2024-02-29T10:20:30Z')]]],
  [NUMERIC_ARRAY, ['{1.5}', [1.5]]],
])

/**
 * The readers of a client's values: its own, but for times without a zone, which pg takes for the
 * zone of the process, and for the numbers of a `numeric[]`, of which pg makes floats.
 */
export function typesOf(client: RawClient): CustomTypesConfig {
  const theirs = (oid: number): Parse => client.getTypeParser(oid, 'text')
  const ours = new Map<number, Parse>()
  for (const [oid, parse] of readers(theirs)) if (isOfPg(theirs(oid), oid)) ours.set(oid, parse)
  return {
    getTypeParser(oid: number, format?: 'text' | 'binary'): any {
      const own = format === 'binary' ? undefined : ours.get(oid)
      return own ?? client.getTypeParser(oid, format)
    },
  }
}

function readers(theirs: (oid: number) => Parse): [number, Parse][] {
  const zoned = theirs(TIMESTAMPTZ)
  const list = theirs(TEXT_ARRAY)
  const timestamptz: Parse = text => instant(text) ?? zoned(text)
  const timestamp: Parse = text => instant(text) ?? zoned(withZone(text, '+00'))
  const date: Parse = text => day(text) ?? zoned(withZone(text, ' 00:00:00+00'))
  return [
    [DATE, date],
    [TIMESTAMP, timestamp],
    [TIMESTAMPTZ, timestamptz],
    [DATE_ARRAY, text => each(list(text), date)],
    [TIMESTAMP_ARRAY, text => each(list(text), timestamp)],
    [TIMESTAMPTZ_ARRAY, text => each(list(text), timestamptz)],
    [NUMERIC_ARRAY, list],
  ]
}

/** Of the years 1 to 9999 in UTC; anything else is left to pg. Microseconds are cut off. */
function instant(text: string): Date | undefined {
  if (text[4] !== '-' || text[10] !== ' ') return undefined
  const digits = text.endsWith('+00') ? text.slice(0, -3) : text
  if (digits.length > 26 || /[^\d:.]/.test(digits.slice(11))) return undefined
  return new Date(`${digits.slice(0, 10)}T${digits.slice(11, 23)}Z`)
}

function day(text: string): Date | undefined {
  return text.length === 10 && text[4] === '-' ? new Date(`${text}T00:00:00Z`) : undefined
}

/** `0044-03-15 BC` gets its time and zone before the BC; an infinity has none. */
function withZone(text: string, zone: string): string {
  return text.endsWith('infinity') ? text : text.replace(/(?: BC)?$/, era => zone + era)
}

function each(list: unknown, parse: Parse): unknown {
  if (Array.isArray(list)) return list.map(item => each(item, parse))
  return typeof list === 'string' ? parse(list) : list
}

function isOfPg(parse: Parse, oid: number): boolean {
  const [text, value] = OF_PG.get(oid)!
  try {
    return JSON.stringify(parse(text)) === JSON.stringify(value)
  } catch {
    return false
  }
}
