import type { CustomTypesConfig } from 'pg'
import { readUtc } from '../../lib/support/utc-time.js'
import type { RawClient } from './client.js'
import { postgresPoolUnusable } from './errors.js'

type Parse = (text: string) => unknown

/** The number that the server has for a type. */
const TEXT_ARRAY = 1009
const JSON_TEXT = 114
const DATE = 1082
const TIMESTAMP = 1114
const TIMESTAMP_ARRAY = 1115
const DATE_ARRAY = 1182
const TIMESTAMPTZ = 1184
const TIMESTAMPTZ_ARRAY = 1185
const NUMERIC_ARRAY = 1231
const NUMERIC = 1700
const JSON_BINARY = 3802

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
 * @throws InvalidArgumentError for readers that leave nothing exact of what declared columns need
 */
export function typesOf(client: RawClient): CustomTypesConfig {
  const theirs = (oid: number): Parse => client.getTypeParser(oid, 'text')
  checkExact(theirs)
  const ours = new Map<number, Parse>()
  for (const [oid, parse] of readers(theirs)) if (isOfPg(theirs(oid), oid)) ours.set(oid, parse)
  return {
    getTypeParser(oid: number, format?: 'text' | 'binary'): any {
      const own = format === 'binary' ? undefined : ours.get(oid)
      return own ?? client.getTypeParser(oid, format)
    },
  }
}

function checkExact(theirs: (oid: number) => Parse): void {
  if (typeof theirs(NUMERIC)('1.5') === 'number')
    throw postgresPoolUnusable(
      'reads numeric as floating point numbers, which lose digits; leave the type 1700 to pg, or make it another text',
    )
  for (const oid of [JSON_TEXT, JSON_BINARY])
    if (typeof theirs(oid)('{}') === 'string')
      throw postgresPoolUnusable(`reads JSON as text; leave the types 114 and 3802 to pg`)
}

function readers(theirs: (oid: number) => Parse): [number, Parse][] {
  const zoned = theirs(TIMESTAMPTZ)
  const list = theirs(TEXT_ARRAY)
  const timestamptz: Parse = text => readUtc(text) ?? zoned(text)
  const timestamp: Parse = text => readUtc(text) ?? zoned(withZone(text, '+00'))
  const date: Parse = text =>
    (text.length === 10 && readUtc(`${text} 00:00:00`)) || zoned(withZone(text, ' 00:00:00+00'))
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
