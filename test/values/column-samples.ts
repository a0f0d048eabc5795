import fc from 'fast-check'
import {
  bigInt,
  boolean,
  bytes,
  date,
  dateTime,
  decimal,
  integer,
  json,
  oneOf,
  real,
  text,
  time,
  uuid,
  type Column,
} from 'mayfly'
import { shortText } from '../../lib/support/utc-time.js'
import type { DatabaseKind } from '../support/databases.js'

type Family = DatabaseKind['family']

/** A declared column, what it is in each database, and what its values may be. */
export interface Sample {
  readonly column: Column<any>
  /** The type of the column, by database. */
  readonly types: Readonly<Record<Family, string>>
  readonly values: fc.Arbitrary<any>
  /** What `kysely`, which knows no columns, is given. */
  readonly plain: (value: any, family: Family) => unknown
  /** The value in a statement's own text. */
  readonly literal: (value: any, family: Family) => string
  /** `undefined` where the order is the database's. */
  readonly order: ((a: any, b: any) => number) | undefined
}

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
const byNumber = (a: number | bigint, b: number | bigint) => (a < b ? -1 : a > b ? 1 : 0)
const byTime = (a: Date, b: Date) => byNumber(a.getTime(), b.getTime())
const itself = (value: unknown) => value
const quoted = (value: unknown) => `'${String(value)}'`
const bare = (value: unknown) => String(value)

/** Bytes of a text, so that no quote and no backslash is in the way. */
function textLiteral(value: string, family: Family): string {
  const hex = Buffer.from(value).toString('hex')
  if (family === 'mysql') return `_utf8mb4 x'${hex}'`
  return family === 'sqlite' ? `cast(x'${hex}' as text)` : `convert_from('\\x${hex}', 'UTF8')`
}

const EDGES = [
  '0000-01-01T00:00:00.000Z',
  '0001-01-01T00:00:00.000Z',
  '0044-03-15T10:00:00.120Z',
  '0099-12-31T23:59:59.999Z',
  '0100-01-01T00:00:00.000Z',
  '1900-02-28T23:59:59.999Z',
  '1969-12-31T23:59:59.999Z',
  '1970-01-01T00:00:00.000Z',
  '2000-02-29T12:00:00.001Z',
  '2024-02-29T00:00:00.100Z',
  '2024-03-10T07:30:00.000Z',
  '2024-10-27T00:30:00.500Z',
  '2024-10-27T01:30:00.500Z',
  '2024-11-03T06:30:00.000Z',
  '9999-12-31T23:59:59.999Z',
]
const dates = fc.oneof(
  fc.constantFrom(...EDGES).map(edge => new Date(edge)),
  fc.date({
    min: new Date('0000-01-01T00:00:00.000Z'),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  }),
)
const seconds = dates.map(at => new Date(Math.floor(at.getTime() / 1000) * 1000))
const micros = fc
  .tuple(dates, fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 999 })))
  .map(([at, finer]) => `${at.toISOString().slice(0, -1)}${String(finer).padStart(3, '0')}Z`)

/** As each database writes it, PostgreSQL without a year 0. */
function spaced(iso: string, family: Family): string {
  const trimmed = `${iso.slice(0, 10)} ${iso.slice(11, -1)}`
  if (family === 'sqlite')
    return trimmed.replace(/\.?0+$/, match =>
      match.startsWith('.') ? '' : /\.\d/.test(trimmed) ? '' : match,
    )
  return family === 'postgres' ? bc(trimmed) : trimmed
}

const bc = (day: string) => (day.startsWith('0000') ? `0001${day.slice(4)} BC` : day)
const timeLiteral = (at: Date, family: Family) =>
  quoted(family === 'sqlite' ? shortText(at) : spaced(at.toISOString(), family))

function times(column: Column<Date>, values: fc.Arbitrary<Date>, digits: 0 | 3): Sample {
  return {
    column,
    types: {
      sqlite: 'text',
      mysql: `datetime(${digits})`,
      postgres: digits === 0 ? 'timestamp(0)' : 'timestamptz(3)',
    },
    values,
    plain: itself,
    literal: timeLiteral,
    order: byTime,
  }
}

