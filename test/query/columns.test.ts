import { expect } from 'chai'
import fc from 'fast-check'
import {
  bigInt,
  boolean,
  bytes,
  dateTime,
  decimal,
  integer,
  InvalidArgumentError,
  json,
  real,
  text,
  type Column,
  type ColumnRule,
} from 'mayfly'
import { ANY_DIALECT } from '../../lib/connection/dialect-values.js'
import { equalValues, snapshotValue } from '../../lib/query/compare.js'

const same = (column: { equals: (a: any, b: any) => boolean }, a: unknown, b: unknown) => {
  expect(column.equals(a, b)).to.equal(column.equals(b, a))
  return column.equals(a, b)
}
const undeclared = { equals: equalValues, snapshot: snapshotValue }

describe('what columns read and write', () => {
  it('U9: bigInt refuses a number that a driver has rounded', () => {
    expect(() => bigInt().fromDriver(2 ** 53, ANY_DIALECT)).to.throw('supportBigNumbers')
  })

  it('U9: integer, real, text and bytes are what they say, in both directions', () => {
    expect([7, 7n, '7'].map(value => integer().fromDriver(value, ANY_DIALECT))).to.deep.equal([
      7, 7, 7,
    ])
    for (const value of [
      1.5,
      2 ** 53,
      2n ** 60n,
      '9007199254740993',
      '',
      ' ',
      'x',
      '1.5',
      true,
      null,
      [],
    ])
      expect(() => integer().fromDriver(value, ANY_DIALECT)).to.throw('bigInt()')
    for (const value of [1.5, '7', 7n, Number.NaN, 2 ** 53])
      expect(() => integer().toDriver(value as never, ANY_DIALECT)).to.throw('a whole number')
    expect([1.5, 7].map(value => real().fromDriver(value, ANY_DIALECT))).to.deep.equal([1.5, 7])
    expect(() => real().fromDriver('12.50', ANY_DIALECT)).to.throw('decimal()')
    for (const value of [Infinity, Number.NaN, '1'])
      expect(() => real().toDriver(value as never, ANY_DIALECT)).to.throw('a finite number')
    expect(text().fromDriver('Ada', ANY_DIALECT)).to.equal('Ada')
    for (const value of [7, Buffer.from('Ada')])
      expect(() => text().fromDriver(value, ANY_DIALECT)).to.throw('not text')
    for (const value of ['\ud800', 7, {}])
      expect(() => text().toDriver(value as never, ANY_DIALECT)).to.throw('well-formed text')
    const view = new Uint8Array([1, 2, 3, 4]).subarray(1, 3)
    expect(bytes().fromDriver(view, ANY_DIALECT)).to.deep.equal(Buffer.from([2, 3]))
    expect(() => bytes().fromDriver('Ada', ANY_DIALECT)).to.throw('not bytes')
    expect(() => bytes().toDriver('Ada' as never, ANY_DIALECT)).to.throw('bytes')
  })

  it('U9: a document that JSON cannot express is refused', () => {
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    for (const value of [cycle, 7n, { big: 7n }, undefined, () => 1])
      expect(() => json().toDriver(value, ANY_DIALECT)).to.throw('something that JSON can express')
  })
})

