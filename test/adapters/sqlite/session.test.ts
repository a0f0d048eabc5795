import { mkdirSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Worker } from 'node:worker_threads'
import { expect } from 'chai'
import type { SqliteConnection } from '../../../adapters/sqlite/connection.js'
import { StatementTexts } from '../../../adapters/sqlite/statement.js'
import { failure } from '../../support/deferred.js'
import { rows, run, stream, TestDatabase } from './database.js'

describe('sqlite: what a connection was told', () => {
  const changesOf = (database: TestDatabase): string[] => [
    'pragma foreign_keys = off',
    'pragma busy_timeout(1)',
    'pragma case_sensitive_like = on',
    'create temporary table own (id integer)',
    'create temp view own as select 1 as id',
    `attach '${join(database.folder, 'other.db')}' as other`,
  ]

  async function stateOf(connection: SqliteConnection) {
    const pragma = async (name: string) =>
      Object.values((await rows(connection, `pragma ${name}`))[0]!)
    return {
      foreignKeys: await pragma('foreign_keys'),
      busyTimeout: await pragma('busy_timeout'),
      queryOnly: await pragma('query_only'),
      like: await rows(connection, "select 'a' like 'A' as matches"),
      files: (await rows(connection, 'pragma database_list')).map(({ name }) => name),
      own: (await failure(run(connection, 'select * from own'))).message,
    }
  }

  /** As the gate hands a connection on. */
  async function passOn({ driver }: TestDatabase, connection: SqliteConnection) {
    if (connection.hasChangedSession || connection.transactionState !== 'none')
      await driver.resetConnection(connection)
    await driver.releaseConnection(connection)
    return driver.acquireConnection()
  }

  it('X4: words tell what a statement may leave behind', () => {
    const texts = new StatementTexts()
    const changes = (sql: string) => texts.get(sql).changesConnection
    for (const sql of [
      'select temp from weather',
      "insert into t values ('pragma x = 1')",
      'with n as (select 1) select * from n',
      'create table t (temperature real)',
      'pragma foreign_keys',
      'pragma table_info(t)',
      'pragma main.user_version = 7',
      "select * from pragma_table_info('t')",
      'begin immediate',
      'explain query plan select 1',
      '-- attach\nselect 1',
    ])
      expect(changes(sql), sql).to.equal(false)
    for (const sql of [
      'PRAGMA foreign_keys=off',
      '/* a */ pragma main.cache_size(10)',
      'pragma "foreign_keys" = 0',
      'attach ? as other',
      'detach other',
      'CREATE TEMP TRIGGER a after insert on t begin select 1; end',
      'create table "temp".t (id)',
      'drop table temp.t',
      'something new',
    ])
      expect(changes(sql), sql).to.equal(true)
  })

  for (const target of [undefined, ':memory:'] as const) {
    const name = target ?? 'a file'

    it(`X4: the next user of a connection to ${name} sees none of it`, async () => {
      await using database = await TestDatabase.create(target, { maxConnections: 1 })
      const connection = await database.connect()
      await run(connection, 'create table t (id integer primary key)')
      const before = await stateOf(connection)
      for (const sql of changesOf(database)) {
        await run(connection, sql)
        expect(connection.hasChangedSession, sql).to.equal(true)
        const next = await passOn(database, connection)
        expect(next, sql).to.equal(connection)
        expect(next.hasChangedSession, sql).to.equal(false)
        expect(await stateOf(next), sql).to.deep.equal(before)
        await run(next, 'insert into t default values')
      }
    })
  }

  it('X4: what a database in memory holds outlives the reset of its connections', async () => {
    await using database = await TestDatabase.create(':memory:', { maxConnections: 1 })
    const connection = await database.connect()
    await run(connection, 'create table t (id integer primary key)')
    await run(connection, 'insert into t values (7)')
    await run(connection, 'pragma foreign_keys = off')
    expect(await rows(await passOn(database, connection), 'select * from t')).to.deep.equal([
      { id: 7 },
    ])
  })

  it('X4: what failed, was rolled back or was streamed counts as well', async () => {
    await using database = await TestDatabase.create()
    const failed = await database.connect()
    await failure(run(failed, "attach '/nowhere/at/all.db' as other"))
    const rolledBack = await database.connect()
    await database.driver.beginTransaction(rolledBack, {})
    await run(rolledBack, 'create temporary table own (id integer)')
    await database.driver.rollbackTransaction(rolledBack)
    const streamed = await database.connect()
    for await (const { rows: found } of stream(streamed, 'pragma foreign_keys = off', 1))
      expect(found).to.deep.equal([])
    for (const connection of [failed, rolledBack, streamed])
      expect(connection.hasChangedSession).to.equal(true)
  })

  it('X4: a statement, and an open stream, of before a reset run no more', async () => {
    await using database = await TestDatabase.create()
    const connection = await database.connect()
    const iterator = stream(connection, 'select 1 as a union all select 2', 1)
    await iterator.next()
    await run(connection, 'pragma foreign_keys = off')
    const next = await passOn(database, connection)
    expect((await failure(iterator.next())).message).to.contain('was closed when its connection')
    expect(await rows(next, 'select 1 as a')).to.deep.equal([{ a: 1 }])
  })

  it('X4: one that cannot be opened again is not used again', async () => {
    await using database = await TestDatabase.create(undefined, { maxConnections: 1 })
    const connection = await database.connect()
    await run(connection, 'pragma foreign_keys = off')
    rmSync(database.file)
    mkdirSync(database.file)
    const error = await failure(database.driver.resetConnection(connection))
    expect(database.driver.classifyError(error)).to.have.property('kind', 'unknownDatabase')
    expect(connection.hasChangedSession).to.equal(true)
    await database.driver.destroyConnection(connection)
    rmdirSync(database.file)
    expect(await rows(await database.connect(), 'select 1 as one')).to.deep.equal([{ one: 1 }])
  })

  it('ordinary statements, and transactions of both kinds, are no change', async () => {
    await using database = await TestDatabase.create()
    const connection = await database.connect()
    await run(connection, 'create table t (id integer primary key)')
    for (const accessMode of ['read only', 'read write'] as const) {
      await database.driver.beginTransaction(connection, { accessMode })
      await rows(connection, 'select * from t')
      await database.driver.commitTransaction(connection)
      expect(connection.hasChangedSession).to.equal(false)
    }
  })

  it('keeps a bounded number of statements', async () => {
    const workerData = { location: ':memory:', readOnly: false, pragmas: [] }
    const worker = new Worker(join(import.meta.dirname, '../../../adapters/sqlite/worker.ts'), {
      workerData,
    })
    let answers = 0
    const answered = new Promise<void>(resolve => {
      worker.on('message', () => ++answers > 1_000 && resolve())
    })
    for (let i = 0; i < 1_000; i++)
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      worker.postMessage({ kind: 'execute', sql: `select ${i}`, parameters: [], writes: false })
    await answered
    // A snapshot begins with a collection of what nobody has any more.
    const { nodes, strings, snapshot } = JSON.parse(await text(await worker.getHeapSnapshot())) as {
      nodes: number[]
      strings: string[]
      snapshot: { meta: { node_fields: string[] } }
    }
    await worker.terminate()
    const fields = snapshot.meta.node_fields
    const names = nodes.filter((_, i) => i % fields.length === fields.indexOf('name'))
    const kept = names.filter(name => strings[name] === 'StatementSync').length
    expect(kept).to.be.within(200, 250)
  })
})