function stored(
  column: Column<Date>,
  values: fc.Arbitrary<Date>,
  type: string,
  form: (at: Date) => unknown,
): Sample {
  return {
    column,
    types: { sqlite: type, mysql: type, postgres: type },
    values,
    plain: form,
    literal: at => quoted(form(at)),
    order: byTime,
  }
}

/** By the number without its point. */
const byDecimal = (a: string, b: string) => byNumber(scaled(a), scaled(b))
function scaled(digits: string): bigint {
  const [whole = '', fraction = ''] = digits.split('.')
  return BigInt(whole + fraction.padEnd(12, '0'))
}

function decimals(most: bigint, scale: number): fc.Arbitrary<string> {
  const edges = fc.constantFrom(0n, 1n, -1n, most, -most, 10n, 9n * 10n ** BigInt(scale), 105n)
  return fc.oneof(edges, fc.bigInt({ min: -most, max: most })).map(number => {
    const digits = String(number < 0n ? -number : number).padStart(scale + 1, '0')
    return `${number < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
  })
}

const characters = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    'a',
    'A',
    "'",
    '\\',
    "\\'",
    '%_',
    '😀',
    '👩‍👩‍👧',
    'é',
    'e\u0301',
    '\u2028',
    '?',
    '$1',
    ':x',
    '`"',
    '--',
    '\r\n\t',
  ),
  fc
    .string({ unit: 'binary', maxLength: 12 })
    .map(value => value.toWellFormed().replaceAll('\0', '')),
)
const buffers = fc.oneof(
  fc
    .constantFrom('', '00', '0000', '00ff27', '5c', 'ed a0 80')
    .map(hex => Buffer.from(hex.replaceAll(' ', ''), 'hex')),
  fc.uint8Array({ maxLength: 16 }).map(list => Buffer.from(list)),
)
const bytesLiteral = (value: Buffer, family: Family) =>
  family === 'postgres' ? `'\\x${value.toString('hex')}'::bytea` : `x'${value.toString('hex')}'`
const same = (type: string) => ({ sqlite: type, mysql: type, postgres: type })
const BIG = 2n ** 63n

export const samples: Readonly<Record<string, Sample>> = {
  at0: times(dateTime({ precision: 0 }), seconds, 0),
  at3: times(dateTime(), dates, 3),
  at6: {
    column: dateTime({ precision: 6 }),
    types: { sqlite: 'text', mysql: 'datetime(6)', postgres: 'timestamptz' },
    values: micros,
    plain: (value: string, family) =>
      family === 'sqlite'
        ? dateTime({ precision: 6 }).toDriver(value, { family } as never)
        : spaced(value, family),
    literal: (value: string, family) =>
      quoted(
        family === 'sqlite'
          ? dateTime({ precision: 6 }).toDriver(value, { family } as never)
          : spaced(value, family),
      ),
    order: byText,
  },
  iso: stored(dateTime({ stored: 'iso' }), dates, 'varchar(40)', at => at.toISOString()),
  ms: stored(dateTime({ stored: 'ms' }), dates, 'bigint', at => at.getTime()),
  s: stored(dateTime({ stored: 's' }), seconds, 'bigint', at => at.getTime() / 1000),
  day: {
    column: date(),
    types: same('date'),
    values: dates.map(at => at.toISOString().slice(0, 10)),
    plain: (day: string, family) => (family === 'postgres' ? bc(day) : day),
    literal: (day: string, family) => quoted(family === 'postgres' ? bc(day) : day),
    order: byText,
  },
  clock: {
    column: time({ precision: 3 }),
    types: { sqlite: 'text', mysql: 'time(3)', postgres: 'time(3)' },
    values: fc.oneof(
      fc.constantFrom('00:00:00', '23:59:59.999', '10:00:00.5', '10:00:00.05'),
      dates.map(at =>
        at
          .toISOString()
          .slice(11, 23)
          .replace(/\.?0+$/, ''),
      ),
    ),
    plain: itself,
    literal: quoted,
    order: byText,
  },
  price: {
    column: decimal({ scale: 4 }),
    types: { sqlite: 'numeric', mysql: 'decimal(20, 4)', postgres: 'numeric(20, 4)' },
    values: decimals(10n ** 15n - 1n, 4),
    plain: itself,
    literal: bare,
    order: byDecimal,
  },
  money: {
    column: decimal({ scale: 2, stored: 'integer' }),
    types: same('bigint'),
    values: decimals(BIG - 1n, 2),
    plain: (value: string) => BigInt(value.replace('.', '')),
    literal: value => value.replace('.', '').replace(/^(-?)0+(?=\d)/, '$1'),
    order: byDecimal,
  },
  big: {
    column: bigInt(),
    types: same('bigint'),
    values: fc.oneof(
      fc.constantFrom(0n, -BIG, BIG - 1n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n),
      fc.bigInt({ min: -BIG, max: BIG - 1n }),
    ),
    plain: itself,
    literal: bare,
    order: byNumber,
  },
  count: {
    column: integer(),
    types: same('bigint'),
    values: fc.oneof(
      fc.constantFrom(0, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
      fc.maxSafeInteger(),
    ),
    plain: itself,
    literal: bare,
    order: byNumber,
  },
  weight: {
    column: real(),
    types: { sqlite: 'real', mysql: 'double', postgres: 'double precision' },
    values: fc.oneof(
      fc.constantFrom(
        0,
        -0,
        0.1,
        1 / 3,
        5e-324,
        2.2250738585072014e-308,
        Number.MAX_VALUE,
        -Number.MAX_VALUE,
        2 ** 60,
        1e21,
        1e-7,
      ),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    ),
    plain: itself,
    literal: value => `${value.toExponential()}`,
    order: byNumber,
  },
  flag: {
    column: boolean(),
    types: same('boolean'),
    values: fc.boolean(),
    plain: itself,
    literal: (value: boolean, family) =>
      family === 'postgres' ? String(value) : String(Number(value)),
    order: (a: boolean, b: boolean) => Number(a) - Number(b),
  },
  photo: {
    column: bytes(),
    types: { sqlite: 'blob', mysql: 'varbinary(200)', postgres: 'bytea' },
    values: buffers,
    plain: itself,
    literal: bytesLiteral,
    order: (a: Buffer, b: Buffer) => Buffer.compare(a, b),
  },
  name: {
    column: text(),
    types: { sqlite: 'text', mysql: 'varchar(100) character set utf8mb4', postgres: 'text' },
    values: characters,
    plain: itself,
    literal: textLiteral,
    order: undefined,
  },
  code: {
    column: uuid(),
    types: { sqlite: 'text', mysql: 'char(36)', postgres: 'uuid' },
    values: fc.uuid(),
    plain: itself,
    literal: quoted,
    order: byText,
  },
  state: {
    column: oneOf('draft', 'sent', "it's"),
    types: { sqlite: 'text', mysql: 'varchar(20)', postgres: 'text' },
    values: fc.constantFrom('draft', 'sent', "it's"),
    plain: itself,
    literal: textLiteral,
    order: undefined,
  },
  data: {
    column: json(),
    types: { sqlite: 'text', mysql: 'longtext', postgres: 'json' },
    values: fc
      .oneof(
        fc.constantFrom(
          '123',
          'null',
          'text',
          '',
          0,
          1e21,
          [],
          {},
          [null],
          { a: { b: ['😀', '\\', "'"] } },
          'x'.repeat(70_000),
        ),
        fc.jsonValue({ maxDepth: 3 }),
      )
      .map(value => JSON.parse(JSON.stringify(value).replaceAll('\\u0000', '')) as unknown)
      .filter(value => value !== null),
    plain: value => JSON.stringify(value),
    literal: (value, family) =>
      `${textLiteral(JSON.stringify(value), family)}${family === 'postgres' ? '::json' : ''}`,
    order: undefined,
  },
}
