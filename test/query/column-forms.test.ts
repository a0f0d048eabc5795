import { expect } from 'chai'
import { MysqlAdapter } from 'kysely'
import {
  date,
  dateTime,
  decimal,
  InvalidArgumentError,
  json,
  oneOf,
  time,
  uuid,
  type Column,
  type DialectValues,
} from 'mayfly'
import { ANY_DIALECT, foreignValues } from '../../lib/connection/dialect-values.js'
import { exactDate } from '../../lib/support/utc-time.js'

const SQLITE: DialectValues = { ...ANY_DIALECT, family: 'sqlite', json: 'text' }

describe('the forms of times, days and numbers', () => {
  it('U9: dateTime reads what any driver gives', () => {
    const { fromDriver } = dateTime()
    const expected = '2026-11-20T08:30:00.000Z'
    for (const value of [
      new Date(expected),
      '2026-11-20 08:30:00',
      '2026-11-20T08:30:00',
      '2026-11-20T08:30:00.000Z',
      '2026-11-20 09:30:00+01:00',
      '2026-11-20 08:30:00.000000+00',
    ]) {
      expect(fromDriver(value, ANY_DIALECT).toISOString()).to.equal(expected)
    }
    expect(fromDriver('0044-03-15 10:00:00', ANY_DIALECT).toISOString()).to.equal(
      '0044-03-15T10:00:00.000Z',
    )
    for (const value of [
      'soon',
      '2026-11-20',
      '2026-02-29 10:00:00',
      '0000-00-00 00:00:00',
      'infinity',
    ])
      expect(() => fromDriver(value, ANY_DIALECT)).to.throw('no point in time')
    for (const value of [new Date(Number.NaN), 1_700_000_000_000, true])
      expect(() => fromDriver(value, ANY_DIALECT)).to.throw('not a point in time')
  })

  it('U13: dateTime on SQLite reads its own form alone, which equals and sorts as text', () => {
    const { fromDriver, toDriver } = dateTime()
    const times = [
      '0000-01-01T00:00:00.000Z',
      '2026-11-20T08:30:10.000Z',
      '2026-11-20T08:30:10.050Z',
      '2026-11-20T08:30:10.500Z',
      '2026-11-20T08:30:11.001Z',
    ]
    const texts = times.map(at => toDriver(new Date(at), SQLITE))
    expect(texts).to.deep.equal([
      '0000-01-01 00:00:00',
      '2026-11-20 08:30:10',
      '2026-11-20 08:30:10.05',
      '2026-11-20 08:30:10.5',
      '2026-11-20 08:30:11.001',
    ])
    expect(texts.toSorted((a, b) => (String(a) < String(b) ? -1 : 1))).to.deep.equal(texts)
    expect(texts.map(stored => fromDriver(stored, SQLITE).toISOString())).to.deep.equal(times)
    for (const value of [
      '2026-11-20 08:30:10.500',
      '2026-11-20 08:30:10.',
      '2026-11-20',
      '2026-11-20T08:30:10',
      '2026-11-20 08:30:10Z',
      1_700_000_000_000,
    ])
      expect(() => fromDriver(value, SQLITE)).to.throw('declare the form')
  })

  it('U13: dateTime in a form that was declared is read in that form alone, on every dialect', () => {
    const at = new Date('2026-11-20T08:30:10.500Z')
    const whole = new Date('2026-11-20T08:30:10.000Z')
    for (const dialect of [SQLITE, ANY_DIALECT]) {
      const forms: [Column<Date>, unknown, Date, unknown[]][] = [
        [
          dateTime({ stored: 'iso' }),
          '2026-11-20T08:30:10.500Z',
          at,
          ['2026-11-20 08:30:10.5', '2026-11-20T08:30:10.5Z', '2026-11-20T08:30:10Z', 1],
        ],
        [
          dateTime({ stored: 'iso', precision: 0 }),
          '2026-11-20T08:30:10Z',
          whole,
          ['2026-11-20T08:30:10.500Z'],
        ],
        [dateTime({ stored: 'ms' }), at.getTime(), at, ['2026-11-20T08:30:10.500Z', 1.5, 9e15]],
        [dateTime({ stored: 's' }), whole.getTime() / 1000, whole, [at.getTime(), 0.5, '1.5']],
      ]
      for (const [column, stored, read, others] of forms) {
        expect(column.toDriver(at, dialect)).to.equal(stored)
        expect(column.fromDriver(stored, dialect)).to.deep.equal(read)
        for (const other of others)
          expect(() => column.fromDriver(other, dialect)).to.throw('which was declared')
      }
      expect(dateTime({ stored: 'ms' }).fromDriver(BigInt(at.getTime()), dialect)).to.deep.equal(at)
      expect(dateTime({ stored: 's' }).toDriver(new Date(-1), dialect)).to.equal(-1)
    }
    for (const options of [
      { stored: 's', precision: 3 },
      { stored: 'ms', precision: 6 },
      { stored: 'unix' },
      { precision: 2 },
    ])
      expect(() => dateTime(options as never)).to.throw(InvalidArgumentError)
  })

  it('a digit as text is no number of digits, also once the number was declared', () => {
    for (const make of [
      () => time({ precision: 3 }),
      () => dateTime({ precision: 3 }),
      () => decimal({ scale: 2 }),
    ])
      make()
    for (const make of [
      () => time({ precision: '3' as never }),
      () => time({ precision: 'toString' as never }),
      () => dateTime({ precision: '3' as never }),
      () => decimal({ scale: '2' as never }),
    ])
      expect(make).to.throw(InvalidArgumentError)
  })

  it('U13: what is finer than the precision is cut when it is written, and an error when it is read', () => {
    const fine = exactDate(Date.parse('2026-11-20T08:30:10.123Z'), 456)
    const negative = new Date(-1)
    expect(dateTime({ precision: 0 }).toDriver(negative, ANY_DIALECT)).to.deep.equal(
      new Date(-1000),
    )
    expect(dateTime({ precision: 0 }).toDriver(fine, SQLITE)).to.equal('2026-11-20 08:30:10')
    expect(() => dateTime({ precision: 0 }).fromDriver(new Date(1), ANY_DIALECT)).to.throw(
      'a fraction of a second',
    )
    expect(() => dateTime().fromDriver(fine, ANY_DIALECT)).to.throw('finer than milliseconds')
    expect(() => dateTime().fromDriver('2026-11-20 08:30:10.123456', SQLITE)).to.throw(
      'finer than milliseconds',
    )

    const exact = dateTime({ precision: 6 })
    expect(exact.fromDriver(fine, ANY_DIALECT)).to.equal('2026-11-20T08:30:10.123456Z')
    expect(exact.fromDriver(new Date(0), ANY_DIALECT)).to.equal('1970-01-01T00:00:00.000000Z')
    expect(exact.fromDriver('2026-11-20 08:30:10.12345', SQLITE)).to.equal(
      '2026-11-20T08:30:10.123450Z',
    )
    expect(exact.toDriver('2026-11-20T08:30:10.123456789Z', SQLITE)).to.equal(
      '2026-11-20 08:30:10.123456',
    )
    expect(exact.toDriver('2026-11-20T08:30:10Z', { ...ANY_DIALECT, family: 'mysql' })).to.equal(
      '2026-11-20 08:30:10.000000',
    )
    expect(exact.equals('2026-11-20T08:30:10Z', '2026-11-20T08:30:10.000000Z')).to.equal(true)
    expect(exact.equals('2026-11-20T08:30:10Z', '2026-11-20T08:30:10.000001Z')).to.equal(false)
    for (const value of [new Date(), '2026-11-20', '2026-02-30T08:30:10Z', '2026-11-20T08:30:10'])
      expect(() => exact.toDriver(value as never, ANY_DIALECT)).to.throw('as text')
  })

  it('U9: a day is text, whatever the driver made of it, and never another day', () => {
    const { fromDriver, toDriver } = date()
    expect(fromDriver('2024-02-29', ANY_DIALECT)).to.equal('2024-02-29')
    expect(fromDriver(new Date(Date.UTC(2024, 1, 29)), ANY_DIALECT)).to.equal('2024-02-29')
    const local = new Date(2024, 1, 29)
    local.setFullYear(44)
    expect(fromDriver(local, foreignValues(new MysqlAdapter()))).to.equal('0044-02-29')
    for (const [noon, dialect] of [
      [new Date(Date.UTC(2024, 1, 29, 12)), ANY_DIALECT],
      [new Date(2024, 1, 29, 12, 34), foreignValues(new MysqlAdapter())],
    ] as const)
      expect(() => fromDriver(noon, dialect)).to.throw('declare the column as dateTime()')
    for (const value of ['0000-00-00', '2024-05-00', '2023-02-29'])
      expect(() => fromDriver(value, ANY_DIALECT)).to.throw('no day of the calendar')
    for (const value of [new Date(Number.NaN), '2024-02-29 00:00:00', 20240229])
      expect(() => fromDriver(value, ANY_DIALECT)).to.throw('not a day')
    for (const value of ['2023-02-29', '2024-2-1', '12024-02-01', new Date(), ''])
      expect(() => toDriver(value as never, ANY_DIALECT)).to.throw('a day of the calendar')
  })

  it('U9: a time of the day is text, of as many digits as were declared', () => {
    expect(time({ precision: 3 }).fromDriver('10:30:00.500', ANY_DIALECT)).to.equal('10:30:00.5')
    expect(time({ precision: 6 }).fromDriver('10:30:00.000000', ANY_DIALECT)).to.equal('10:30:00')
    expect(time().toDriver('23:59:59.000', ANY_DIALECT)).to.equal('23:59:59')
    expect(time({ precision: 3 }).equals('10:30:00.50', '10:30:00.5')).to.equal(true)
    expect(time().equals('10:30:00', '10:30:01')).to.equal(false)
    expect(() => time({ precision: 3 }).fromDriver('10:30:00.500', SQLITE)).to.throw(
      'zeros at the end',
    )
    expect(() => time().fromDriver('10:30:00.5', ANY_DIALECT)).to.throw('its precision, 3 or 6')
    for (const value of ['24:00:00', '-01:00:00', '100:00:00', '10:60:00', '10:30', '10:30:00.5'])
      for (const use of [time().fromDriver, time().toDriver])
        expect(() => use(value, ANY_DIALECT)).to.throw('a time of the day')
    expect(() => time({ precision: 3 }).toDriver('10:30:00.1234', ANY_DIALECT)).to.throw('3 digits')
  })

  it('U9: decimal is exact text', () => {
    expect(
      ['12.50', 12.5, '0.00', 7, '-1.10', '-0.0'].map(value =>
        decimal().fromDriver(value, ANY_DIALECT),
      ),
    ).to.deep.equal(['12.5', '12.5', '0', '7', '-1.1', '0'])
    expect(
      [12.5, '7', '0.10', '-0.00', '007.5', 10n].map(value =>
        decimal({ scale: 2 }).fromDriver(value, ANY_DIALECT),
      ),
    ).to.deep.equal(['12.50', '7.00', '0.10', '0.00', '7.50', '10.00'])
    expect(decimal({ scale: 0 }).fromDriver('7.0', ANY_DIALECT)).to.equal('7')
    expect(() => decimal({ scale: 2 }).fromDriver('1.234', ANY_DIALECT)).to.throw(
      'more than 2 digits',
    )
    expect(() => decimal({ scale: -1 })).to.throw(InvalidArgumentError)
    expect(() => decimal().fromDriver('1e5', ANY_DIALECT)).to.throw('not a decimal number')
    for (const value of ['12.345', '1e5', '', 'x', 12.5, '9'.repeat(66)])
      expect(() => decimal({ scale: 2 }).toDriver(value as never, ANY_DIALECT)).to.throw(
        'at most 2 digits',
      )
  })

  it('U9: decimal on SQLite is a number of at most 15 digits', () => {
    const { fromDriver, toDriver } = decimal()
    for (const [number, digits] of [
      [1e-7, '0.0000001'],
      [-1.5e-10, '-0.00000000015'],
      [123456789012.345, '123456789012.345'],
      [1e20, '100000000000000000000'],
      [0.1, '0.1'],
      [-0, '0'],
    ] as const)
      expect(fromDriver(number, SQLITE)).to.equal(digits)
    for (const value of [0.1 + 0.2, 1 / 3, 2 ** 60 / 1e5, 1234567890123456n])
      expect(() => fromDriver(value, SQLITE)).to.throw("stored: 'integer'")
    for (const value of ['90071992547409.93', '123456789012345678.91', '1.000000000000001'])
      expect(() => toDriver(value, SQLITE)).to.throw("stored: 'integer'")
    for (const value of ['900719925474099.00', '0.000000000123456789012345', '-0.1'])
      expect(toDriver(value, SQLITE)).to.be.a('string')
  })

  it("U9: decimal({ stored: 'integer' }) is a whole number on every dialect", () => {
    const column = decimal({ scale: 2, stored: 'integer' })
    for (const dialect of [SQLITE, ANY_DIALECT]) {
      for (const [digits, stored] of [
        ['12.50', 1250n],
        ['-0.05', -5n],
        ['0.00', 0n],
        ['92233720368547758.07', 2n ** 63n - 1n],
      ] as const) {
        expect(column.toDriver(digits, dialect)).to.equal(stored)
        expect(column.fromDriver(stored, dialect)).to.equal(digits)
        expect(column.fromDriver(String(stored), dialect)).to.equal(digits)
      }
      expect(column.fromDriver(1250, dialect)).to.equal('12.50')
      expect(() => column.toDriver('92233720368547758.08', dialect)).to.throw('64 bits')
      expect(() => column.toDriver('1.234', dialect)).to.throw('at most 2 digits')
      for (const value of [12.5, '12.50', 2 ** 53])
        expect(() => column.fromDriver(value, dialect)).to.throw('a whole number')
    }
    for (const options of [{ stored: 'integer' }, { scale: 2, stored: 'text' }])
      expect(() => decimal(options as never)).to.throw(InvalidArgumentError)
  })

  it('U9: a document is parsed once, by the driver or by its column', () => {
    const parsed: DialectValues = { ...ANY_DIALECT, json: 'parsed' }
    expect(json().fromDriver('123', parsed)).to.equal('123')
    expect(json().fromDriver('"123"', SQLITE)).to.equal('123')
    expect(json().fromDriver('soon', ANY_DIALECT)).to.equal('soon')
    expect(() => json().fromDriver('soon', SQLITE)).to.throw('not JSON')
  })

  it('U9: oneOf and uuid take what they name, and no other', () => {
    const state = oneOf('draft', 'sent')
    expect(state).to.equal(oneOf('draft', 'sent'))
    expect(state).not.to.equal(oneOf('sent', 'draft'))
    expect(state.fromDriver('sent', ANY_DIALECT)).to.equal('sent')
    for (const use of [state.fromDriver, state.toDriver])
      for (const value of ['Sent', 'toString', 7, ''])
        expect(() => use(value as never, ANY_DIALECT)).to.throw(
          'one of the texts that were declared',
        )
    for (const values of [[], ['a', 'a'], [1], ['\ud800']])
      expect(() => oneOf(...(values as [string]))).to.throw(InvalidArgumentError)

    const id = '0f8fad5b-d9cb-469f-a165-70867728950e'
    expect(uuid().toDriver(id.toUpperCase(), ANY_DIALECT)).to.equal(id)
    expect(uuid().equals(id.toUpperCase(), id)).to.equal(true)
    expect(uuid().fromDriver(id, ANY_DIALECT)).to.equal(id)
    expect(() => uuid().fromDriver(id.toUpperCase(), ANY_DIALECT)).to.throw('in lower case')
    for (const value of [id.slice(1), `{${id}}`, 7, `${id}\n`])
      expect(() => uuid().toDriver(value as never, ANY_DIALECT)).to.throw('a UUID as text')
  })
})
