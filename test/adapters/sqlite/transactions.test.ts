import { expect } from 'chai'
import { InvalidArgumentError } from '../../../lib/errors.js'
import { failure } from '../../support/deferred.js'
import { rows, run, TestDatabase } from './database.js'

describe('sqlite: transactions', () => {
  for (const target of [undefined, ':memory:'] as const) {
    describe(target ?? 'a file', () => {
      let database: TestDatabase
      beforeEach(async () => {
        database = await TestDatabase.create(target, { busyTimeout: 1 })
        const connection = await database.connect()
        await run(connection, 'create table t (id integer primary key)')
        await database.driver.releaseConnection(connection)
      })
      afterEach(() => database[Symbol.asyncDispose]())

      it('commits, rolls back, and tells whether a transaction is open', async () => {
        const { driver } = database
        const connection = await database.connect()
        expect(connection.transactionState).to.equal('none')
        await driver.beginTransaction(connection, {})
        expect(connection.transactionState).to.equal('open')
        await run(connection, 'insert into t values (1)')
        await driver.commitTransaction(connection)
        expect(connection.transactionState).to.equal('none')
        await driver.beginTransaction(connection, { isolationLevel: 'read committed' })
        await run(connection, 'insert into t values (2)')
        await driver.rollbackTransaction(connection)
        expect(connection.transactionState).to.equal('none')
        expect(await rows(connection, 'select id from t')).to.deep.equal([{ id: 1 }])
      })

      it('takes the write lock at its begin', async () => {
        const [first, second] = [await database.connect(), await database.connect()]
        await database.driver.beginTransaction(first, { accessMode: 'read write' })
        const error = await failure(database.driver.beginTransaction(second, {}))
        expect(database.driver.classifyError(error)?.kind).to.equal('lockTimeout')
        expect(second.transactionState).to.equal('none')
        await database.driver.rollbackTransaction(first)
      })

      it('forbids writing in a read-only one, and only there', async () => {
        const { driver } = database
        const connection = await database.connect()
        for (const end of ['commitTransaction', 'rollbackTransaction'] as const) {
          await driver.beginTransaction(connection, { accessMode: 'read only' })
          await rows(connection, 'select * from t')
          const error = await failure(run(connection, 'insert into t values (1)'))
          expect(driver.classifyError(error)).to.deep.equal({ kind: 'readOnly' })
          expect(connection.transactionState).to.equal('open')
          await driver[end](connection)
          await run(connection, 'insert into t default values')
        }
        const other = await database.connect()
        await driver.beginTransaction(connection, { accessMode: 'read only' })
        await driver.beginTransaction(other, { accessMode: 'read only' })
        expect(await rows(other, 'select count(*) as n from t')).to.deep.equal([{ n: 2 }])
        await driver.rollbackTransaction(other)
        await driver.rollbackTransaction(connection)
        const wrong = driver.beginTransaction(connection, { accessMode: 'readonly' as 'read only' })
        expect(await failure(wrong)).to.be.instanceOf(InvalidArgumentError)
      })

      it('rolls back to savepoints, whatever their names', async () => {
        const { driver } = database
        const connection = await database.connect()
        await driver.beginTransaction(connection, {})
        await run(connection, 'insert into t values (1)')
        await driver.savepoint(connection, 'x"; drop table t; --')
        await run(connection, 'insert into t values (2)')
        await driver.rollbackToSavepoint(connection, 'x"; drop table t; --')
        await driver.releaseSavepoint(connection, 'x"; drop table t; --')
        await driver.commitTransaction(connection)
        expect(await rows(connection, 'select id from t')).to.deep.equal([{ id: 1 }])
      })

      it('needs no rollback where SQLite has rolled back by itself', async () => {
        const { driver } = database
        const connection = await database.connect()
        await driver.beginTransaction(connection, {})
        await run(connection, 'insert into t values (1)')
        const error = await failure(run(connection, 'insert or rollback into t values (1)'))
        expect(driver.classifyError(error)?.kind).to.equal('unique')
        expect(connection.transactionState).to.equal('none')
        await driver.rollbackTransaction(connection)
        expect(await rows(connection, 'select * from t')).to.deep.equal([])
      })

      it('makes a connection as good as new', async () => {
        const { driver } = database
        const connection = await database.connect()
        await driver.beginTransaction(connection, {})
        await run(connection, 'insert into t values (1)')
        await driver.resetConnection(connection)
        expect(connection.transactionState).to.equal('none')
        expect(await rows(connection, 'select * from t')).to.deep.equal([])
        await driver.resetConnection(connection)
        await driver.beginTransaction(connection, { accessMode: 'read only' })
        await driver.resetConnection(connection)
        await run(connection, 'insert into t values (1)')
      })

      it('leaves no ban on writes to the next holder of a connection', async () => {
        const connection = await database.connect()
        await database.driver.beginTransaction(connection, { accessMode: 'read only' })
        await run(connection, 'commit')
        await database.driver.releaseConnection(connection)
        const next = await database.connect()
        expect(next).to.equal(connection)
        await run(next, 'insert into t values (1)')
      })
    })
  }

  it('reads beside a writer in a file', async () => {
    await using database = await TestDatabase.create(undefined, { busyTimeout: 1 })
    const [writer, reader] = [await database.connect(), await database.connect()]
    await run(writer, 'create table t (id integer primary key)')
    await database.driver.beginTransaction(writer, {})
    await run(writer, 'insert into t values (1)')
    expect(await rows(reader, 'select * from t')).to.deep.equal([])
    await database.driver.commitTransaction(writer)
    expect(await rows(reader, 'select * from t')).to.deep.equal([{ id: 1 }])
  })

  it('calls a stale snapshot a conflict, not a lock', async () => {
    await using database = await TestDatabase.create()
    const [first, second] = [await database.connect(), await database.connect()]
    await run(first, 'create table t (id integer primary key)')
    await run(first, 'begin')
    await run(first, 'select * from t')
    await run(second, 'insert into t values (1)')
    const error = await failure(run(first, 'insert into t values (2)'))
    expect(database.driver.classifyError(error)).to.deep.equal({ kind: 'serialization' })
    expect(error).to.have.property('code', 'SQLITE_BUSY_SNAPSHOT')
    await database.driver.rollbackTransaction(first)
  })
})
