import { expect } from 'chai'
import { readServerTime } from '../../../adapters/postgres/server-time.js'
import { microsOf, readUtc } from '../../../lib/support/utc-time.js'

describe('times as PostgreSQL writes them', () => {
  it('U9: are read as by the reader of all forms', () => {
    for (const text of [
      '2024-02-29 12:13:14',
      '2024-02-29 12:13:14+00',
      '1999-12-31 23:59:59.9+00',
      '1000-01-01 00:00:00.05',
      '9999-12-31 23:59:59.999999+00',
      '1969-12-31 23:59:59.000001+00',
      '2024-02-29 12:13:14.120340',
      '0044-03-15 10:00:00+00',
      '2024-02-29 12:13:14.5+05:30',
      '2024-02-29 12:13:14-08',
    ]) {
      const [read, expected] = [readServerTime(text), readUtc(text)]
      expect(read, text).to.deep.equal(expected)
      expect(microsOf(read!), text).to.equal(microsOf(expected!))
    }
    for (const text of ['infinity', '0044-03-15 10:00:00 BC', '12024-02-29 12:13:14+00'])
      expect(readServerTime(text), text).to.equal(undefined)
  })
})
