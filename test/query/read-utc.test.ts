import { expect } from 'chai'
import fc from 'fast-check'
import { isoText, microsOf, readUtc } from '../../lib/support/utc-time.js'

const YEARS = { min: new Date('0000-01-02T00:00:00Z'), max: new Date('9999-12-30T23:59:59.999Z') }

describe('a time as databases write it', () => {
  it('U9: is read to its microsecond, with every zone and every number of digits', () => {
    fc.assert(
      fc.property(
        fc.date({ ...YEARS, noInvalidDate: true }),
        fc.integer({ min: 0, max: 999 }),
        fc.integer({ min: 0, max: 9 }),
        fc.constantFrom('', 'Z', '+00', '+05', '-0530', '+05:30'),
        fc.constantFrom(' ', 'T'),
        (date, micros, count, zone, separator) => {
          const [, sign, hours, minutes = '0'] = /([+-])(\d\d):?(\d\d)?/.exec(zone) ?? ['', '+', 0]
          const ahead = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1)
          const iso = isoText(new Date(date.getTime() + ahead * 60_000), 3).replace('T', separator)
          const fraction = `${iso.slice(20, 23)}${String(micros).padStart(3, '0')}789`.slice(
            0,
            count,
          )
          const read = readUtc(`${iso.slice(0, 19)}${count === 0 ? '' : `.${fraction}`}${zone}`)!
          const kept = Number(fraction.slice(0, 6).padEnd(6, '0'))
          const second = Math.floor(date.getTime() / 1000) * 1000
          expect(read.getTime()).to.equal(second + Math.floor(kept / 1000))
          expect(microsOf(read)).to.equal(kept % 1000)
        },
      ),
    )
  })

  it('U9: is none where anything of it is missing, too much, or does not exist', () => {
    const time = '2024-02-29 12:13:14'
    for (const odd of [
      ...Array.from({ length: time.length }, (_, i) => time.slice(0, i)),
      ...Array.from({ length: time.length }, (_, i) => `${time.slice(0, i)}x${time.slice(i + 1)}`),
      ...['.', '.x', '.1234567890', 'z', 'ZZ', '+', '+5', '+053', '+05:', '+05:3', '+05:300'].map(
        end => time + end,
      ),
      ...['+xx', '+05:xx', ' BC', ' '].map(end => time + end),
      '2023-02-29 12:13:14',
      '2024-00-01 12:13:14',
      '2024-13-01 12:13:14',
      '2024-05-00 12:13:14',
      '2024-02-29 24:00:00',
      '2024-02-29 12:60:14',
      '2024-02-29 12:13:60',
      '12024-02-29 12:13:14',
      'infinity',
    ])
      expect(readUtc(odd), odd).to.equal(undefined)
  })
})
