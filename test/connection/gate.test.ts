import FakeTimers from '@sinonjs/fake-timers'
import { expect } from 'chai'
import {
  AbortedError,
  ConnectionTimeoutError,
  DatabaseError,
  DbContext,
  RegistrationError,
  ScopeEndedError,
} from 'mayfly'
import { openDataSource } from '../../lib/connection/data-source.js'
import { deferred, failure, turn } from '../support/deferred.js'
import { FaultDatabase } from '../support/fault-dialect.js'
import { holder } from '../support/holder.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {
  readonly rows = this.set('rows', { key: 'key' })
}

describe('gate', () => {
  it('X2: gives out at most its limit, first come, first served', async () => {
    const { dialect, out } = new FaultDatabase()
    const source = openDataSource(dialect, { maxConnections: 2 })
    const [first, second] = [
      await source.gate.acquire(holder('a')),
      await source.gate.acquire(holder('b')),
    ]
    const order: string[] = []
    const third = source.gate.acquire(holder('c')).then(hold => (order.push('c'), hold))
    const fourth = source.gate.acquire(holder('d')).then(hold => (order.push('d'), hold))
    await turn()

    expect([source.gate.inUse, source.gate.waiting]).to.deep.equal([2, 2])
    await first.release()
    await (await third).release()
    await second.release()
    await (await fourth).release()

    expect(order).to.deep.equal(['c', 'd'])
    expect([source.gate.inUse, source.gate.waiting, out.length]).to.deep.equal([0, 0, 0])
    await source.release()
  })

  it('X2: whoever waits in vain is told who holds what', async () => {
    const source = openDataSource(new FaultDatabase().dialect, {
      maxConnections: 1,
      acquireTimeout: 1,
    })
    const hold = await source.gate.acquire(holder('ShopContext#1'))

    const error = await failure(source.gate.acquire(holder('ShopContext#2')))

    expect(error).to.be.instanceOf(ConnectionTimeoutError)
    expect(error.code).to.equal('MAYFLY_CONNECTION_TIMEOUT')
    expect(error.message).to.match(
      /^ShopContext#2 got no connection within 1 ms: 1 of 1 in use, 0 waiting\./,
    )
    expect(error.message).to.match(
      /\n {2}context +scope +for +doing +since\n {2}ShopContext#1 {2}scope GET \/orders {2}[\d.]+ ms +idle in a transaction {2}src\/report\.ts:14:20$/,
    )
    await hold.release()
    expect(source.gate.inUse).to.equal(0)
    await source.release()
  })

  it('X2: a waiter that left does not strand the connection that arrives for it', async () => {
    const database = new FaultDatabase({ maxConnections: 1 })
    const arrives = deferred()
    database.script = ({ kind }) => (kind === 'connect' ? arrives.promise : undefined)
    const source = openDataSource(database.dialect)
    const controller = new AbortController()
    const left = failure(source.gate.acquire(holder('a'), controller.signal))
    await turn()
    const reason = new Error('gone')
    controller.abort(reason)

    const error = await left
    expect(error).to.be.instanceOf(AbortedError)
    expect(error.cause).to.equal(reason)
    expect(source.gate.inUse).to.equal(1)
    arrives.resolve()
    const hold = await source.gate.acquire(holder('b'))
    expect(database.connections).to.have.length(1)
    await hold.release()
    await source.release()
  })

  it('X2: leaving the queue leaves nothing behind', async () => {
    const source = openDataSource(new FaultDatabase({ maxConnections: 1 }).dialect)
    const hold = await source.gate.acquire(holder('a'))
    const controller = new AbortController()
    const left = failure(source.gate.acquire(holder('b'), controller.signal))
    controller.abort()
    await left

    expect(source.gate.waiting).to.equal(0)
    await hold.release()
    expect(source.gate.inUse).to.equal(0)
    await source.release()
  })

  it('a connection that cannot be made frees its place', async () => {
    const database = new FaultDatabase({ maxConnections: 1 })
    database.script = ({ index }) => (index === 0 ? 'fail' : undefined)
    const source = openDataSource(database.dialect)

    expect(await failure(source.gate.acquire(holder('a')))).to.be.instanceOf(DatabaseError)
    await (await source.gate.acquire(holder('b'))).release()

    expect(source.gate.inUse).to.equal(0)
    await source.release()
  })

  it('X2: a gate that closes leaves nobody waiting, also for a connection that never opens', async () => {
    const database = new FaultDatabase({ maxConnections: 1 })
    database.script = ({ kind, index }) => (kind === 'connect' && index > 0 ? 'hang' : undefined)
    const clock = FakeTimers.install({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    try {
      const source = openDataSource(database.dialect, { acquireTimeout: 20 })
      const first = await source.gate.acquire(holder('a'))
      await first.destroy()
      await clock.tickAsync(10)
      const opening = failure(source.gate.acquire(holder('b')))
      const queued = failure(source.gate.acquire(holder('c')))
      await turn()
      const closed = source.release()
      // The deadline and the end of the gate's patience are at the same time.
      await clock.tickAsync(20)
      await closed

      for (const error of [await opening, await queued])
        expect(error).to.be.instanceOf(ScopeEndedError)
    } finally {
      clock.uninstall()
    }
  })

  it('X2: a deadline holds also after a test has put a clock of its own in place', async () => {
    const database = new FaultDatabase({ maxConnections: 1 })
    const source = openDataSource(database.dialect, { acquireTimeout: 20 })
    const clock = FakeTimers.install({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      await (await source.gate.acquire(holder('a'))).release()
    } finally {
      clock.uninstall()
    }
    const hold = await source.gate.acquire(holder('b'))

    expect(await failure(source.gate.acquire(holder('c')))).to.be.instanceOf(ConnectionTimeoutError)
    await hold.release()
    await source.release()
  })

  it('a driver whose methods give no promises can be used', async () => {
    const database = new FaultDatabase()
    let destroyed = 0
    const dialect = {
      ...database.dialect,
      createDriver() {
        const driver = database.dialect.createDriver()
        driver.init = () => undefined as never
        driver.commitTransaction = () => undefined as never
        driver.destroyConnection = () => undefined as never
        driver.destroy = () => (destroyed++, undefined as never)
        return driver
      },
    }
    const db = new RowsContext({ dialect })

    expect(await db.transaction(() => db.rows.count())).to.equal(0)
    database.script = ({ kind }) => (kind === 'statement' ? 'lose before' : undefined)
    expect(await failure(db.rows.count())).to.be.instanceOf(DatabaseError)
    await db.dispose()
    expect(destroyed).to.equal(1)
  })

  it('X6: a hold that has ended gives out nothing, and ends once', async () => {
    const database = new FaultDatabase()
    const source = openDataSource(database.dialect)
    const hold = await source.gate.acquire(holder('a'))
    const [again] = [hold.release(), hold.release(), hold.destroy()]
    await again

    expect(() => hold.connection).to.throw('given its connection back')
    expect(database.log.filter(line => line.includes('release'))).to.have.length(1)
    await source.release()
  })

  it('X4: a connection whose release fails is destroyed', async () => {
    const database = new FaultDatabase()
    database.script = ({ kind }) => (kind === 'release' ? 'fail' : undefined)
    const source = openDataSource(database.dialect)
    await (await source.gate.acquire(holder('a'))).release()

    expect(database.connections[0]!.state).to.equal('destroyed')
    expect(source.gate.inUse).to.equal(0)
    await source.release()
  })

  it('X4: after a lost connection the next operation gets another one', async () => {
    const database = new FaultDatabase({ maxConnections: 1 })
    await using db = new RowsContext({ dialect: database.dialect })
    database.script = ({ index }) => (index === 1 ? 'lose before' : undefined)

    const error = await failure(db.rows.toList())
    expect(error.code).to.equal('MAYFLY_CONNECTION_LOST')
    expect(await db.rows.toList()).to.deep.equal([])
    expect(database.connections).to.have.length(2)
    expect(database.connections[0]!.state).to.equal('destroyed')
    expect(database.violations).to.deep.equal([])
  })

  it('a late release keeps its place until it is done', async () => {
    const database = new FaultDatabase({ maxConnections: 1 })
    const late = deferred()
    database.script = ({ kind }) => (kind === 'release' ? late.promise : undefined)
    await using db = new RowsContext({ dialect: database.dialect })
    await db.rows.toList()
    const second = db.rows.toList()
    await turn()
    expect(database.connections).to.have.length(1)
    database.script = () => undefined
    late.resolve()

    expect(await second).to.deep.equal([])
  })

  it('closing refuses those who wait and closes the driver once, after what is out came back', async () => {
    const database = new FaultDatabase({ maxConnections: 1 })
    const source = openDataSource(database.dialect)
    const hold = await source.gate.acquire(holder('a'))
    const waiting = failure(source.gate.acquire(holder('b')))
    const closed = source.release()

    expect(await waiting).to.be.instanceOf(ScopeEndedError)
    expect(database.destroyed).to.equal(0)
    await hold.release()
    await closed
    expect(database.destroyed).to.equal(1)
    expect(await failure(source.gate.acquire(holder('c')))).to.be.instanceOf(ScopeEndedError)
  })

  it('a gate that nobody uses keeps no process alive', async () => {
    const timers = () => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
    // Mocha sets its own timer when the test has given its promise.
    await turn()
    const before = timers()
    const source = openDataSource(new FaultDatabase({ maxConnections: 1 }).dialect)
    const hold = await source.gate.acquire(holder('a'))
    const waiting = source.gate.acquire(holder('b'))
    expect(timers()).to.equal(before + 1)
    await hold.release()
    await (await waiting).release()

    expect(timers()).to.equal(before)
    await source.release()
  })

  it('a driver that was never used is not destroyed', async () => {
    const database = new FaultDatabase()
    await openDataSource(database.dialect).release()

    expect(database.destroyed).to.equal(0)
  })

  it('registrations that share a dialect share its gate, and differing limits are an error', async () => {
    const { dialect } = new FaultDatabase()
    const one = openDataSource(dialect, { maxConnections: 2 })
    const two = openDataSource(dialect)
    const late = new FaultDatabase({ maxConnections: 4 }).dialect
    const first = openDataSource(late)

    expect(two).to.equal(one)
    expect(() => openDataSource(dialect, { maxConnections: 3 })).to.throw(
      RegistrationError,
      'gate.maxConnections 2',
    )
    expect(() => openDataSource(late, { maxConnections: 1 })).to.throw(
      RegistrationError,
      'one has gate.maxConnections 4',
    )
    await first.release()
    for (const maxConnections of [0, -1, 1.5, Number.NaN]) {
      expect(() => openDataSource(new FaultDatabase().dialect, { maxConnections })).to.throw(
        RegistrationError,
        'gate.maxConnections must be a whole number of connections, 1 or more.',
      )
    }
    await one.release()
    await two.release()
  })
})
