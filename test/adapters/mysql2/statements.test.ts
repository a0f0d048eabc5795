import { expect } from 'chai'
import { connectTo, rejection, sentDuring, useDatabase, type Connected } from './fixture.js'

/** A number of the server's own counters. */
async function counter({ rows }: Connected, name: string): Promise<number> {
  const found = await rows(`show global status like '${name}'`)
  return Number(found[0].Value)
}

describe('mysql statements', () => {
  const fixture = useDatabase('stmt')

  it('go as text the first time, and prepared from the second time on', async () => {
    const { rows } = await fixture.connect()
    const sent = await sentDuring(async () => {
      for (let i = 0; i < 3; i++) expect(await rows('select ? as v', i)).to.deep.equal([{ v: i }])
    })
    expect(sent).to.deep.equal([
      'query: select 0 as v',
      'execute: select ? as v',
      'execute: select ? as v',
    ])
  })

  it('are remembered by their driver, not by a connection', async () => {
    const driver = fixture.driver()
    const first = await connectTo(driver)
    const second = await connectTo(driver)
    await first.rows('select 1 as one')
    const sent = await sentDuring(() => second.rows('select 1 as one'))
    expect(sent).to.deep.equal(['execute: select 1 as one'])
  })

  it('are forgotten when 2,000 others came in between', async () => {
    const { rows } = await fixture.connect()
    await rows('select 0 as v')
    for (let i = 1; i <= 2000; i++) await rows(`select ${i} as v`)
    const sent = await sentDuring(() => rows('select 0 as v'))
    expect(sent).to.deep.equal(['query: select 0 as v'])
  })

  it('that are very long are never prepared', async () => {
    const { rows } = await fixture.connect()
    const sql = `select ? in (${'1, '.repeat(3000)} 2) as v`
    const sent = await sentDuring(async () => {
      for (let i = 0; i < 3; i++) expect(await rows(sql, 2)).to.deep.equal([{ v: 1 }])
    })
    expect(sent.map(text => text.slice(0, 5))).to.deep.equal(['query', 'query', 'query'])
  })

  it('take at most 256 places of a connection among the prepared ones of the server', async () => {
    const connected = await fixture.connect()
    const observer = await fixture.connect()
    const before = await counter(observer, 'Prepared_stmt_count')
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 300; i++) await connected.rows(`select ${i} as v`)
    }
    const observed = 1
    expect((await counter(observer, 'Prepared_stmt_count')) - before - observed).to.equal(256)
  })

  it('go on as text when the server has no prepared statement left', async () => {
    const connected = await fixture.connect()
    const { rows, run } = connected
    const [{ limit }] = await rows('select @@global.max_prepared_stmt_count as `limit`')
    await rows('select ? as v', 1)
    await run(`set global max_prepared_stmt_count = 0`)
    try {
      const sent = await sentDuring(async () => {
        for (const v of [2, 3]) expect(await rows('select ? as v', v)).to.deep.equal([{ v }])
      })
      expect(sent).to.deep.equal([
        'execute: select ? as v',
        'query: select 2 as v',
        'query: select 3 as v',
      ])
    } finally {
      await run(`set global max_prepared_stmt_count = ${limit}`)
    }
  })

  it('that cannot be prepared go on as text', async () => {
    const { run } = await fixture.connect()
    const sql = "prepare mine from 'select 1'"
    const sent = await sentDuring(async () => {
      for (let i = 0; i < 3; i++) await run(sql)
    })
    expect(sent).to.deep.equal([
      `query: ${sql}`,
      `execute: ${sql}`,
      `query: ${sql}`,
      `query: ${sql}`,
    ])
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
