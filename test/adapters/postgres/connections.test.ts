import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import { Pool } from 'pg'
import { postgres } from 'mayfly/postgres'
import { connected, idOf, isRunning, rejection, useDatabase, type Connected } from './fixture.js'

const LOST = { kind: 'connectionLost' }

/** Resolves when the server has nothing of that session any more. */
async function isGone(admin: Connected, id: number): Promise<void> {
  while ((await admin.rows('select 1 from pg_stat_activity where pid = $1', id)).length > 0) {
    // It is ending.
  }
  // What it has sent to its own client has arrived, but that may come after this answer in the same turn.
  await setImmediate()
}

describe('postgres connections', () => {
  const fixture = useDatabase('conn')

  it('a physical connection has one wrapper, and is told nothing before its first use', async () => {
    const { driver, connection, rows } = await fixture.connect({ max: 1 })
    await driver.releaseConnection(connection)
    expect(await driver.acquireConnection()).to.equal(connection)
    expect(connection.hasChangedSession).to.equal(false)
    expect(await rows("select current_setting('TimeZone') as zone")).to.deep.equal([
      { zone: 'UTC' },
    ])
  })

  it('an idle one that the server ends is dropped, and ends nothing else', async () => {
    const admin = await fixture.connect()
    for (const pool of [undefined, new Pool({ connectionString: fixture.url, max: 1 })]) {
      const driver = (pool ? postgres(pool) : postgres(fixture.url, { max: 1 })).createDriver()
      const first = connected(driver, await driver.acquireConnection())
      const id = await idOf(first)
      await driver.releaseConnection(first.connection)
      await admin.run('select pg_terminate_backend($1)', id)
      await isGone(admin, id)
      const second = connected(driver, await driver.acquireConnection())
      expect(await second.rows('select 1 as one')).to.deep.equal([{ one: 1 }])
      const held = await idOf(second)
      await driver.beginTransaction(second.connection, {})
      await admin.run('select pg_terminate_backend($1)', held)
      await isGone(admin, held)
      expect(driver.classifyError!(await rejection(second.run('select 1')))).to.deep.equal(LOST)
      await driver.releaseConnection(second.connection)
      await driver.destroy()
      await pool?.end()
    }
  })

  it('X5: destroyed under a statement releases its caller at once, and ends on the server', async () => {
    const own = await fixture.connect({ max: 1 })
    const { driver, connection, run } = own
    const observer = await fixture.connect()
    await observer.run('create table locked (id int primary key)')
    const id = await idOf(own)
    await driver.beginTransaction(connection, {})
    await run('insert into locked values (1)')
    const running = rejection(run('select pg_sleep(1000)'))
    await isRunning(observer, id)
    const destroyed = driver.destroyConnection!(connection)
    expect(driver.classifyError!(await running)).to.deep.equal(LOST)
    expect(driver.classifyError!(await rejection(run('select 1')))).to.deep.equal(LOST)
    await destroyed
    await observer.run('insert into locked values (1)')
    await isGone(observer, id)
    const next = connected(driver, await driver.acquireConnection())
    expect(await next.rows('select 1 as one')).to.deep.equal([{ one: 1 }])
  })

  it('X5: nothing else is hit, whenever the cancel comes', async () => {
    const bystander = await fixture.connect()
    for (let i = 0; i < 20; i++) {
      const own = await fixture.connect({ max: 1 })
      const running = rejection(own.run(`select count(*) from generate_series(1, ${i} * 100000)`))
      const outcome = await Promise.race([running.catch(() => undefined), Promise.resolve()])
      expect(outcome).to.equal(undefined)
      await own.driver.destroyConnection!(own.connection)
      await running.catch(() => {})
      expect(await bystander.rows('select 1 as one')).to.deep.equal([{ one: 1 }])
      await own.driver.destroy()
    }
  })

  it('X5: a commit is waited for, never cancelled', async () => {
    const own = await fixture.connect({ max: 1 })
    const observer = await fixture.connect()
    await observer.run('create table slowly (id int)')
    await observer.run(
      'create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.3); return null; end $$',
    )
    await observer.run(
      'create constraint trigger slow after insert on slowly deferrable initially deferred for each row execute function slow()',
    )
    await own.driver.beginTransaction(own.connection, {})
    await own.run('insert into slowly values (1)')
    const committing = rejection(own.driver.commitTransaction(own.connection))
    await own.driver.destroyConnection!(own.connection)
    expect(own.driver.classifyError!(await committing)).to.deep.equal(LOST)
    expect(await observer.rows('select id from slowly')).to.deep.equal([{ id: 1 }])
  })

  it('X5: where no request gets through the session is ended by a function of the server', async () => {
    const proxy = await Proxy.start(new URL(fixture.url))
    const observer = await fixture.connect()
    const driver = postgres(proxy.url).createDriver()
    try {
      const own = connected(driver, await driver.acquireConnection())
      const id = await idOf(own)
      const running = rejection(own.run('select pg_sleep(1000)'))
      await isRunning(observer, id)
      proxy.refusesCancels = true
      await driver.destroyConnection!(own.connection)
      await running
      await isGone(observer, id)
      expect(proxy.refused).to.be.greaterThan(0)
    } finally {
      await driver.destroy()
      await proxy.stop()
    }
  })

  it('released while a statement runs is given to nobody', async () => {
    const own = await fixture.connect({ max: 1 })
    const running = rejection(own.run('select pg_sleep(1000)'))
    await own.driver.releaseConnection(own.connection)
    await running
    const next = await own.driver.acquireConnection()
    expect(next).not.to.equal(own.connection)
  })

  it('of a pool of the caller with an open transaction is adopted without it', async () => {
    const pool = new Pool({ connectionString: fixture.url, max: 1 })
    pool.on('connect', client => void client.query('begin'))
    const driver = postgres(pool).createDriver()
    const own = connected(driver, await driver.acquireConnection())
    expect(own.connection.transactionState).to.equal('none')
    expect(own.connection.hasChangedSession).to.equal(false)
    await driver.releaseConnection(own.connection)
    await driver.destroy()
    await pool.end()
  })

  it('X4: of a pool of the caller that was given back in a transaction, or under a statement, are taken out of it', async () => {
    const pool = new Pool({ connectionString: fixture.url, max: 1 })
    const driver = postgres(pool).createDriver()
    await driver.releaseConnection(await driver.acquireConnection())
    for (const left of ['begin', 'begin; select 1']) {
      const client = await pool.connect()
      const sent = client.query(left)
      if (left === 'begin') await sent
      client.release()
      const own = connected(driver, await driver.acquireConnection())
      await sent
      expect(own.connection.transactionState).to.equal('none')
      expect(await own.rows('select 1 as one')).to.deep.equal([{ one: 1 }])
      await driver.releaseConnection(own.connection)
    }
    await driver.destroy()
    await pool.end()
  })

  it('are not given out after the end of the driver, or of the pool', async () => {
    const driver = fixture.driver()
    await driver.destroy()
    const ended = await rejection(driver.acquireConnection())
    expect(ended).to.include({ kind: 'connectionRefused' })
    expect(ended.message).to.contain('was closed')
    const pool = new Pool({ connectionString: fixture.url })
    const other = postgres(pool).createDriver()
    await pool.end()
    expect((await rejection(other.acquireConnection())).message).to.contain('has been ended')
  })

  it('dispose ends although a connection is out, and one is being cancelled', async () => {
    const own = await fixture.connect({ max: 2 })
    const observer = await fixture.connect()
    const id = await idOf(own)
    const running = rejection(own.run('select pg_sleep(1000)'))
    await isRunning(observer, id)
    const destroyed = own.driver.destroyConnection!(own.connection)
    await own.driver.destroy()
    await destroyed
    await running
    await isGone(observer, id)
  })
})

/** Between a driver and its server. It can refuse the protocol's cancel requests. */
class Proxy {
  refusesCancels = false
  refused = 0
  readonly #server: Server
  readonly #target: URL
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server, target: URL) {
    this.#server = server
    this.#target = target
    server.on('connection', socket => this.#accept(socket))
  }

  static async start(target: URL): Promise<Proxy> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Proxy(server, target)
  }

  get url(): string {
    const url = new URL(this.#target)
    url.port = String((this.#server.address() as AddressInfo).port)
    return url.href
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #accept(socket: Socket): void {
    const server = connect(Number(this.#target.port), this.#target.hostname)
    for (const one of [socket, server]) {
      this.#sockets.add(one)
      one.on('error', () => {})
    }
    socket.once('data', (first: Buffer) => {
      if (first.length === 16 && this.refusesCancels) {
        this.refused++
        socket.destroy()
        return server.destroy()
      }
      server.write(first)
      socket.pipe(server).pipe(socket)
    })
    return undefined
  }
}
