import { expect } from 'chai'
import { oursOf, rejection, sentDuring, useDatabase, type Connected } from './fixture.js'

/** A number of the server's own counters for a session. */
async function counter({ rows }: Connected, name: string): Promise<number> {
  const found = await rows(`show session status like '${name}'`)
  return Number(found[0].Value)
}

describe('mysql statements', () => {
  const fixture = useDatabase('stmt')

  it('U12: of ours are prepared and those of users sent as text, each time', async () => {
    const { rows, ours } = await fixture.connect()
    const sent = await sentDuring(async () => {
      for (let i = 0; i < 3; i++) {
        expect(await ours('select ? as v', i)).to.deep.equal([{ v: i }])
        expect(await rows('select ? as v', i)).to.deep.equal([{ v: i }])
      }
    })
    const each = (i: number) => ['execute: select ? as v', `query: select ${i} as v`]
    expect(sent).to.deep.equal([...each(0), ...each(1), ...each(2)])
  })

  for (const [prepare, first, second] of [
    ['always', 'execute: select ? as v', 'execute: select ? as v'],
    ['never', 'query: select 7 as v', 'query: select 7 as v'],
  ] as const) {
    it(`U12: are all the same with prepare: '${prepare}'`, async () => {
      const { rows, ours } = await fixture.connect({ prepare })
      const sent = await sentDuring(async () => {
        expect(await ours('select ? as v', 7)).to.deep.equal([{ v: 7 }])
        expect(await rows('select ? as v', 7)).to.deep.equal([{ v: 7 }])
      })
      expect(sent).to.deep.equal([first, second])
    })
  }

  it("U12: of users are prepared where only the server can tell their placeholders, with 'never', too", async () => {
    const { rows } = await fixture.connect({ prepare: 'never' })
    const sent = await sentDuring(async () => {
      expect(await rows("select concat('it\\'s ?', ?, '\\'') as v", '!')).to.deep.equal([
        { v: "it's ?!'" },
      ])
    })
    expect(sent.map(text => text.slice(0, 7))).to.deep.equal(['execute'])
  })

  it('U12: take at most 256 places of a connection among the prepared ones of the server', async () => {
    const connected = await fixture.connect()
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 300; i++) {
        await connected.rows(`select ${i} as v`)
        await connected.ours(`select ${i} as v`)
      }
    }
    const prepared = await counter(connected, 'Com_stmt_prepare')
    expect(prepared - (await counter(connected, 'Com_stmt_close'))).to.equal(256)
  })

  describe('when the server has no prepared statement left', () => {
    let limit: number
    beforeEach(async () => {
      const { rows, run } = await fixture.connect()
      ;[{ limit }] = await rows('select @@global.max_prepared_stmt_count as `limit`')
      await run(`set global max_prepared_stmt_count = 0`)
    })
    afterEach(async () => {
      const { run } = await fixture.connect()
      await run(`set global max_prepared_stmt_count = ${limit}`)
    })

    it('U12: go as text, and are prepared when it has some again', async () => {
      const { ours, run } = await fixture.connect()
      const sent = await sentDuring(async () => {
        for (const v of [2, 3]) expect(await ours('select ? as v', v)).to.deep.equal([{ v }])
        await run(`set global max_prepared_stmt_count = ${limit}`)
        expect(await ours('select ? as v', 4)).to.deep.equal([{ v: 4 }])
      })
      const prepared = 'execute: select ? as v'
      expect(sent.filter(text => !text.includes('set global'))).to.deep.equal([
        prepared,
        'query: select 2 as v',
        prepared,
        'query: select 3 as v',
        prepared,
      ])
    })

    it('U12: have the values that they have prepared', async () => {
      const { ours, run } = await fixture.connect()
      await run('create temporary table t (f float, c time(3), at varchar(30))')
      await run("insert into t values (1.1, '10:00:00.5', '2024-02-29 12:13:14')")
      const at = new Date('2024-02-29T12:13:14.000Z')
      const expected = [{ f: 1.1, c: '10:00:00.500', at: '2024-02-29 12:13:14' }]
      const sql = 'select * from t where at = ?'
      expect(await ours(sql, at)).to.deep.equal(expected)
      await run(`set global max_prepared_stmt_count = ${limit}`)
      expect(await ours(sql, at)).to.deep.equal(expected)
    })

    it('U12: are streamed as text', async () => {
      const { connection } = await fixture.connect()
      const sent = await sentDuring(async () => {
        const stream = connection.streamQuery(oursOf('select ? as v', [7]), 10)
        for await (const { rows } of stream) expect(rows).to.deep.equal([{ v: 7 }])
      })
      expect(sent.at(-1)).to.equal('query: select 7 as v')
      expect(await (await fixture.connect()).rows('select 1 as one')).to.deep.equal([{ one: 1 }])
    })
  })

  it("U12: that cannot be prepared go on as text with 'always'", async () => {
    const { rows } = await fixture.connect({ prepare: 'always' })
    const sql = 'show create database `mysql`'
    for (let i = 0; i < 3; i++) expect(await rows(sql)).to.have.lengthOf(1)
    const { run } = await fixture.connect({ prepare: 'always' })
    const sent = await sentDuring(async () => {
      for (let i = 0; i < 3; i++) await run("prepare mine from 'select 1'")
    })
    expect(sent).to.deep.equal(Array(3).fill("query: prepare mine from 'select 1'"))
  })

  it('that fail do not stand in the way of the next', async () => {
    const { run, rows } = await fixture.connect()
    for (let i = 0; i < 3; i++) {
      expect(await rejection(run('select * from nowhere'))).to.include({ errno: 1146 })
      expect(await rows('select 1 as one')).to.deep.equal([{ one: 1 }])
    }
  })

  it('report what they did as Kysely has it', async () => {
    const { run } = await fixture.connect()
    await run('create table t (id int primary key auto_increment, v int)')
    for (const id of [1n, 2n]) {
      const { insertId, numAffectedRows } = await run('insert into t (v) values (?)', 1)
      expect({ insertId, numAffectedRows }).to.deep.equal({ insertId: id, numAffectedRows: 1n })
    }
    for (const changed of [2n, 0n, 0n]) {
      const updated = await run('update t set v = 2')
      expect(updated).to.deep.equal({ rows: [], numAffectedRows: 2n, numChangedRows: changed })
    }
    await run('drop table t')
  })

  it('with several results come as Kysely has them', async () => {
    const { run, connection } = await fixture.connect()
    await run(
      'create procedure both_of_them() begin select 1 as a; select 2 as b; start transaction; end',
    )
    for (let i = 0; i < 3; i++) {
      const { rows } = await run('call both_of_them()')
      expect(rows.slice(0, 2)).to.deep.equal([[{ a: 1 }], [{ b: 2 }]])
      expect(connection.transactionState).to.equal('open')
    }
    await run('rollback')
    await run('drop procedure both_of_them')
  })

  it('of one connection may wait for one another', async () => {
    const { rows } = await fixture.connect()
    const found = await Promise.all([1, 2, 3].map(v => rows('select ? as v', v)))
    expect(found).to.deep.equal([[{ v: 1 }], [{ v: 2 }], [{ v: 3 }]])
  })
})
