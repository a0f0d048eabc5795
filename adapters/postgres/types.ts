import type { CustomTypesConfig } from 'pg'
import type { RawClient } from './client.js'
import { readServerTime } from './server-time.js'

type Parse = (text: string) => unknown

/** The numbers that the server has for types. */
const BOOLEAN = 16
const INT8 = 20
const INT2 = 21
const INT4 = 23
const TEXT = 25
const JSON_TEXT = 114
const FLOAT4 = 700
const FLOAT8 = 701
const TEXT_ARRAY = 1009
const VARCHAR = 1043
const DATE = 1082
const TIME = 1083
const TIMESTAMP = 1114
const TIMESTAMP_ARRAY = 1115
const DATE_ARRAY = 1182
const TIMESTAMPTZ = 1184
const TIMESTAMPTZ_ARRAY = 1185
const NUMERIC_ARRAY = 1231
const NUMERIC = 1700
const UUID = 2950
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

/** What declared columns are made of, whatever a pool or all of pg was told. */
const OF_SETS: readonly (readonly [oid: number, parse: Parse])[] = [
  [BOOLEAN, text => text === 't'],
  ...[INT2, INT4, FLOAT4, FLOAT8].map(oid => [oid, Number] as const),
  ...[INT8, NUMERIC, TEXT, VARCHAR, TIME, UUID].map(oid => [oid, asText] as const),
  ...[JSON_TEXT, JSON_BINARY].map(oid => [oid, (text: string) => JSON.parse(text)] as const),
]

/** How the values of a client's rows are read. */
export interface Readings {
  /**
   * Of statements that users made: as the client does it, but for times without a zone, which pg takes
   * for the zone of the process, and for the numbers of a `numeric[]`, of which pg makes floats.
   */
  readonly own: CustomTypesConfig
  /** Of statements whose values declared columns will read. */
  readonly ofSet: CustomTypesConfig
}

export function readingsOf(client: RawClient): Readings {
  const theirs = (oid: number): Parse => client.getTypeParser(oid, 'text')
  const ours = readers(theirs)
  const own = ours.filter(([oid]) => isOfPg(theirs(oid), oid))
  return {
    own: typesOf(client, new Map(own)),
    ofSet: typesOf(client, new Map([...OF_SETS, ...ours])),
  }
}

function typesOf(client: RawClient, ours: ReadonlyMap<number, Parse>): CustomTypesConfig {
  return {
    getTypeParser(oid: number, format?: 'text' | 'binary'): any {
      const parse = format === 'binary' ? undefined : ours.get(oid)
      return parse ?? client.getTypeParser(oid, format)
    },
  }
}

function asText(text: string): string {
  return text
}

function readers(theirs: (oid: number) => Parse): [number, Parse][] {
  const zoned = theirs(TIMESTAMPTZ)
  const list = theirs(TEXT_ARRAY)
  const timestamptz: Parse = text => readServerTime(text) ?? zoned(text)
  const timestamp: Parse = text => readServerTime(text) ?? zoned(withZone(text, '+00'))
  const date: Parse = text =>
    (text.length === 10 && readServerTime(`${text} 00:00:00`)) ||
    zoned(withZone(text, ' 00:00:00+00'))
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
