import { tracingChannel } from 'node:diagnostics_channel'
import { expect } from 'chai'
import { asClass, ConcurrentOperationError, createContainer, DbContext } from 'mayfly'
import { ConnectionWatch } from '../../demo/dashboard/connection-watch.js'
import { Stopwatch } from '../../demo/dashboard/stopwatch.js'
import { timings } from '../../demo/dashboard/timings.js'
import { deferred, failure, turn } from '../support/deferred.js'
import { FaultDatabase } from '../support/fault-dialect.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {
  readonly rows = this.set('rows', { key: 'key' })
}

function containerOf({ dialect }: FaultDatabase) {
  return createContainer()
    .addDbContext('db', RowsContext, { dialect })
    .addDbContextFactory('db')
    .register({
      connectionWatch: asClass(ConnectionWatch).singleton(),
      stopwatch: asClass(Stopwatch).scoped(),
    })
}

describe("the demo's stopwatch", () => {
  it('numbers the connections that are held at the same time', async () => {
    const database = new FaultDatabase()
    const bothRun = deferred()
    let statements = 0
    database.script = ({ kind }) => {
      if (kind !== 'statement') return undefined
      if (++statements === 2) bothRun.resolve()
      return bothRun.promise
    }
    await using container = containerOf(database)
    await using scope = container.createScope()
    const { dbFactory, stopwatch } = scope.cradle
    const query = (db: RowsContext) => stopwatch.time('rows', () => db.rows.toList())
    await dbFactory.parallel([query, query])
    await dbFactory.use(query)

    expect(stopwatch.laps.map(({ connection }) => connection)).to.deep.equal([1, 2, 1])
  })

  it('tells the wait for a connection from the run', async () => {
    const database = new FaultDatabase({ maxConnections: 1 })
    const answer = deferred()
    database.script = ({ kind }) => (kind === 'statement' ? answer.promise : undefined)
    await using container = containerOf(database)
    await using scope = container.createScope()
    const { dbFactory, stopwatch } = scope.cradle
    const query = (db: RowsContext) => stopwatch.time('rows', () => db.rows.toList())
    const both = dbFactory.parallel([query, query])
    const bothAsked = performance.now()
    await turn()
    const atLeast = performance.now() - bothAsked
    answer.resolve()
    await both

    const [first, second] = stopwatch.laps
    expect([first!.connection, second!.connection]).to.deep.equal([1, 1])
    expect(second!.wait).to.be.at.least(atLeast)
    expect(second!.wait).to.be.lessThan(second!.duration)
  })

  it('gives no connection to what was refused, and waits for what was not', async () => {
    await using container = containerOf(new FaultDatabase())
    await using scope = container.createScope()
    const { db, stopwatch } = scope.cradle
    const query = () => stopwatch.time('rows', () => db.rows.toList())
    const error = await failure(Promise.all([query(), query()]))
    await stopwatch.stopped()

    expect(error).to.be.instanceOf(ConcurrentOperationError)
    const laps = stopwatch.laps.map(({ connection, failed }) => [connection, failed])
    expect(laps).to.deep.equal([
      [1, false],
      [undefined, true],
    ])
    const [, refused] = stopwatch.laps
    expect(refused!.wait).to.equal(refused!.duration)
  })

  it('gives no connection to what got none', async () => {
    const database = new FaultDatabase()
    database.script = ({ kind }) => (kind === 'connect' ? 'fail' : undefined)
    await using container = containerOf(database)
    await using scope = container.createScope()
    const { db, stopwatch } = scope.cradle
    await failure(stopwatch.time('rows', () => db.rows.toList()))

    expect(stopwatch.laps).to.have.length(1)
    expect(stopwatch.laps[0]).to.include({ connection: undefined, failed: true })
  })

  it('stops listening when its container ends', async () => {
    const channel = tracingChannel('mayfly:connection')
    {
      await using container = containerOf(new FaultDatabase())
      void container.cradle.connectionWatch
      expect(channel.hasSubscribers).to.equal(true)
    }
    expect(channel.hasSubscribers).to.equal(false)
  })

  it('gives JSON in which nothing overlaps that did not', () => {
    const lap = { query: 'a', connection: 1, failed: false }
    const { totalMs, queries } = timings({
      total: 3.3333,
      laps: [
        { ...lap, start: 0, wait: 0.004, duration: 1.0049 },
        { ...lap, start: 1.0049, wait: 0.0061, duration: 2.3284 },
      ],
    })
    expect(totalMs).to.equal(3.33)
    expect(queries).to.deep.equal([
      { ...lap, startMs: 0, waitMs: 0, runMs: 1, durationMs: 1 },
      { ...lap, startMs: 1, waitMs: 0.01, runMs: 2.32, durationMs: 2.33 },
    ])
  })
})
