import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { sqlite, SqliteError } from '../../../adapters/sqlite/index.js'
import { failure } from '../../support/deferred.js'
import type { SqliteConnection } from '../../../adapters/sqlite/connection.js'
import { run, TestDatabase } from './database.js'

describe('sqlite: errors', () => {
  let database: TestDatabase
  let connection: SqliteConnection
  before(async () => {
    database = await TestDatabase.create()
    connection = await database.connect()
    for (const text of [
      'create table users (id integer primary key, email text unique, name text not null)',
      'create table posts (user_id integer references users, stars integer constraint few check (stars < 6))',
      'create table exact (n integer) strict',
      "create trigger g before delete on users begin select raise(abort, 'secret'); end",
      "insert into users values (1, 'secret', 'secret')",
    ])
      await run(connection, text)
  })
  after(() => database[Symbol.asyncDispose]())

  const sorted: [kind: string, detail: string | undefined, code: string, sql: string][] = [
    [
      'unique',
      'users.email',
      'SQLITE_CONSTRAINT_UNIQUE',
      "insert into users values (2, 'secret', '')",
    ],
    ['unique', 'users.id', 'SQLITE_CONSTRAINT_PRIMARYKEY', "insert into users values (1, '', '')"],
    [
      'notNull',
      'users.name',
      'SQLITE_CONSTRAINT_NOTNULL',
      "insert into users (email) values ('x')",
    ],
    ['foreignKey', undefined, 'SQLITE_CONSTRAINT_FOREIGNKEY', 'insert into posts values (9, 1)'],
    ['check', 'few', 'SQLITE_CONSTRAINT_CHECK', 'insert into posts values (1, 9)'],
    ['value', 'exact.n', 'SQLITE_CONSTRAINT_DATATYPE', "insert into exact values ('secret')"],
    ['value', undefined, 'SQLITE_MISMATCH', "insert into users values ('secret', '', '')"],
    ['other', undefined, 'SQLITE_CONSTRAINT_TRIGGER', 'delete from users'],
    ['unknownTable', 'nowhere', 'SQLITE_ERROR', 'select * from nowhere'],
    ['unknownTable', 'no where', 'SQLITE_ERROR', 'insert into "no where" values (1)'],
    ['unknownColumn', 'absent', 'SQLITE_ERROR', 'select absent from users'],
    ['unknownColumn', 'u.absent', 'SQLITE_ERROR', 'select u.absent from users u'],
    ['unknownColumn', 'users.absent', 'SQLITE_ERROR', 'insert into users (absent) values (1)'],
    ['syntax', 'selct', 'SQLITE_ERROR', 'selct 1'],
    ['syntax', ')', 'SQLITE_ERROR', 'select 1)'],
    ['syntax', undefined, 'SQLITE_ERROR', "select 1 from users 'a' 'secret'"],
    ['syntax', undefined, 'SQLITE_ERROR', "select 'secret"],
    ['syntax', undefined, 'SQLITE_ERROR', 'select'],
    [
      'tooLarge',
      'Expression tree is too large (maximum depth 1000)',
      'SQLITE_ERROR',
      `select 1${' or 1'.repeat(2000)}`,
    ],
    [
      'tooLarge',
      'LIKE or GLOB pattern too complex',
      'SQLITE_ERROR',
      `select 'a' like '${'x'.repeat(60_000)}'`,
    ],
    ['tooLarge', 'too many columns in result set', 'SQLITE_ERROR', `select 1${', 1'.repeat(3000)}`],
    ['other', undefined, 'SQLITE_ERROR', "select json_extract('{secret', '$')"],
    ['other', 'absent', 'SQLITE_ERROR', 'select absent(1)'],
    ['other', 'cannot commit - no transaction is active', 'SQLITE_ERROR', 'commit'],
  ]
  for (const [kind, detail, code, sql] of sorted) {
    it(`${kind}: ${sql.slice(0, 100)}`, async () => {
      const error = await failure(run(connection, sql))
      expect(error).to.be.instanceOf(SqliteError)
      expect(error.code).to.equal(code)
      expect(database.driver.classifyError(error)).to.deep.equal(
        detail === undefined ? { kind } : { kind, detail },
      )
    })
  }

  it('leaves errors of others alone', () => {
    expect(database.driver.classifyError(new Error('x'))).to.equal(undefined)
    expect(database.driver.classifyError(undefined)).to.equal(undefined)
  })

  it("crosses the thread with SQLite's codes and a stack of the caller", async () => {
    async function theCaller() {
      await run(connection, "insert into users values (1, '', '')")
    }
    const error = await failure(theCaller())
    expect(error).to.include({ name: 'SqliteError', errcode: 1555, errstr: 'constraint failed' })
    expect(error.message).to.equal('UNIQUE constraint failed: users.id')
    expect(error.stack).to.contain('theCaller').and.contain('errors.test.ts')
  })

  it('names the path of what cannot be opened, and leaves nothing behind', async () => {
    const folder = join(database.folder, 'folder.db')
    const text = join(database.folder, 'text.db')
    mkdirSync(folder)
    writeFileSync(text, 'this is not a database '.repeat(100))
    const missing = join(database.folder, 'missing', 'x.db')
    const cases: [string, object, string][] = [
      [missing, {}, missing],
      [missing, { readOnly: true }, missing],
      [folder, {}, folder],
      [text, {}, `${text} is no SQLite database`],
      [text, { readOnly: true }, `${text} is no SQLite database`],
    ]
    for (const [path, options, detail] of cases) {
      const driver = sqlite(path, options).createDriver()
      await driver.init()
      const error = await failure(driver.acquireConnection())
      expect(error).to.be.instanceOf(SqliteError)
      expect(driver.classifyError?.(error)).to.deep.equal({ kind: 'unknownDatabase', detail })
      await driver.destroy()
    }
  })

  it('reports a pragma that fails while it opens', async () => {
    const driver = sqlite(join(database.folder, 'pragma.db'), {
      pragmas: { locking_mode: 'exclusive' },
    }).createDriver()
    await driver.init()
    const first = await driver.acquireConnection()
    await run(first as SqliteConnection, 'create table t (id)')
    const second = sqlite(join(database.folder, 'pragma.db'), { busyTimeout: 1 }).createDriver()
    await second.init()
    const error = await failure(second.acquireConnection())
    expect(second.classifyError?.(error)?.kind).to.equal('lockTimeout')
    await second.destroy()
    await driver.destroy()
  })
})