describe('how columns compare and copy', () => {
  const cases: [string, Column<any> | typeof undeclared, unknown[][]][] = [
    [
      'dateTime',
      dateTime(),
      [[new Date(5), new Date(5)], [new Date(6)], [new Date(NaN), new Date(NaN)]],
    ],
    [
      'decimal',
      decimal({ scale: 2 }),
      [
        ['12.50', '12.5', '012.500'],
        ['12.05'],
        ['0', '0.00', '-0', '00'],
        ['100', '100.0'],
        ['10'],
        ['-12.5', '-12.50'],
      ],
    ],
    ['boolean', boolean(), [[true], [false]]],
    ['bigInt', bigInt(), [[5n], [6n]]],
    ['integer', integer(), [[5], [6]]],
    ['real', real(), [[0, -0], [0.5], [Number.NaN, Number.NaN]]],
    ['text', text(), [['a'], ['A'], ['']]],
    [
      'bytes',
      bytes(),
      [[Buffer.from('ab'), new Uint8Array([97, 98])], [Buffer.from('abc')], [Buffer.alloc(0)]],
    ],
    [
      'json',
      json(),
      [
        [
          { a: 1, b: [1, { c: null }] },
          { b: [1, { c: null }], a: 1, d: undefined },
        ],
        [{ a: 1, b: [1, { c: 1 }] }],
        [{ a: 1 }],
        [{ b: 1 }],
        [{}, { a: undefined }],
        [[]],
        [[null], [undefined], [Number.NaN]],
        [[1, 2]],
        [[2, 1]],
        [{ at: new Date(0) }, { at: '1970-01-01T00:00:00.000Z' }],
        ['text'],
        [{ 0: 1 }],
        [[1]],
        [JSON.parse('{"__proto__":{"a":1}}'), JSON.parse('{"__proto__":{"a":1}}')],
      ],
    ],
    [
      'an undeclared column',
      undeclared,
      [
        [1],
        ['1'],
        [1n],
        [true],
        [null],
        [Number.NaN, Number.NaN],
        [new Date(1), new Date(1)],
        [Buffer.from('1'), Buffer.from('1')],
        [{ a: [1] }, { a: [1] }],
        [[1], [1]],
        [new Map()],
        [new Map()],
      ],
    ],
  ]
  for (const [name, column, classes] of cases) {
    it(`U13: ${name}: equal is what is the same to the database`, () => {
      for (const [i, equals] of classes.entries()) {
        for (const a of equals) {
          for (const b of [...equals, column.snapshot(a)]) expect(same(column, a, b)).to.equal(true)
          for (const other of classes.filter((_, j) => j !== i).flat())
            expect(same(column, a, other), `${String(a)} ${String(other)}`).to.equal(false)
        }
      }
    })
  }

  it('U4: an original stays as it was when the value is changed in place', () => {
    const changes: [{ snapshot: any; equals: any }, any, (value: any) => void][] = []
    const dates = (column: any): (typeof changes)[number] => [
      column,
      new Date(5),
      value => value.setTime(6),
    ]
    const buffers = (column: any, value: Uint8Array): (typeof changes)[number] => [
      column,
      value,
      changed => changed.fill(7),
    ]
    const documents = (column: any): (typeof changes)[number] => [
      column,
      { list: [{ a: 1 }] },
      value => (value.list[0].a = 2),
    ]
    changes.push(dates(dateTime()), dates(undeclared), documents(json()), documents(undeclared))
    for (const value of [Buffer.from('ab'), new Uint8Array([1, 2])])
      changes.push(buffers(bytes(), value), buffers(undeclared, Uint8Array.from(value)))
    for (const [column, value, change] of changes) {
      const original = column.snapshot(value)
      expect(original.constructor).to.equal(value.constructor)
      expect(column.equals(value, original)).to.equal(true)
      change(value)
      expect(column.equals(value, original)).to.equal(false)
    }
  })

  it('U4: documents compare as their text does, and a copy has the same', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const sorted = (value: unknown) =>
          JSON.stringify(value, (_, item: unknown) =>
            typeof item === 'object' && item !== null && !Array.isArray(item)
              ? Object.fromEntries(Object.entries(item).toSorted(([x], [y]) => (x < y ? -1 : 1)))
              : item,
          )
        expect(json().equals(a, b)).to.equal(sorted(a) === sorted(b))
        expect(JSON.stringify(json().snapshot(a))).to.equal(JSON.stringify(a))
      }),
      { numRuns: 300 },
    )
  })
})

describe('the rule of a column', () => {
  it('U14: says what it was told, in any order, and changes no other column', () => {
    const id = integer()
    const rules: [Column<any>, ColumnRule][] = [
      [id, 'required'],
      [id.generated(), 'generated'],
      [id.nullable().generated(), 'nullable generated'],
      [id.generated().nullable(), 'nullable generated'],
      [id.generatedAlways(), 'generated always'],
      [id.default(7), 'generated'],
      [id.default(7).fixed(), 'generated fixed'],
      [id.fixed().default(7).nullable(), 'nullable generated fixed'],
      [id.nullable().fixed(), 'nullable fixed'],
      [id, 'required'],
    ]
    for (const [column, rule] of rules) expect(column.rule).to.equal(rule)
    expect(integer()).to.equal(id)
    expect(id.generated()).to.equal(integer().generated())
    expect(decimal({ scale: 2 }).nullable()).to.equal(decimal({ scale: 2 }).nullable())
    expect(decimal({ scale: 2 }).nullable()).not.to.equal(decimal({ scale: 3 }).nullable())
    expect(id.default(7).fixed().nullable().defaultValue).to.equal(7)
    expect(id.defaultValue).to.equal(undefined)
  })

  it('U14: a default is a value that the column takes, and is kept as it was given', () => {
    const first = new Date(5)
    const column = dateTime().default(first)
    first.setTime(6)

    expect(column.defaultValue).to.deep.equal(new Date(5))
    for (const make of [
      () => integer().default(1.5),
      () => text().default(7 as never),
      () => text().default(undefined as never),
      () =>
        text()
          .nullable()
          .default(null as never),
      () => json().default(7n),
    ])
      expect(make).to.throw(InvalidArgumentError, 'default() was given a wrong value')
  })
})
