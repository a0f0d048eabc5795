import FakeTimers, { type Clock } from '@sinonjs/fake-timers'
import { expect } from 'chai'
import { CompiledQuery } from 'kysely'
import { ConnectionLostError, type Logger, type MayflyDriver } from 'mayfly'
import { openDataSource, type DataSource } from '../../lib/connection/data-source.js'
import type { Hold } from '../../lib/connection/hold.js'
import { deferred, failure, turn } from '../support/deferred.js'
import { FaultDatabase } from '../support/fault-dialect.js'
import { holder } from '../support/holder.js'
import { withDriver } from '../support/with-driver.js'

const WITHOUT_DESTROY = { maxConnections: 1, without: ['destroyConnection'] } as const

const select = (hold: Hold) =>
  hold.carry(
    connection => connection.executeQuery(CompiledQuery.raw('select slow')),
    undefined,
    undefined,
  )

function collecting(): { logger: Logger; warnings: string[] } {
  const warnings: string[] = []
  return { warnings, logger: { debug() {}, warn: line => void warnings.push(line), error() {} } }
}

describe('the way back of a connection', () => {
  let clock: Clock
  beforeEach(() => {
    clock = FakeTimers.install({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  })
  afterEach(() => clock.uninstall())

  const dirty = async (source: DataSource, label: string) => {
    const hold = await source.gate.acquire(holder(label))
    await source.driver.beginTransaction(hold.connection, {})
    return hold
  }

  describe('X4: a driver that cannot close a connection', () => {
    it('gets it back when its statement has ended and a rollback was answered', async () => {
      const database = new FaultDatabase(WITHOUT_DESTROY)
      const slow = deferred()
      database.script = ({ sql }) => (sql === 'select slow' ? slow.promise : undefined)
      const source = openDataSource(database.dialect)
      const hold = await source.gate.acquire(holder('a'))
      const cut = failure(select(hold))
      await hold.destroy()
      const next = source.gate.acquire(holder('b'))
      await turn()

      expect(await cut).to.be.instanceOf(ConnectionLostError)
      expect(database.log.slice(1)).to.deep.equal(['1: select slow'])
      slow.resolve()
      await (await next).release()
      expect(database.log.slice(2)).to.deep.equal(['1: rollback', '1: release', '1: release'])
      expect([source.gate.inUse, ...database.violations]).to.deep.equal([0])
      await source.release()
    })

    it('does not get it back in a transaction that has failed, whose server answers everything by an error', async () => {
      const database = new FaultDatabase({ ...WITHOUT_DESTROY, failsTransactions: true })
      database.script = ({ kind }) => (kind === 'rollback' ? 'fail' : undefined)
      const source = openDataSource(database.dialect)
      const hold = await dirty(source, 'a')
      await hold.destroy()
      await turn()

      expect(database.log).to.include('1: select 1').and.not.include('1: release')
      expect(database.violations).to.deep.equal([])
      await Promise.all([source.release(), clock.runAllAsync()])
    })

    it('says so to whoever waits for its place', async () => {
      const database = new FaultDatabase(WITHOUT_DESTROY)
      database.script = ({ sql }) => (sql === 'select slow' ? 'hang' : undefined)
      const source = openDataSource(database.dialect)
      const hold = await source.gate.acquire(holder('a'))
      void failure(select(hold))
      await hold.destroy()
      const waiting = failure(source.gate.acquire(holder('b')))
      await clock.tickAsync(10_000)

      expect((await waiting).message).to.contain(
        '1 of 1 in use, 0 waiting, 1 retired: the dialect cannot close a doubtful connection',
      )
      await source.release()
    })

    it('gets a dead one back, for its pool to drop', async () => {
      const database = new FaultDatabase(WITHOUT_DESTROY)
      database.script = ({ kind }) => (kind === 'statement' ? 'lose before' : undefined)
      const source = openDataSource(database.dialect)
      const hold = await source.gate.acquire(holder('a'))
      await failure(select(hold))
      await hold.destroy()
      const next = await source.gate.acquire(holder('b'))

      expect(next.connection).not.to.equal(database.connections[0])
      expect(database.connections[0]!.state).to.equal('destroyed')
      expect(database.violations).to.deep.equal([])
      await next.release()
      await source.release()
    })

    for (const refused of ['rollback', 'release'] as const) {
      it(`never gets one back that lives and refused its ${refused}, and its place comes back nevertheless`, async () => {
        const database = new FaultDatabase(WITHOUT_DESTROY)
        database.script = ({ kind }) => (kind === refused ? 'fail' : undefined)
        const source = openDataSource(database.dialect)
        const { logger, warnings } = collecting()
        const hold = await source.gate.acquire(holder('a', { logger }))
        await hold[refused === 'rollback' ? 'destroy' : 'release']()
        await clock.tickAsync(25_000)
        // It was looked at while nobody waited; now somebody waits for it, for less than its time.
        const next = source.gate.acquire(holder('b'))
        await clock.tickAsync(5_000)
        const { connection } = await next

        expect(connection).not.to.equal(database.connections[0])
        expect(warnings).to.have.length(1)
        expect(warnings[0]).to.match(
          /^A connection that a asked for .* has kept its place for 30000 ms/,
        )
        database.script = () => undefined
        await (await next).release()
        await source.release()
      })
    }

    it('does not get one back whose transaction is still open, nor one whose session was changed', async () => {
      const database = new FaultDatabase(WITHOUT_DESTROY)
      const source = openDataSource(
        withDriver(database, driver => {
          driver.resetConnection = () => Promise.reject(new Error('no'))
        }),
      )
      const hold = await source.gate.acquire(holder('a'))
      Object.defineProperty(hold.connection, 'hasChangedSession', { value: true })
      await hold.release()
      await turn()

      expect(database.log).to.deep.equal(['1: connect', '1: rollback'])
      expect(source.gate.inUse).to.equal(1)
      await source.release()
    })
  })

  describe('X4: a dirty connection', () => {
    it('is closed where the driver has no resetConnection', async () => {
      const database = new FaultDatabase({ maxConnections: 1, without: ['resetConnection'] })
      const source = openDataSource(database.dialect)
      await (await dirty(source, 'a')).release()

      expect(database.connections[0]!.state).to.equal('destroyed')
      expect(source.gate.inUse).to.equal(0)
      await source.release()
    })

    it('is rolled back first where the driver can neither reset nor close it', async () => {
      const database = new FaultDatabase({
        maxConnections: 1,
        without: ['resetConnection', 'destroyConnection'],
      })
      const source = openDataSource(database.dialect)
      await (await dirty(source, 'a')).release()
      await (await source.gate.acquire(holder('b'))).release()

      expect(database.log).to.deep.equal([
        '1: connect',
        '1: begin',
        '1: rollback',
        '1: release',
        '1: release',
      ])
      expect(database.violations).to.deep.equal([])
      await source.release()
    })

    it('is closed where the reset did not help', async () => {
      const database = new FaultDatabase({ maxConnections: 1 })
      const source = openDataSource(
        withDriver(database, driver => {
          driver.resetConnection = () => Promise.resolve()
        }),
      )
      await (await dirty(source, 'a')).release()

      expect(database.connections[0]!.state).to.equal('destroyed')
      await source.release()
    })

    it('is closed where the reset does not come to an end', async () => {
      const database = new FaultDatabase({ maxConnections: 1 })
      database.script = ({ kind }) => (kind === 'reset' ? 'hang' : undefined)
      const source = openDataSource(database.dialect)
      const released = (await dirty(source, 'a')).release()
      await clock.tickAsync(5_000)
      await released

      expect(database.connections[0]!.state).to.equal('destroyed')
      expect(source.gate.inUse).to.equal(0)
      await source.release()
    })

    for (const what of ['open', 'failed', 'changed'] as const) {
      it(`is reset where its ${what === 'changed' ? 'session was changed' : `transaction is ${what}`}`, async () => {
        const database = new FaultDatabase()
        let reset = 0
        const source = openDataSource(
          withDriver(database, driver => {
            driver.resetConnection = async connection => {
              reset++
              delete (connection as { transactionState?: unknown }).transactionState
              delete (connection as { hasChangedSession?: unknown }).hasChangedSession
            }
          }),
        )
        const hold = await source.gate.acquire(holder('a'))
        const [key, value] =
          what === 'changed' ? ['hasChangedSession', true] : ['transactionState', what]
        Object.defineProperty(hold.connection, key, {
          value,
          configurable: true,
        })
        await hold.release()

        expect([reset, source.gate.inUse, database.connections[0]!.state]).to.deep.equal([
          1,
          0,
          'idle',
        ])
        await source.release()
      })
    }
  })

  describe('X4: a driver that does not answer costs no place for good', () => {
    const hangs: Record<string, (driver: MayflyDriver) => void> = {
      releaseConnection: driver => (driver.releaseConnection = () => new Promise(() => {})),
      destroyConnection: driver => (driver.destroyConnection = () => new Promise(() => {})),
    }

    for (const [name, hang] of Object.entries(hangs)) {
      it(name, async () => {
        const database = new FaultDatabase({ maxConnections: 1 })
        let hung = false
        const source = openDataSource(
          withDriver(database, driver => {
            const before = { ...driver }
            hang(driver)
            const first = driver[name as 'releaseConnection']
            driver[name as 'releaseConnection'] = connection =>
              hung
                ? before[name as 'releaseConnection'](connection)
                : ((hung = true), first(connection))
          }),
        )
        const hold = await source.gate.acquire(holder('a', collecting()))
        const ended = hold[name === 'releaseConnection' ? 'release' : 'destroy']()
        await clock.tickAsync(5_000)
        // Nobody who closes a connection waits for longer than this.
        if (name === 'destroyConnection') await ended
        const early = failure(source.gate.acquire(holder('b')))
        await clock.tickAsync(10_000)
        expect(await early).to.have.property('code', 'MAYFLY_CONNECTION_TIMEOUT')
        await clock.tickAsync(10_000)
        const next = source.gate.acquire(holder('c'))
        await clock.tickAsync(5_000)

        await (await next).release()
        expect([source.gate.inUse, source.gate.waiting]).to.deep.equal([0, 0])
        await source.release()
      })
    }

    it('acquireConnection', async () => {
      const database = new FaultDatabase({ maxConnections: 1 })
      const late = deferred()
      database.script = ({ index }) => (index === 0 ? late.promise : undefined)
      const source = openDataSource(database.dialect)
      const early = failure(source.gate.acquire(holder('a', collecting())))
      await clock.tickAsync(10_000)
      expect(await early).to.have.property('code', 'MAYFLY_CONNECTION_TIMEOUT')
      await clock.tickAsync(30_000)
      const hold = await source.gate.acquire(holder('b'))
      late.resolve()
      await turn()

      expect(source.gate.inUse).to.equal(1)
      await hold.release()
      expect(database.out).to.deep.equal([])
      await source.release()
    })
  })

  describe('X4: closing always ends', () => {
    it('whatever the driver does, and what is left is reported', async () => {
      const database = new FaultDatabase({ maxConnections: 1 })
      const { logger, warnings } = collecting()
      const source = openDataSource(
        withDriver(database, driver => (driver.destroy = () => new Promise(() => {}))),
      )
      await source.gate.acquire(holder('ShopContext#1', { logger }))
      const closed = source.release()
      await clock.tickAsync(20_000)
      await closed

      expect(warnings).to.deep.equal([
        'A driver did not close within 10000 ms and was left, while connections of ShopContext#1 had not come back. ' +
          'What they do on the server ends when it answers, or with the process.',
      ])
    })

    it('also while the driver is still being initialised, which is closed when it is', async () => {
      const database = new FaultDatabase()
      const ready = deferred()
      const source = openDataSource(
        withDriver(database, driver => (driver.init = () => ready.promise)),
      )
      const waiting = failure(source.gate.acquire(holder('a', collecting())))
      const closed = source.release()
      await clock.tickAsync(20_000)
      await closed

      expect(await waiting).to.have.property('code', 'MAYFLY_CONNECTION_TIMEOUT')
      expect(database.destroyed).to.equal(0)
      ready.resolve()
      await turn()
      expect(database.destroyed).to.equal(1)
    })

    it('and tells what the driver says', async () => {
      const source = openDataSource(
        withDriver(
          new FaultDatabase(),
          driver => (driver.destroy = () => Promise.reject(new Error('no'))),
        ),
      )
      await (await source.gate.acquire(holder('a'))).release()

      expect((await failure(source.release())).message).to.equal('no')
    })
  })
})
