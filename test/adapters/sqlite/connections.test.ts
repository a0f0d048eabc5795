import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { install } from '@sinonjs/fake-timers'
import { expect } from 'chai'
import { sqlite } from '../../../adapters/sqlite/index.js'
import { DatabaseError } from '../../../lib/errors.js'
import { failure } from '../../support/deferred.js'
import type { SqliteConnection } from '../../../adapters/sqlite/connection.js'
import { rows, run, stream, TestDatabase } from './database.js'

describe('sqlite: connections and their threads', () => {
  it('reuses the idle connection that was released last', async () => {
    await using database = await TestDatabase.create()
    const [first, second] = [await database.connect(), await database.connect()]
    expect(first).to.not.equal(second)
    await database.driver.releaseConnection(first)
    await database.driver.releaseConnection(second)
    expect(await database.connect()).to.equal(second)
    expect(await database.connect()).to.equal(first)
  })

  it('hands out no idle connection whose thread has ended', async () => {
    await using database = await TestDatabase.create()
    const first = await database.connect()
    await database.driver.releaseConnection(first)
    await first.destroy()
    const second = await database.connect()
    expect(await rows(second, 'select 1 as one')).to.deep.equal([{ one: 1 }])
  })

  it('opens a new file by one connection while another one writes it, each time', async () => {
    for (let i = 0; i < 60; i++) {
      await using database = await TestDatabase.create()
      await Promise.all(
        [1, 2].map(async n => {
          const connection = await database.connect()
          await rows(connection, 'select name from sqlite_master')
          await run(connection, `create table t${n} (id integer)`)
        }),
      )
    }
  }).timeout(60_000)

  it('opens many connections to a new file at once', async () => {
    await using database = await TestDatabase.create()
    const connections = await Promise.all([1, 2, 3, 4].map(() => database.connect()))
    await run(connections[0]!, 'create table t (id integer primary key)')
    await Promise.all(
      connections.map(connection => run(connection, 'insert into t default values')),
    )
    expect(await rows(connections[0]!, 'select count(*) as n from t')).to.deep.equal([{ n: 4 }])
  })

  it('tidies up its files when it is closed, and is refused afterwards', async () => {
    await using database = await TestDatabase.create()
    const connections = await Promise.all([1, 2, 3, 4].map(() => database.connect()))
    await run(connections[0]!, 'create table t (id integer primary key)')
    for (const connection of connections.slice(1))
      await database.driver.releaseConnection(connection)
    expect(readdirSync(database.folder)).to.include('test.db-wal')
    await database.driver.destroy()
    await database.driver.destroy()
    expect(readdirSync(database.folder)).to.deep.equal(['test.db'])
    const error = await failure(database.connect())
    expect(error).to.be.instanceOf(DatabaseError).and.have.property('kind', 'connectionRefused')
    const late = await failure(run(connections[0]!, 'select 1'))
    expect(database.driver.classifyError(late)).to.deep.equal({ kind: 'connectionLost' })
  })

  it('closes a connection that is still opening', async () => {
    await using database = await TestDatabase.create()
    const opening = database.connect()
    await database.driver.destroy()
    expect((await opening).lost).to.equal(true)
  })

  it('makes a new driver after the last one was destroyed', async () => {
    await using database = await TestDatabase.create()
    const dialect = sqlite(database.file)
    for (let i = 0; i < 2; i++) {
      const driver = dialect.createDriver()
      await driver.init()
      const connection = (await driver.acquireConnection()) as SqliteConnection
      await run(connection, 'create table if not exists t (id integer primary key)')
      await run(connection, 'insert into t default values')
      expect(await rows(connection, 'select count(*) as n from t')).to.deep.equal([{ n: i + 1 }])
      await driver.destroy()
    }
  })

  it('rejects a running statement at once when its connection is destroyed', async () => {
    await using database = await TestDatabase.create(undefined, { busyTimeout: 60_000 })
    const [holder, waiter] = [await database.connect(), await database.connect()]
    await database.driver.beginTransaction(holder, {})
    const waiting = failure(run(waiter, 'begin immediate'))
    const queued = failure(run(waiter, 'select 1'))
    const destroyed = database.driver.destroyConnection(waiter)
    for (const error of [await waiting, await queued])
      expect(database.driver.classifyError(error)).to.deep.equal({ kind: 'connectionLost' })
    await database.driver.rollbackTransaction(holder)
    await destroyed
    await database.driver.beginTransaction(holder, {})
    await database.driver.rollbackTransaction(holder)
  })

  it('X5: a new thread waits for one whose statement goes on', async () => {
    await using database = await TestDatabase.create(undefined, {
      busyTimeout: 60_000,
      maxConnections: 2,
    })
    await using other = await TestDatabase.create()
    const [holder, stuck] = [await database.connect(), await database.connect()]
    await database.driver.beginTransaction(holder, {})
    const running = failure(run(stuck, 'begin immediate'))
    const events: string[] = []
    const destroyed = database.driver.destroyConnection(stuck).then(() => events.push('ended'))
    await running
    const next = database.connect().then(connection => {
      events.push('opened')
      return connection
    })
    // A thread that begins later, and has opened.
    await other.connect()
    await database.driver.rollbackTransaction(holder)
    await destroyed
    expect(await rows(await next, 'select 1 as one')).to.deep.equal([{ one: 1 }])
    expect(events).to.deep.equal(['ended', 'opened'])
  })

  it('X5: who waits for the end of a thread gets a connection that was given back before', async () => {
    await using database = await TestDatabase.create(undefined, {
      busyTimeout: 60_000,
      maxConnections: 2,
    })
    const [holder, stuck] = [await database.connect(), await database.connect()]
    await database.driver.beginTransaction(holder, {})
    const running = failure(run(stuck, 'begin immediate'))
    const destroyed = database.driver.destroyConnection(stuck)
    await running
    const next = database.connect()
    await database.driver.releaseConnection(holder)
    expect(await next).to.equal(holder)
    await database.driver.rollbackTransaction(holder)
    await destroyed
  })

  it('X5: the end of a driver does not wait for a statement that goes on', async () => {
    await using database = await TestDatabase.create(undefined, { busyTimeout: 60_000 })
    const own = sqlite(database.file, { busyTimeout: 60_000 }).createDriver()
    const holder = await database.connect()
    await database.driver.beginTransaction(holder, {})
    const stuck = (await own.acquireConnection()) as SqliteConnection
    const running = failure(run(stuck, 'begin immediate'))
    const clock = install({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const destroyed = own.destroy()
      clock.tick(5_000)
      await destroyed
    } finally {
      clock.uninstall()
    }
    expect(own.classifyError!(await running)).to.deep.equal({ kind: 'connectionLost' })
    await database.driver.rollbackTransaction(holder)
  })

  it('undoes the transaction of a destroyed connection, which is not used again', async () => {
    await using database = await TestDatabase.create(undefined, { busyTimeout: 1 })
    const connection = await database.connect()
    await run(connection, 'create table t (id integer primary key)')
    await database.driver.beginTransaction(connection, {})
    await run(connection, 'insert into t values (1)')
    await database.driver.destroyConnection(connection)
    const next = await database.connect()
    expect(next).to.not.equal(connection)
    await database.driver.beginTransaction(next, {})
    expect(await rows(next, 'select * from t')).to.deep.equal([])
    await database.driver.rollbackTransaction(next)
  })

  it('lets an abandoned stream end after its connection was destroyed', async () => {
    await using database = await TestDatabase.create()
    const connection = await database.connect()
    const iterator = stream(connection, 'select 1 union all select 2', 1)
    await iterator.next()
    await database.driver.destroyConnection(connection)
    expect(await iterator.return!()).to.deep.equal({ done: true, value: undefined })
  })

  it('destroys an idle connection for good', async () => {
    await using database = await TestDatabase.create()
    const connection = await database.connect()
    await database.driver.releaseConnection(connection)
    await database.driver.destroyConnection(connection)
    expect(await database.connect()).to.not.equal(connection)
  })

  describe('in a process of their own', () => {
    const execute = promisify(execFile)
    const adapter = join(import.meta.dirname, '../../../adapters/sqlite/index.ts')

    async function runScript(body: string) {
      await using database = await TestDatabase.create()
      const script = join(database.folder, 'script.mts')
      writeFileSync(
        script,
        `import { sqlite } from ${JSON.stringify(adapter)}
         const run = (connection, sql) => connection.executeQuery({ sql, parameters: [] })
         const driver = sqlite(process.argv[2]).createDriver()
         await driver.init()
         ${body}`,
      )
      const outputs: string[] = []
      for (const target of [database.file, ':memory:']) {
        const { stdout, stderr } = await execute(
          process.execPath,
          ['--import', 'tsx', script, target],
          { cwd: join(import.meta.dirname, '../../..') },
        )
        expect(stderr).to.equal('')
        outputs.push(stdout.trim())
      }
      return outputs
    }

    it('do not keep it alive while they are idle, even when they were forgotten', async () => {
      const outputs = await runScript(`
        const [held, idle] = [await driver.acquireConnection(), await driver.acquireConnection()]
        await run(held, 'begin')
        await run(idle, 'select 1')
        await driver.releaseConnection(idle)
        console.log('done')`)
      expect(outputs).to.deep.equal(['done', 'done'])
    })

    it('X5: let it come to its end beside a statement that goes on', async () => {
      await using database = await TestDatabase.create()
      const holder = await database.connect()
      await database.driver.beginTransaction(holder, {})
      const script = join(database.folder, 'stuck.mts')
      writeFileSync(
        script,
        `const { setTimeout: real } = globalThis
         globalThis.setTimeout = (f, ms, ...rest) => real(f, ms / 500, ...rest)
         const { sqlite } = await import(${JSON.stringify(adapter)})
         const driver = sqlite(process.argv[2], { busyTimeout: 600_000 }).createDriver()
         const connection = await driver.acquireConnection()
         connection.executeQuery({ sql: 'begin immediate', parameters: [] }).catch(() => {})
         await driver.destroy()
         process.once('exit', () => console.log('exits'))`,
      )
      const child = spawn(process.execPath, ['--import', 'tsx', script, database.file], {
        cwd: join(import.meta.dirname, '../../..'),
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const exit = once(child, 'exit')
      const [output] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
      expect(output.trim()).to.equal('exits')
      // Node waits for its threads after that, and the thread for SQLite.
      await database.driver.rollbackTransaction(holder)
      expect(await exit).to.deep.equal([0, null])
    })

    it('keep it alive while a statement runs', async () => {
      const outputs = await runScript(`
        const connection = await driver.acquireConnection()
        void run(connection, 'select 1 as a').then(({ rows }) => console.log(rows[0].a))`)
      expect(outputs).to.deep.equal(['1', '1'])
    })
  })
})
