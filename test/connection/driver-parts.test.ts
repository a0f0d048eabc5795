import { expect } from 'chai'
import {
  createContainer,
  DbContext,
  runInScope,
  type ConnectionRequest,
  type ConnectionTimeoutError,
  type MayflyDriver,
} from 'mayfly'
import { openDataSource } from '../../lib/connection/data-source.js'
import { deferred, failure, turn } from '../support/deferred.js'
import { FaultDatabase } from '../support/fault-dialect.js'
import { holder } from '../support/holder.js'
import { withDriver } from '../support/with-driver.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {
  readonly rows = this.set('rows', { key: 'key' })
}

/** A driver that can serve as many as it is told. */
function elastic(database: FaultDatabase, capacity: number) {
  const pool = { capacity, grown: () => {} }
  const dialect = withDriver(database, driver => {
    Object.defineProperty(driver, 'capacity', { get: () => pool.capacity })
    driver.watchCapacity = changed => (pool.grown = changed)
  })
  return { pool, dialect }
}

describe('optional parts of a driver', () => {
  it('acquireConnection hears for which unit of work, and with which signal', async () => {
    const requests: (ConnectionRequest | undefined)[] = []
    const dialect = withDriver(new FaultDatabase(), driver => {
      const acquire: MayflyDriver['acquireConnection'] = driver.acquireConnection.bind(driver)
      driver.acquireConnection = request => (requests.push(request), acquire(request))
    })
    await using container = createContainer()
      .addDbContext('db', RowsContext, { dialect })
      .addDbContextFactory('db')
    const { signal } = new AbortController()

    for (const name of ['one', 'other'])
      await runInScope(container, { name, signal }, async ({ cradle: { db, dbFactory } }) => {
        await db.rows.count()
        await dbFactory.use(mine => mine.rows.count())
      })

    const [first, second, third, fourth] = requests.map(request => request?.scope)
    expect(first).to.be.an('object')
    expect([second, fourth]).to.deep.equal([first, third])
    expect(third).not.to.equal(first)
    expect(requests.every(request => request?.signal instanceof AbortSignal)).to.equal(true)
  })

  it('X2: a driver that obeys the signal frees the place of whoever left', async () => {
    const dialect = withDriver(new FaultDatabase({ maxConnections: 1 }), driver => {
      driver.acquireConnection = request =>
        new Promise((_, reject) => {
          request?.signal?.addEventListener('abort', () => reject(request.signal?.reason as Error))
        })
    })
    const source = openDataSource(dialect)
    const controller = new AbortController()
    const left = failure(source.gate.acquire(holder('a'), controller.signal))
    await turn()
    controller.abort(new Error('gone'))

    expect(await left).to.have.property('code', 'MAYFLY_ABORTED')
    await turn()
    expect(source.gate.inUse).to.equal(0)
    await source.release()
  })

  it('X2: the limit follows capacity, down and up', async () => {
    const database = new FaultDatabase({ maxConnections: 3 })
    const { pool, dialect } = elastic(database, 1)
    const source = openDataSource(dialect)
    const first = await source.gate.acquire(holder('a'))
    const others = ['b', 'c', 'd'].map(label => source.gate.acquire(holder(label)))
    await turn()
    expect(source.gate.counts).to.deep.include({ limit: 1, inUse: 1, waiting: 3 })

    pool.capacity = 5
    pool.grown()
    await turn()
    // No more than the dialect's own limit.
    expect(source.gate.counts).to.deep.include({ limit: 3, inUse: 3, waiting: 1 })

    pool.capacity = 1
    await first.release()
    await (await others[0]!).release()
    await turn()
    expect(source.gate.counts).to.deep.include({ limit: 1, inUse: 1, waiting: 1 })
    await (await others[1]!).release()
    await (await others[2]!).release()
    expect(database.violations).to.deep.equal([])
    await source.release()
  })

  it('X2: without any server those who wait are served when there is one', async () => {
    const { pool, dialect } = elastic(new FaultDatabase(), 0)
    const source = openDataSource(dialect)
    const waiting = source.gate.acquire(holder('a'))
    await turn()
    expect(source.gate.inUse).to.equal(0)
    pool.capacity = 1
    pool.grown()

    await (await waiting).release()
    await source.release()
  })

  it('X2: registrations that share a dialect are compared by what they ask for, not by what it can serve now', async () => {
    const { dialect } = elastic(new FaultDatabase(), 1)
    const source = openDataSource(dialect, { maxConnections: 2 })

    expect(openDataSource(dialect, { maxConnections: 2 })).to.equal(source)
    await source.release()
    await source.release()
  })

  it('X2: describe() is the end of what is told to whoever waited in vain', async () => {
    const { pool, dialect } = elastic(new FaultDatabase(), 0)
    const servers = 'db1:3306 down for 3.2 s (ECONNREFUSED)\ndb2:3306 up, 10 of 10 in use'
    const described = openDataSource(
      withDriver({ dialect }, driver => (driver.describe = () => servers)),
      {
        acquireTimeout: 1,
      },
    )
    const error = (await failure(described.gate.acquire(holder('a')))) as ConnectionTimeoutError

    expect(error.message.endsWith(`\n${servers}`)).to.equal(true)
    expect(error.report.servers).to.equal(servers)
    expect(error.report.isSelfDeadlock).to.equal(false)
    expect(pool.capacity).to.equal(0)
    await described.release()
  })

  it('X2: a describe() that fails takes nothing from the error', async () => {
    const late = deferred()
    const database = new FaultDatabase({ maxConnections: 1 })
    database.script = () => late.promise
    const source = openDataSource(
      withDriver(database, driver => {
        driver.describe = () => {
          throw new Error('no')
        }
      }),
      { acquireTimeout: 1 },
    )
    const error = await failure(source.gate.acquire(holder('a')))

    expect(error).to.have.property('code', 'MAYFLY_CONNECTION_TIMEOUT')
    late.resolve()
    await source.release()
  })
})
