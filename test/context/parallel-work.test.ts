import { expect } from 'chai'
import { AbortedError, createContainer, DbContext, InvalidArgumentError } from 'mayfly'
import { failure } from '../support/deferred.js'
import { FaultDatabase } from '../support/fault-dialect.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {
  readonly rows = this.set('rows', { key: 'key' })
}

describe('what parallel takes', () => {
  const container = createContainer().addDbContextFactory('db', RowsContext, {
    dialect: new FaultDatabase().dialect,
  })
  const factory = container.cradle.dbFactory
  const count = (db: RowsContext) => db.rows.count()
  /** For what the types refuse as well. */
  const parallel = (...values: unknown[]): Promise<unknown> =>
    (factory.parallel as (...values: unknown[]) => Promise<unknown>).apply(factory, values)
  after(() => container.dispose())

  it('F3: functions in any sequence, in an object, and in one without a prototype', async () => {
    const tasks = [count, async () => 'two']
    function* generate() {
      yield* tasks
    }
    for (const sequence of [tasks, new Set(tasks), generate(), tasks.values()])
      expect(await factory.parallel(sequence)).to.deep.equal([0, 'two'])
    for (const object of [{ a: count }, Object.assign(Object.create(null), { a: count })])
      expect(await parallel(object)).to.deep.equal({ a: 0 })
    expect(await parallel({})).to.deep.equal({})
    expect(await parallel(new Set())).to.deep.equal([])
  })

  it('F3: items in any sequence, pairs of a Map as well', async () => {
    const items = new Map([['a', 1]])
    const pairs = await factory.parallel(items, async (db, [key, n]) => [
      key,
      n + (await db.rows.count()),
    ])

    expect(pairs).to.deep.equal([['a', 1]])
  })

  it('F3: what cannot be run is an InvalidArgumentError that says what it is, and nothing has run', async () => {
    let ran = 0
    const task = async () => void ran++
    async function* slowly() {
      yield task
    }
    for (const [values, text] of [
      [[new Map([['a', task]])], 'entry 0 is a list'],
      [[[task, 5]], 'entry 1 is a number'],
      [[{ first: task, second: Promise.resolve(1) }], 'entry second is a promise'],
      [[[task, null]], 'entry 1 is null'],
      [[5], 'it got a number'],
      [['ab'], 'entry 0 is a string'],
      [[null], 'it got null'],
      [[], 'it got undefined'],
      [[task], 'it got a function'],
      [[Promise.resolve([task])], 'it got a promise'],
      [[new Date()], 'it got a Date'],
      [[slowly()], 'it got an asynchronous sequence'],
      [[Promise.resolve([1]), task], 'its items are a promise'],
      [[{ a: 1 }, task], 'its items are an object'],
      [[3, task], 'its items are a number'],
    ] as const) {
      const error = await failure(parallel(...values))
      expect(error, text).to.be.instanceOf(InvalidArgumentError)
      expect(error.message).to.contain(text)
    }
    expect(ran).to.equal(0)
  })

  it('F3: an unknown or impossible option is refused', async () => {
    for (const [options, text] of [
      [{ concurency: 2 }, 'parallel() has no option "concurency". Did you mean concurrency?'],
      [{ concurrency: 1.5 }, 'concurrency must be a whole number of contexts'],
      [5, 'The options of parallel() must be an object'],
    ] as const) {
      for (const values of [
        [[count], options],
        [[1], count, options],
      ]) {
        const error = await failure(parallel(...values))
        expect(error).to.be.instanceOf(InvalidArgumentError)
        expect(error.message).to.contain(text)
      }
    }
  })

  it('F2: an entry that was called off by something else says something new', async () => {
    const first = new Error('first')
    const other = new AbortedError('a job of its own was called off', { cause: new Error('other') })
    const error = await failure(
      factory.parallel([
        async () => {
          throw first
        },
        async (_, signal) => {
          while (!signal.aborted) await Promise.resolve()
          throw other
        },
        async (db, signal) => {
          while (!signal.aborted) await Promise.resolve()
          return db.rows.count()
        },
      ]),
    )

    expect(error).to.equal(first)
    expect(error.suppressed).to.deep.equal([other])
  })
})
