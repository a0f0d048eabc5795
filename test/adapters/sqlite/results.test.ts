import { expect } from 'chai'
import { CompiledQuery } from 'kysely'
import { InvalidArgumentError } from '../../../lib/errors.js'
import type { SqliteConnection } from '../../../adapters/sqlite/connection.js'
import { failure } from '../../support/deferred.js'
import { rows, run, TestDatabase } from './database.js'

const BEYOND = 2n ** 53n + 1n

describe('sqlite: statements and results', () => {
  let database: TestDatabase
  let connection: SqliteConnection
  beforeEach(async () => {
    database = await TestDatabase.create()
    connection = await database.connect()
    await run(connection, 'create table t (id integer primary key, name text unique, n integer)')
  })
  afterEach(() => database[Symbol.asyncDispose]())

  it('gives rows as plain objects', async () => {
    await run(connection, "insert into t values (1, 'a', null), (2, 'b', 5)")
    const result = await run(connection, 'select * from t order by id')
    expect(result).to.deep.equal({
      rows: [
        { id: 1, name: 'a', n: null },
        { id: 2, name: 'b', n: 5 },
      ],
    })
    expect(Object.getPrototypeOf(result.rows[0])).to.equal(Object.prototype)
    expect(await run(connection, 'select * from t where false')).to.deep.equal({ rows: [] })
    expect(await rows(connection, 'select 1 as a, 2 as a, 3 as "10", 4 as "2"')).to.deep.equal([
      { a: 2, 10: 3, 2: 4 },
    ])
  })

  it('gives what several runs of a statement give together, up to the first that fails', async () => {
    const query = CompiledQuery.raw('insert into t (name, n) values (?, ?) returning id, n')
    const runs = [
      ['a', BEYOND],
      ['b', null],
      ['c', 7],
    ]
    expect(await connection.executeRuns(query, runs)).to.deep.equal({
      rows: [
        { id: 1, n: BEYOND },
        { id: 2, n: null },
        { id: 3, n: 7 },
      ],
      numAffectedRows: 3n,
    })
    const again = connection.executeRuns(query, [
      ['d', 1],
      ['b', 2],
      ['e', 3],
    ])
    expect(await failure(again)).to.include({ code: 'SQLITE_CONSTRAINT_UNIQUE' })
    expect(await rows(connection, 'select name from t where id > 3')).to.deep.equal([{ name: 'd' }])
    for (const wrong of [
      ['f', {}],
      ['f', NaN],
    ])
      expect(await failure(connection.executeRuns(query, [['g', 1], wrong]))).to.be.instanceOf(
        InvalidArgumentError,
      )
    expect(await rows(connection, "select name from t where name = 'g'")).to.deep.equal([])
    const none = CompiledQuery.raw('update t set n = 1 where name = ?')
    expect(await connection.executeRuns(none, [['a'], ['x'], ['b']])).to.deep.equal({
      rows: [],
      numAffectedRows: 2n,
    })
  })

  it('U9: a column called __proto__ is a value like any other, and no prototype', async () => {
    for (const value of ["x'00ff'", 'null', '7']) {
      const [row] = await rows(connection, `select ${value} as "__proto__", 1 as one`)
      expect(Object.getPrototypeOf(row)).to.equal(Object.prototype)
      expect(Object.keys(row!)).to.deep.equal(['__proto__', 'one'])
    }
  })

  it('tells affected rows of writes, and the id of an insert that changed something', async () => {
    expect(await run(connection, "insert into t (name) values ('a'), ('b')")).to.deep.equal({
      rows: [],
      numAffectedRows: 2n,
      insertId: 2n,
    })
    expect(await run(connection, "insert or ignore into t (name) values ('a')")).to.deep.equal({
      rows: [],
      numAffectedRows: 0n,
    })
    expect(await run(connection, 'update t set n = 1')).to.deep.equal({
      rows: [],
      numAffectedRows: 2n,
    })
    expect(await run(connection, "/* why */ replace into t values (9, 'a', 2)")).to.deep.equal({
      rows: [],
      numAffectedRows: 1n,
      insertId: 9n,
    })
    const withDelete = "with gone as (select 'insert') delete from t where 'insert' in gone"
    expect(await run(connection, withDelete)).to.deep.equal({ rows: [], numAffectedRows: 2n })
    expect(await run(connection, 'create table other (id)')).to.deep.equal({ rows: [] })
  })

  it('tells them for returning statements as well', async () => {
    const insert = "insert into t (name) values ('a'), ('b') returning id, name"
    expect(await run(connection, insert)).to.deep.equal({
      rows: [
        { id: 1, name: 'a' },
        { id: 2, name: 'b' },
      ],
      numAffectedRows: 2n,
      insertId: 2n,
    })
    expect(await run(connection, 'update t set n = 3 where id = 1 returning n')).to.deep.equal({
      rows: [{ n: 3 }],
      numAffectedRows: 1n,
    })
    expect(await run(connection, 'delete from t where id = 99 returning id')).to.deep.equal({
      rows: [],
      numAffectedRows: 0n,
    })
  })

  it('takes no read for a write', async () => {
    await run(connection, "insert into t (name) values ('a')")
    for (const text of [
      "with x as (select 'insert into' as y) select replace(y, 'a', 'b') as r from x",
      'explain insert into t (name) values (1)',
      '-- insert\nselect 1',
      'values (1)',
      'pragma table_info(t)',
    ]) {
      expect(await run(connection, text), text).to.have.keys('rows')
    }
  })

  it('gives integers beyond 2^53 exactly, also from statements that write', async () => {
    const insert = await run(connection, 'insert into t (id, n) values (?, ?)', BEYOND, -BEYOND)
    expect(insert.insertId).to.equal(BEYOND)
    expect(await rows(connection, 'select id, n, 1 as one from t')).to.deep.equal([
      { id: BEYOND, n: -BEYOND, one: 1 },
    ])
    expect(await rows(connection, 'update t set n = n - 1 returning n')).to.deep.equal([
      { n: -BEYOND - 1n },
    ])
    expect(await rows(connection, 'select n from t')).to.deep.equal([{ n: -BEYOND - 1n }])
    const safe = Number.MAX_SAFE_INTEGER
    expect(await rows(connection, `select ${safe} as a, -${safe} as b`)).to.deep.equal([
      { a: safe, b: -safe },
    ])
  })

  it('refuses a second statement in one text, and runs nothing', async () => {
    for (const text of [
      "insert into t (name) values ('a'); select 1",
      "insert into t (name) values ('a'); -- x\n ;; delete from t",
      "insert into t (name) values ('a'); /* x */ delete from t /* y */",
      "insert into t (name) values ('a');\0",
    ]) {
      const error = await failure(run(connection, text))
      expect(error).to.be.instanceOf(InvalidArgumentError)
      expect(error.message).to.contain('more than one statement').and.contain(text)
    }
    expect(await rows(connection, 'select * from t')).to.deep.equal([])
  })

  it('accepts what is no second statement', async () => {
    for (const text of [
      'select 1 as a;',
      ' ;select 1 as a ; -- x',
      "select 1 as a /* ';' ü */ ;\n/*",
    ])
      expect(await rows(connection, text), text).to.deep.equal([{ a: 1 }])
    await run(
      connection,
      'create trigger g after insert on t begin update t set n = 1; update t set n = 2; end;',
    )
    await run(connection, "insert into t (name) values (';')")
    expect(await rows(connection, 'select n from t')).to.deep.equal([{ n: 2 }])
  })

  it('accepts texts of many megabytes', async () => {
    const long = "it''s; ".repeat(2_000_000)
    expect(await rows(connection, `select length('${long}') as n; /* ${long} */`)).to.deep.equal([
      { n: 12_000_000 },
    ])
  })

  it('refuses a text without a statement', async () => {
    for (const text of ['', '  ', ';', '-- select 1', '/* select 1']) {
      const error = await failure(run(connection, text))
      expect(error).to.be.instanceOf(InvalidArgumentError)
      expect(error.message).to.contain('no statement')
    }
  })

  it('keeps statements right when the schema changes, also by another connection', async () => {
    await run(connection, "insert into t values (1, 'a', 2)")
    expect(await rows(connection, 'select * from t')).to.deep.equal([{ id: 1, name: 'a', n: 2 }])
    await run(await database.connect(), "alter table t add column extra text default 'x'")
    // Node 22 reads a statement once more with as many columns as it had before.
    if (process.version.startsWith('v22.')) await rows(connection, 'select * from t')
    expect(await rows(connection, 'select * from t')).to.deep.equal([
      { id: 1, name: 'a', n: 2, extra: 'x' },
    ])
    await run(connection, 'alter table t rename column n to m')
    expect(await rows(connection, 'select * from t')).to.deep.equal([
      { id: 1, name: 'a', m: 2, extra: 'x' },
    ])
  })

  it('forgets the oldest statements, and goes on', async () => {
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 250; i++)
        expect(await rows(connection, `select ${i} as i, ? as p`, i)).to.deep.equal([{ i, p: i }])
    }
  })

  it('answers in the order of the requests', async () => {
    const results = await Promise.all([
      run(connection, "insert into t (name) values ('a')"),
      rows(connection, 'select count(*) as n from t'),
      failure(run(connection, 'select * from nowhere')),
      rows(connection, 'select name from t'),
    ])
    expect(results[1]).to.deep.equal([{ n: 1 }])
    expect(results[2]!.message).to.contain('nowhere')
    expect(results[3]).to.deep.equal([{ name: 'a' }])
  })
})
