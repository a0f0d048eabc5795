import { stripVTControlCharacters } from 'node:util'
import { expect } from 'chai'
import pc from 'picocolors'
import { chart } from '../../demo/dashboard/chart.js'
import type { Run } from '../../demo/dashboard/comparison.js'
import { ConcurrentOperationError } from 'mayfly'

const lap = (query: string, start: number, duration: number, failed = false) => ({
  query,
  start,
  wait: failed ? duration : 0,
  duration,
  connection: failed ? undefined : 1,
  failed,
})

const running = { kind: 'query', sql: undefined, age: 1, line: undefined }

const runs: Run[] = [
  {
    mode: 'sequential',
    laps: [lap('orders', 0, 40), lap('logs', 40, 40), lap('stats', 80, 20)],
    total: 100,
    error: undefined,
  },
  {
    mode: 'parallel',
    laps: [lap('orders', 0, 40), lap('logs', 0.4, 39), lap('stats', 0.6, 20)],
    total: 40,
    error: undefined,
  },
  {
    mode: 'shared',
    laps: [lap('orders', 0, 40), lap('logs', 0.4, 0.1, true), lap('stats', 0.6, 0.1, true)],
    total: 40,
    error: new ConcurrentOperationError(
      `A second operation was started. ${'Await the first. '.repeat(20)}`,
      'ShopContext#1',
      running,
      running,
    ),
  },
]

describe('the chart of the demo', () => {
  it('puts all queries on one time axis', () => {
    const lines = chart(runs, pc.createColors(false)).split('\n')
    const bars = lines.flatMap(line => {
      const [, query, before, bar] =
        /^ {2}(orders|logs|stats) +?(?<=^.{12})( *)(█+)/.exec(line) ?? []
      return query === undefined ? [] : [[query, before!.length, bar!.length]]
    })
    expect(bars).to.deep.equal([
      ['orders', 0, 22],
      ['logs', 22, 23],
      ['stats', 45, 11],
      ['orders', 0, 22],
      ['logs', 0, 22],
      ['stats', 0, 12],
      ['orders', 0, 22],
    ])
    expect(lines.at(-1)).to.equal(
      'Parallel is 2.5 times as fast as sequential: 40.0 ms instead of 100.0 ms.',
    )
  })

  it('shows what was refused, and why', () => {
    const text = chart(runs, pc.createColors(false))
    expect(text).to.match(/logs +✗ refused, nothing was sent\n/)
    expect(text).to.contain(
      '  ConcurrentOperationError MAYFLY_CONCURRENT_OPERATION\n  A second operation',
    )
  })

  it('fits 80 columns, and says the same with colours', () => {
    const plain = chart(runs, pc.createColors(false))
    const colored = chart(runs, pc.createColors(true))
    expect(colored).to.contain('\x1b[')
    expect(stripVTControlCharacters(colored)).to.equal(plain)
    expect(Math.max(...plain.split('\n').map(line => line.length))).to.be.at.most(80)
  })
})
