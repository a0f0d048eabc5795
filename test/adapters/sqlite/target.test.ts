import { expect } from 'chai'
import { Kysely, sql } from 'kysely'
import { sqlite } from '../../../adapters/sqlite/index.js'
import { InvalidArgumentError } from '../../../lib/errors.js'
import { failure } from '../../support/deferred.js'
import { rows, TestDatabase } from './database.js'

describe('sqlite: target and options', () => {
  it('refuses a target that is no path, at once and with advice', () => {
    for (const target of ['', '  ', undefined, 5, null, new URL('file:///x.db')]) {
      expect(() => sqlite(target as string)).to.throw(InvalidArgumentError, "sqlite('shop.db')")
    }
  })

  it('refuses limits that cannot work', () => {
    for (const wrong of [0, -1, 1.5, NaN, '4' as unknown as number]) {
      expect(() => sqlite('x.db', { maxConnections: wrong })).to.throw(
        InvalidArgumentError,
        'maxConnections',
      )
      expect(() => sqlite('x.db', { busyTimeout: wrong })).to.throw(
        InvalidArgumentError,
        'busyTimeout',
      )
    }
    expect(sqlite('x.db').maxConnections).to.equal(4)
    expect(sqlite('x.db', { maxConnections: 7 }).maxConnections).to.equal(7)
  })

  it('refuses pragmas that are none, and the one that belongs to transactions', () => {
    const wrong: [string, unknown][] = [
      ['cache_size = 1; drop table t; --', 1],
      ['cache_size', NaN],
      ['cache_size', {}],
      ['Query_Only', 'on'],
    ]
    for (const [name, value] of wrong) {
      expect(() => sqlite('x.db', { pragmas: { [name]: value as string } })).to.throw(
        InvalidArgumentError,
        'pragma',
      )
    }
  })

  it('refuses an in-memory database that is read-only', () => {
    expect(() => sqlite(':memory:', { readOnly: true })).to.throw(InvalidArgumentError, 'readOnly')
  })

  it('opens files with WAL, a busy timeout and foreign keys', async () => {
    await using database = await TestDatabase.create(undefined, { busyTimeout: 1234 })
    const connection = await database.connect()
    expect(await rows(connection, 'pragma journal_mode')).to.deep.equal([{ journal_mode: 'wal' }])
    expect(await rows(connection, 'pragma busy_timeout')).to.deep.equal([{ timeout: 1234 }])
    expect(await rows(connection, 'pragma foreign_keys')).to.deep.equal([{ foreign_keys: 1 }])
  })

  it("lets the user's pragmas win", async () => {
    const pragmas = { Foreign_Keys: 'off', cache_size: -4321, journal_mode: 'delete' }
    await using database = await TestDatabase.create(undefined, { pragmas })
    const connection = await database.connect()
    expect(await rows(connection, 'pragma foreign_keys')).to.deep.equal([{ foreign_keys: 0 }])
    expect(await rows(connection, 'pragma cache_size')).to.deep.equal([{ cache_size: -4321 }])
    expect(await rows(connection, 'pragma journal_mode')).to.deep.equal([
      { journal_mode: 'delete' },
    ])
  })

  it('opens an existing file read-only', async () => {
    await using database = await TestDatabase.create()
    await rows(await database.connect(), 'create table t (id integer)')
    const driver = sqlite(database.file, { readOnly: true }).createDriver()
    await driver.init()
    try {
      const connection = await driver.acquireConnection()
      expect(await rows(connection as never, 'select * from t')).to.deep.equal([])
      const error = await failure(rows(connection as never, 'insert into t values (1)'))
      expect(driver.classifyError?.(error)).to.deep.equal({ kind: 'readOnly' })
      await driver.beginTransaction(connection, {})
      await driver.commitTransaction(connection)
    } finally {
      await driver.destroy()
    }
  })

  it('works as a dialect of plain Kysely, several connections at a time', async () => {
    const db = new Kysely<{ t: { id: number; name: string } }>({ dialect: sqlite(':memory:') })
    await db.schema
      .createTable('t')
      .addColumn('id', 'integer', column => column.primaryKey())
      .addColumn('name', 'text')
      .execute()
    const inserted = await db.insertInto('t').values({ id: 5, name: 'five' }).executeTakeFirst()
    expect(inserted.insertId).to.equal(5n)
    expect(inserted.numInsertedOrUpdatedRows).to.equal(1n)
    await db.connection().execute(async () => {
      expect(await db.selectFrom('t').selectAll().execute()).to.deep.equal([
        { id: 5, name: 'five' },
      ])
    })
    const trx = await db.startTransaction().execute()
    const savepoint = await trx.savepoint('a"b').execute()
    await savepoint.updateTable('t').set({ name: 'changed' }).execute()
    await savepoint.rollbackToSavepoint('a"b').execute()
    await savepoint.releaseSavepoint('a"b').execute()
    await trx.commit().execute()
    expect(await db.selectFrom('t').select('name').execute()).to.deep.equal([{ name: 'five' }])
    expect((await db.introspection.getTables()).map(table => table.name)).to.deep.equal(['t'])
    expect((await sql`select 1 as one`.execute(db)).rows).to.deep.equal([{ one: 1 }])
    await db.destroy()
  })
})
