import { expect } from 'chai'
import { sqlite } from '../../../adapters/sqlite/index.js'
import { failure } from '../../support/deferred.js'
import type { SqliteConnection } from '../../../adapters/sqlite/connection.js'
import { rows, run, TestDatabase } from './database.js'

describe("sqlite(':memory:')", () => {
  it('is one database for all connections of a dialect, and another one for another dialect', async () => {
    await using database = await TestDatabase.create(':memory:')
    await using other = await TestDatabase.create(':memory:')
    const [first, second] = [await database.connect(), await database.connect()]
    await run(first, 'create table t (id integer primary key)')
    await run(second, 'insert into t values (1)')
    expect(await rows(first, 'select * from t')).to.deep.equal([{ id: 1 }])
    const error = await failure(rows(await other.connect(), 'select * from t'))
    expect(other.driver.classifyError(error)?.kind).to.equal('unknownTable')
  })

  it('outlives its last connection', async () => {
    await using database = await TestDatabase.create(':memory:')
    const connection = await database.connect()
    await run(connection, 'create table t (id integer primary key)')
    await database.driver.beginTransaction(connection, {})
    await run(connection, 'insert into t values (1)')
    await database.driver.destroyConnection(connection)
    expect(await rows(await database.connect(), 'select * from t')).to.deep.equal([])
  })

  it('ends with its driver; the next driver begins anew', async () => {
    const dialect = sqlite(':memory:')
    for (let i = 0; i < 2; i++) {
      const driver = dialect.createDriver()
      await driver.init()
      await run((await driver.acquireConnection()) as SqliteConnection, 'create table t (id)')
      await driver.destroy()
    }
  })

  it('is read by several connections at the same time', async () => {
    await using database = await TestDatabase.create(':memory:', { busyTimeout: 1 })
    const connections = await Promise.all([1, 2, 3].map(() => database.connect()))
    await run(connections[0]!, 'create table t (id integer primary key)')
    for (const connection of connections) {
      await database.driver.beginTransaction(connection, { accessMode: 'read only' })
      expect(await rows(connection, 'select * from t')).to.deep.equal([])
    }
    for (const connection of connections) await database.driver.commitTransaction(connection)
  })

  it('makes readers and writers wait for a transaction that writes', async () => {
    await using database = await TestDatabase.create(':memory:', { busyTimeout: 60_000 })
    const [writer, reader, other] = await Promise.all([1, 2, 3].map(() => database.connect()))
    await run(writer!, 'create table t (id integer primary key)')
    await database.driver.beginTransaction(writer!, {})
    await run(writer!, 'insert into t values (1)')
    const read = rows(reader!, 'select * from t')
    const begun = database.driver.beginTransaction(other!, {})
    await database.driver.commitTransaction(writer!)
    await begun
    await database.driver.rollbackTransaction(other!)
    expect(await read).to.deep.equal([{ id: 1 }])
  })

  it('gives up after busyTimeout, with the reason, and can go on', async () => {
    await using database = await TestDatabase.create(':memory:', { busyTimeout: 1 })
    const [writer, reader] = [await database.connect(), await database.connect()]
    const { driver } = database
    await run(writer, 'create table t (id integer primary key)')
    await driver.beginTransaction(writer, {})
    await run(writer, 'insert into t values (1)')
    expect(driver.classifyError(await failure(rows(reader, 'select * from t')))).to.deep.equal({
      kind: 'lockTimeout',
      detail: 'writing locks the whole of an in-memory database',
    })
    await driver.rollbackTransaction(writer)

    await driver.beginTransaction(reader, { accessMode: 'read only' })
    await rows(reader, 'select * from t')
    await driver.beginTransaction(writer, {})
    await run(writer, 'insert into t values (2)')
    const error = await failure(driver.commitTransaction(writer))
    expect(driver.classifyError(error)?.kind).to.equal('lockTimeout')
    expect(writer.transactionState).to.equal('open')
    await driver.commitTransaction(reader)
    await driver.commitTransaction(writer)
    expect(await rows(reader, 'select * from t')).to.deep.equal([{ id: 2 }])
  })
})
