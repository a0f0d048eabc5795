import type { Socket } from 'node:net'
import { install } from '@sinonjs/fake-timers'
import { expect } from 'chai'
import mysql2 from 'mysql2'
import { mysql } from 'mayfly/mysql2'
import { canStartServer, startMysqlServer } from '../../support/mysql-run.js'
import type { MysqlServer } from '../../support/mysql-server.js'
import { openControl } from '../../../adapters/mysql2/control.js'
import { Orphans } from '../../../adapters/mysql2/orphan.js'
import {
  connectTo,
  idOf,
  isRunning,
  rejection,
  sentDuring,
  useDatabase,
  type Connected,
} from './fixture.js'

const LOST = { kind: 'connectionLost' }

/** Resolves when the server has none of these sessions any more. */
async function areGone(admin: Connected, ids: readonly number[]): Promise<void> {
  const sql = `select id from information_schema.processlist where id in (${ids.join()})`
  while ((await admin.rows(sql)).length > 0) await admin.run('do 0')
}

describe('mysql connections', () => {
  const fixture = useDatabase('conn')

  it('a physical connection has one wrapper', async () => {
    const { driver, connection } = await fixture.connect({ connectionLimit: 1 })
    await driver.releaseConnection(connection)
    expect(await driver.acquireConnection()).to.equal(connection)
  })

  it('is prepared for its first use once', async () => {
    const driver = fixture.driver()
    const sent = await sentDuring(async () => {
      for (let i = 0; i < 3; i++) await driver.releaseConnection(await driver.acquireConnection())
    })
    expect(sent).to.deep.equal(["query: set time_zone = '+00:00', session_track_state_change = 1"])
  })

  it('whose preparation fails is destroyed, and the error is told', async () => {
    const pool = mysql2.createPool({ uri: fixture.url, timezone: 'Z', connectionLimit: 1 })
    const other = await fixture.connect()
    pool.on('connection', raw => {
      // The pool's own listener comes first, so the connection is lost while Mayfly prepares it.
      raw.query('select sleep(5)', () => {})
      void other.run(`kill ${raw.threadId}`)
    })
    const driver = mysql(pool).createDriver()
    const error = await rejection(driver.acquireConnection())
    const { port } = new URL(fixture.url)
    expect(driver.classifyError!(error)).to.deep.equal({
      kind: 'connectionRefused',
      detail: `127.0.0.1:${port}`,
    })
    pool.removeAllListeners('connection')
    const { rows } = await connectTo(driver)
    expect(await rows('select 1 as one')).to.deep.equal([{ one: 1 }])
    pool.end(() => {})
  })

  it('that cannot be made clean for its first use is destroyed', async () => {
    const pool = mysql2.createPool({ uri: fixture.url, timezone: 'Z', connectionLimit: 1 })
    pool.on('connection', raw => {
      raw.query('set completion_type = 1', () => {})
      raw.query('start transaction', () => {})
    })
    const driver = mysql(pool).createDriver()
    expect(await rejection(driver.acquireConnection())).to.include({
      code: 'MAYFLY_TRANSACTION_STATE',
    })
    pool.removeAllListeners('connection')
    const { rows } = await connectTo(driver)
    expect(await rows('select 1 as one')).to.deep.equal([{ one: 1 }])
    pool.end(() => {})
  })

  it('destroyed under a running statement rejects it at once', async () => {
    const connected = await fixture.connect()
    const { driver, connection } = connected
    const running = rejection(connected.run('select sleep(5)'))
    const waiting = rejection(connected.run('select 1'))
    await driver.destroyConnection!(connection)
    expect(driver.classifyError!(await running)).to.deep.equal(LOST)
    expect(driver.classifyError!(await waiting)).to.deep.equal(LOST)
    expect(driver.classifyError!(await rejection(connected.run('select 1')))).to.deep.equal(LOST)
    expect(await rejection(driver.resetConnection!(connection))).to.include({
      code: 'MAYFLY_TRANSACTION_STATE',
    })
    await driver.releaseConnection(connection)
  })

  it('destroyed under a running statement is killed on the server, so that its locks are free', async () => {
    const connected = await fixture.connect({ connectionLimit: 1 })
    const { driver, connection, run } = connected
    const observer = await fixture.connect()
    await observer.run('create table locked (id int primary key) engine = innodb')
    const id = await idOf(connected)
    await driver.beginTransaction(connection, {})
    await run('insert into locked values (1)')
    const running = rejection(run('select sleep(1000)'))
    await isRunning(observer, id)
    await driver.destroyConnection!(connection)
    await running
    await observer.run('insert into locked values (1)')
    expect(await (await connectTo(driver)).rows('select 1 as one')).to.deep.equal([{ one: 1 }])
  })

  it('is told from another one by its id and its port', async () => {
    const pool = mysql2.createPool(`${fixture.url}?timezone=Z`)
    const bystander = await fixture.connect()
    const other = await fixture.connect()
    const portOf = async (id: number): Promise<number> => {
      const sql = 'select host from information_schema.processlist where id = ?'
      return Number((await other.rows(sql, id))[0].host.split(':').at(-1))
    }
    const id = await idOf(bystander)
    const port = await portOf(id)
    const orphans = new Orphans(() => openControl(pool))
    const server = '127.0.0.1'
    await orphans.end({ id, server, port: await portOf(await idOf(other)) })
    await orphans.end({ id: await idOf(other), server, port })
    expect(await bystander.rows('select 1 as one')).to.deep.equal([{ one: 1 }])
    expect(await other.rows('select 1 as one')).to.deep.equal([{ one: 1 }])
    await orphans.end({ id, server, port })
    expect(other.driver.classifyError!(await rejection(bystander.run('select 1')))).to.deep.equal(
      LOST,
    )
    await orphans.end({ id, server, port })
    await new Promise(resolve => pool.end(resolve))
  })

  it('X5: orphans of an account that has no place left all end, once it has one', async () => {
    const admin = await fixture.connect()
    const user = `orphans_${process.pid}`
    await admin.run(`create user ${user}@'%' with max_user_connections 3`)
    const url = new URL(fixture.url)
    Object.assign(url, { username: user, pathname: '/information_schema' })
    const driver = mysql(url).createDriver()
    const refusals = async (): Promise<number> => {
      const [row] = await admin.rows("show global status like 'Aborted_connects'")
      return Number(row.Value)
    }
    try {
      const connected = await Promise.all([1, 2, 3].map(() => connectTo(driver)))
      const ids = await Promise.all(connected.map(idOf))
      const running = connected.map(({ run }) => rejection(run('select sleep(1000)')))
      for (const id of ids) await isRunning(admin, id)
      const before = await refusals()
      for (const { connection } of connected) await driver.destroyConnection!(connection)
      await Promise.all(running)
      while ((await refusals()) < before + 2) await admin.run('do 0')
      await admin.run(`alter user ${user}@'%' with max_user_connections 4`)
      await areGone(admin, ids)
    } finally {
      await driver.destroy()
      await admin.run(`drop user ${user}@'%'`)
    }
  })

  it('X5: an orphan is killed by an idle connection where the server gives no other', async () => {
    const admin = await fixture.connect()
    const user = `borrowed_${process.pid}`
    await admin.run(`create user ${user}@'%' with max_user_connections 2`)
    await admin.run(`grant all on *.* to ${user}@'%'`)
    await admin.run('create table held (id int primary key) engine = innodb')
    await admin.run('insert into held values (1)')
    // MariaDB looks after the clients of a sleep() itself, but not after those that wait for a row.
    const holder = await fixture.connect()
    await holder.driver.beginTransaction(holder.connection, {})
    await holder.run('select * from held for update')
    const url = new URL(fixture.url)
    url.username = user
    const driver = mysql(url).createDriver()
    try {
      const [idle, busy] = await Promise.all([connectTo(driver), connectTo(driver)])
      await driver.releaseConnection(idle.connection)
      const id = await idOf(busy)
      const running = rejection(busy.run('select * from held for update'))
      await isRunning(admin, id)
      await driver.destroyConnection!(busy.connection)
      await running
      await areGone(admin, [id])
      expect(await (await connectTo(driver)).rows('select 1 as one')).to.deep.equal([{ one: 1 }])
    } finally {
      await driver.destroy()
      await admin.run(`drop user ${user}@'%'`)
    }
  })

  it('X5: an orphan is killed until it is gone, whatever becomes of a kill', async () => {
    const sent: string[] = []
    let opened = 0
    const lost = Object.assign(new Error('lost'), { fatal: true, code: 'ECONNRESET' })
    const notOwner = Object.assign(new Error('not owner'), { errno: 1095, sqlState: 'HY000' })
    const outcomes = [undefined, notOwner, lost, undefined]
    const orphans = new Orphans(async () => {
      // The name leads to another server the second time.
      const server = ++opened === 2 ? '10.0.0.2' : '10.0.0.1'
      return {
        server,
        end: () => sent.push(`end ${server}`),
        ask: async <T>(sql: string): Promise<T> => {
          if (sql.startsWith('kill')) {
            sent.push(sql)
            const outcome = outcomes.shift()
            if (outcome) throw outcome
            return undefined as T
          }
          return (outcomes.length > 0 ? [{ Id: 7, Host: 'client:9999' }] : []) as T
        },
      }
    })
    await orphans.end({ id: 7, port: 9999, server: '10.0.0.1' })
    const first = ['kill 7', 'kill 7', 'kill 7', 'end 10.0.0.1']
    expect(sent).to.deep.equal([...first, 'end 10.0.0.2', 'kill 7', 'end 10.0.0.1'])
  })

  it('X5: an orphan that no server knows any more, or that cannot be reached, is given up', async () => {
    const orphans = new Orphans(() => Promise.reject(new Error('unreachable')))
    const clock = install({ toFake: ['performance'] })
    try {
      const ended = orphans.end({ id: 7, port: 9999, server: '10.0.0.1' })
      clock.tick(30_001)
      await ended
    } finally {
      clock.uninstall()
    }
  })

  it('destroyed makes room in its pool', async () => {
    const { driver, connection } = await fixture.connect({ connectionLimit: 1 })
    await driver.destroyConnection!(connection)
    await driver.destroyConnection!(connection)
    const next = await connectTo(driver)
    expect(next.connection).not.to.equal(connection)
    expect(await next.rows('select 1 as one')).to.deep.equal([{ one: 1 }])
  })

  it('released while a statement runs is given to nobody', async () => {
    const connected = await fixture.connect({ connectionLimit: 1 })
    const running = rejection(connected.run('select sleep(5)'))
    await connected.driver.releaseConnection(connected.connection)
    expect(connected.driver.classifyError!(await running)).to.deep.equal(LOST)
    expect(await connected.driver.acquireConnection()).not.to.equal(connected.connection)
  })

  it('killed under a running statement is lost', async () => {
    const connected = await fixture.connect()
    const killer = await fixture.connect()
    const id = await idOf(connected)
    const running = rejection(connected.run('select sleep(60)'))
    await killer.run(`kill ${id}`)
    expect(connected.driver.classifyError!(await running)).to.deep.equal(LOST)
  })

  it('killed inside a transaction is lost, and can be put away', async () => {
    const connected = await fixture.connect({ connectionLimit: 1 })
    const { driver, connection, run } = connected
    const killer = await fixture.connect()
    await driver.beginTransaction(connection, {})
    await killer.run(`kill ${await idOf(connected)}`)
    expect(driver.classifyError!(await rejection(run('select 1')))).to.deep.equal(LOST)
    await rejection(driver.resetConnection!(connection))
    await driver.destroyConnection!(connection)
    expect((await connectTo(driver)).connection.transactionState).to.equal('none')
  })

  it('whose statement was cancelled goes on', async () => {
    const connected = await fixture.connect()
    const killer = await fixture.connect()
    const id = await idOf(connected)
    const numbers = Array.from({ length: 30 }, (_, i) => `select ${i} as d`).join(' union ')
    const running = rejection(
      connected.run(
        `select count(*) from ${'abcdefg'
          .split('')
          .map(t => `(${numbers}) ${t}`)
          .join(', ')}`,
      ),
    )
    await isRunning(killer, id)
    await killer.run(`kill query ${id}`)
    expect(connected.driver.classifyError!(await running)).to.deep.equal({ kind: 'cancelled' })
    expect(await connected.rows('select 1 as one')).to.deep.equal([{ one: 1 }])
  })

  it("lost in a caller's pool is told apart, and the pool goes on", async () => {
    const pool = mysql2.createPool({ uri: fixture.url, timezone: 'Z', connectionLimit: 1 })
    const driver = mysql(pool).createDriver()
    const connected = await connectTo(driver)
    const killer = await fixture.connect()
    const id = await idOf(connected)
    const running = rejection(connected.run('select sleep(60)'))
    await killer.run(`kill ${id}`)
    expect(driver.classifyError!(await running)).to.deep.equal(LOST)
    await driver.releaseConnection(connected.connection)
    expect(await (await connectTo(driver)).rows('select 1 as one')).to.deep.equal([{ one: 1 }])
    pool.end(() => {})
  })

  it('taken out when their driver is destroyed end with it', async () => {
    const { driver, run } = await fixture.connect()
    await driver.destroy()
    expect(driver.classifyError!(await rejection(run('select 1')))).to.deep.equal(LOST)
  })

  describe('that cannot be opened', () => {
    const failureOf = async (change: (url: URL) => void): Promise<unknown> => {
      const url = new URL(fixture.url)
      change(url)
      const driver = mysql(url).createDriver()
      try {
        return driver.classifyError!(await rejection(driver.acquireConnection()))
      } finally {
        await driver.destroy()
      }
    }

    it('a port where nobody listens', async () => {
      const failure = await failureOf(url => (url.port = '1'))
      expect(failure).to.deep.equal({ kind: 'connectionRefused', detail: '127.0.0.1:1' })
    })

    it('a host that is unknown', async () => {
      const failure = await failureOf(url => (url.hostname = 'nowhere.invalid'))
      expect(failure).to.have.property('kind', 'connectionRefused')
      expect(failure)
        .to.have.property('detail')
        .that.matches(/^nowhere\.invalid:\d+$/)
    })

    it('a wrong password', async () => {
      const failure = await failureOf(url =>
        Object.assign(url, { username: 'nobody', password: 's3cret' }),
      )
      expect(failure).to.have.property('kind', 'accessDenied')
      expect(failure)
        .to.have.property('detail')
        .that.matches(/^nobody@(localhost|127\.0\.0\.1)$/)
    })

    it('a database that is unknown', async () => {
      const failure = await failureOf(url => (url.pathname = '/nowhere'))
      expect(failure).to.deep.equal({ kind: 'unknownDatabase', detail: 'nowhere' })
    })

    it('a server that is full', async () => {
      const { run, driver } = await fixture.connect()
      const user = `single_${process.pid}`
      await run(`create user ${user}@'%' with max_user_connections 1`)
      try {
        const { hostname, port } = new URL(fixture.url)
        const own = mysql({ host: hostname, port: Number(port), user }).createDriver()
        await own.acquireConnection()
        const error = await rejection(own.acquireConnection())
        expect(driver.classifyError!(error)).to.deep.equal({ kind: 'tooManyConnections' })
        await own.destroy()
      } finally {
        await run(`drop user ${user}@'%'`)
      }
    })

    it('a pool that has a queue of its own, and no place in it', async () => {
      const { driver } = await fixture.connect({ connectionLimit: 1, waitForConnections: false })
      const error = await rejection(driver.acquireConnection())
      expect(driver.classifyError!(error)).to.deep.equal({ kind: 'tooManyConnections' })
    })
  })

  describe('to a server that goes away', () => {
    let server: MysqlServer

    before(async function () {
      if (!(await canStartServer())) this.skip()
      this.timeout(60_000)
      server = await startMysqlServer()
    })
    after(() => server?.stop())

    it('are lost, refused while it is down, and opened again when it is back', async function () {
      this.timeout(60_000)
      const driver = mysql(`${server.url}/mysql`).createDriver()
      const { connection, run } = await connectTo(driver)
      await driver.beginTransaction(connection, {})
      const running = rejection(run('select sleep(60)'))
      await server.kill()
      expect(driver.classifyError!(await running)).to.deep.equal(LOST)
      await driver.destroyConnection!(connection)
      const refused = await rejection(driver.acquireConnection())
      expect(driver.classifyError!(refused)).to.deep.equal({
        kind: 'connectionRefused',
        detail: new URL(server.url).host,
      })
      await server.start()
      const again = await connectTo(driver)
      expect(await again.rows('select 1 as one')).to.deep.equal([{ one: 1 }])
      await driver.destroy()
    })

    it('can be destroyed while it does not answer', async () => {
      const pool = mysql2.createPool(`${server.url}/mysql?timezone=Z`)
      const sockets: Socket[] = []
      pool.on('connection', raw => sockets.push((raw as unknown as { stream: Socket }).stream))
      const driver = mysql(pool).createDriver()
      const { connection, run } = await connectTo(driver)
      server.freeze()
      const running = rejection(run('select 1'))
      await driver.destroyConnection!(connection)
      expect(driver.classifyError!(await running)).to.deep.equal(LOST)
      expect(sockets[0]!.destroyed).to.equal(true)
      server.thaw()
      await new Promise(resolve => pool.end(resolve))
    })

    it('that never answers a new one are refused after connectTimeout', async () => {
      const driver = mysql(`${server.url}/mysql`, { connectTimeout: 100 }).createDriver()
      server.freeze()
      const error = await rejection(driver.acquireConnection())
      server.thaw()
      expect(driver.classifyError!(error)).to.have.property('kind', 'connectionRefused')
      await driver.destroy()
    })
  })
})
