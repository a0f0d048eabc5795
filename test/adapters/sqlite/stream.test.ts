import { expect } from 'chai'
import { InvalidArgumentError } from '../../../lib/errors.js'
import { failure } from '../../support/deferred.js'
import { rows, run, stream, TestDatabase } from './database.js'

const COUNT_TO = (last: number) =>
  `with recursive c(x) as (select 1 union all select x + 1 from c where x < ${last}) select x from c`

describe('sqlite: streams', () => {
  it('gives rows in chunks, on demand', async () => {
    await using database = await TestDatabase.create()
    const connection = await database.connect()
    const chunks: unknown[] = []
    for await (const chunk of stream(connection, COUNT_TO(5), 2)) chunks.push(chunk)
    expect(chunks).to.deep.equal([
      { rows: [{ x: 1 }, { x: 2 }] },
      { rows: [{ x: 3 }, { x: 4 }] },
      { rows: [{ x: 5 }] },
    ])
    const none: unknown[] = []
    for await (const chunk of stream(connection, 'select 1 where false', 2)) none.push(chunk)
    expect(none).to.deep.equal([])
    const exact: unknown[] = []
    for await (const chunk of stream(connection, COUNT_TO(2), 2)) exact.push(chunk)
    expect(exact).to.have.length(1)
  })

  it('fetches no more than was asked for: a stream without end can be left', async () => {
    await using database = await TestDatabase.create()
    const connection = await database.connect()
    let seen = 0
    for await (const chunk of stream(connection, COUNT_TO(1e15), 10)) {
      seen += chunk.rows.length
      if (seen === 30) break
    }
    expect(seen).to.equal(30)
  })

  it('lets go of its lock when it is left early', async () => {
    await using database = await TestDatabase.create(':memory:', { busyTimeout: 1 })
    const [reader, writer] = [await database.connect(), await database.connect()]
    await run(writer, 'create table t (id integer)')
    await run(writer, 'insert into t values (1), (2), (3)')
    for await (const chunk of stream(reader, 'select id from t', 1)) {
      expect(chunk.rows).to.deep.equal([{ id: 1 }])
      const error = await failure(run(writer, 'insert into t values (4)'))
      expect(database.driver.classifyError(error)?.kind).to.equal('lockTimeout')
      break
    }
    await run(writer, 'insert into t values (4)')
  })

  it('shares no statement with another execution of the same text', async () => {
    await using database = await TestDatabase.create()
    const connection = await database.connect()
    await run(connection, COUNT_TO(3))
    const seen: unknown[] = []
    for await (const chunk of stream(connection, COUNT_TO(3), 1)) {
      seen.push(...chunk.rows)
      expect(await rows(connection, COUNT_TO(3))).to.have.length(3)
      for await (const inner of stream(connection, COUNT_TO(3), 1)) {
        expect(inner.rows).to.deep.equal([{ x: 1 }])
        break
      }
    }
    expect(seen).to.deep.equal([{ x: 1 }, { x: 2 }, { x: 3 }])
  })

  it('gives exact integers', async () => {
    await using database = await TestDatabase.create()
    const connection = await database.connect()
    const text = 'select 1 as n union all select 9007199254740993'
    const seen: unknown[] = []
    for await (const chunk of stream(connection, text, 10)) seen.push(...chunk.rows)
    expect(seen).to.deep.equal([{ n: 1 }, { n: 9007199254740993n }])
  })

  it('rejects where it fails: while it opens, and in the middle', async () => {
    await using database = await TestDatabase.create()
    const connection = await database.connect()
    expect(
      (await failure(stream(connection, 'select * from nowhere', 1).next())).message,
    ).to.contain('nowhere')
    const broken = `${COUNT_TO(3)} where json_extract(iif(x = 2, '{', '{}'), '$') is not null`
    const iterator = stream(connection, broken, 1)
    expect(await iterator.next()).to.deep.equal({ done: false, value: { rows: [{ x: 1 }] } })
    expect((await failure(iterator.next())).message).to.contain('malformed JSON')
    expect(await iterator.next()).to.deep.equal({ done: true, value: undefined })
    expect(await rows(connection, 'select 1 as a')).to.deep.equal([{ a: 1 }])
  })

  it('refuses chunks of no rows', async () => {
    await using database = await TestDatabase.create()
    const connection = await database.connect()
    for (const size of [0, -1, 1.5, NaN]) {
      expect(await failure(stream(connection, 'select 1', size).next())).to.be.instanceOf(
        InvalidArgumentError,
      )
    }
  })

  it('is closed when its connection is released, and does not pretend to be complete', async () => {
    await using database = await TestDatabase.create(':memory:', { busyTimeout: 1 })
    const connection = await database.connect()
    const writer = await database.connect()
    await run(writer, 'create table t (id integer)')
    await run(writer, 'insert into t values (1), (2)')
    const iterator = stream(connection, 'select id from t', 1)
    await iterator.next()
    await database.driver.releaseConnection(connection)
    await run(writer, 'insert into t values (3)')
    expect((await failure(iterator.next())).message).to.contain('closed')
  })
})
