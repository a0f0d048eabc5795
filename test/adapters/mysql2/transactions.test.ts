import { expect } from 'chai'
import type { TransactionSettings } from 'kysely'
import type { MayflyDriver } from 'mayfly'
import { mysql } from 'mayfly/mysql2'
import { connectTo, rejection, sentDuring, useDatabase, type Connected } from './fixture.js'

describe('mysql transactions', () => {
  const fixture = useDatabase('trx')

  /** Two connections of one driver, and a table with the rows 1 and 2. */
  async function pair(): Promise<{ driver: MayflyDriver; a: Connected; b: Connected }> {
    const driver = fixture.driver()
    const a = await connectTo(driver)
    const b = await connectTo(driver)
    await a.run('drop table if exists t')
    await a.run('create table t (id int primary key, v int) engine = innodb')
    await a.run('insert into t values (1, 0), (2, 0)')
    return { driver, a, b }
  }

  describe('begin', () => {
    const begun: [string, TransactionSettings, string[]][] = [
      ['plain, in one round trip', {}, ['start transaction']],
      [
        'with an access mode, in one round trip',
        { accessMode: 'read only' },
        ['start transaction read only'],
      ],
      [
        'with an isolation level',
        { isolationLevel: 'serializable' },
        ['set transaction isolation level serializable', 'start transaction'],
      ],
      [
        'with both',
        { isolationLevel: 'read committed', accessMode: 'read write' },
        ['set transaction isolation level read committed', 'start transaction read write'],
      ],
    ]
    for (const [name, settings, expected] of begun) {
      it(name, async () => {
        const { driver, connection } = await fixture.connect()
        const sent = await sentDuring(() => driver.beginTransaction(connection, settings))
        expect(sent).to.deep.equal(expected.map(sql => `query: ${sql}`))
        expect(connection.transactionState).to.equal('open')
        await driver.rollbackTransaction(connection)
        expect(connection.transactionState).to.equal('none')
      })
    }

    it('refuses settings that MySQL does not have, and sends nothing', async () => {
      const { driver, connection } = await fixture.connect()
      const sent = await sentDuring(async () => {
        for (const settings of [
          { isolationLevel: 'snapshot' },
          { accessMode: 'read only; drop table t' },
        ]) {
          const error = await rejection(
            driver.beginTransaction(connection, settings as TransactionSettings),
          )
          expect(error).to.include({ code: 'MAYFLY_INVALID_ARGUMENT' })
        }
      })
      expect(sent).to.deep.equal([])
    })

    it('an isolation level holds', async () => {
      const { driver, a, b } = await pair()
      await driver.beginTransaction(a.connection, { isolationLevel: 'read uncommitted' })
      await driver.beginTransaction(b.connection, {})
      await b.run('update t set v = 9 where id = 1')
      expect(await a.rows('select v from t where id = 1')).to.deep.equal([{ v: 9 }])
      await driver.rollbackTransaction(b.connection)
      await driver.rollbackTransaction(a.connection)
    })

    it('that fails leaves no isolation level to the next transaction', async () => {
      const { a } = await pair()
      const url = new URL(fixture.url)
      const user = `writer_${process.pid}`
      await a.run(`create user ${user}@'%' identified by 'pw'`)
      await a.run(`grant all on \`${url.pathname.slice(1)}\`.* to ${user}@'%'`)
      const driver = mysql(Object.assign(url, { username: user, password: 'pw' })).createDriver()
      const { connection } = await connectTo(driver)
      await a.run('set global read_only = 1')
      try {
        const settings: TransactionSettings = {
          isolationLevel: 'serializable',
          accessMode: 'read write',
        }
        let error: unknown
        const sent = await sentDuring(async () => {
          error = await rejection(driver.beginTransaction(connection, settings))
        })
        expect(driver.classifyError!(error)).to.deep.equal({ kind: 'readOnly' })
        expect(sent.slice(1)).to.deep.equal([
          'query: start transaction read write',
          'query: rollback',
        ])
      } finally {
        await a.run('set global read_only = 0')
        await a.run(`drop user ${user}@'%'`)
        await driver.destroy()
      }
    })
  })

  it('commit and rollback do what they say', async () => {
    const { driver, a, b } = await pair()
    for (const end of ['rollbackTransaction', 'commitTransaction'] as const) {
      await driver.beginTransaction(a.connection, {})
      await a.run('update t set v = v + 1 where id = 1')
      await driver[end](a.connection)
      expect(a.connection.transactionState).to.equal('none')
    }
    expect(await b.rows('select v from t where id = 1')).to.deep.equal([{ v: 1 }])
  })

  it('savepoints undo a part, whatever they are called', async () => {
    const { driver, a } = await pair()
    const compile = undefined as never
    for (const name of ['inner', 'select', 'with `quotes`; drop table t']) {
      await driver.beginTransaction(a.connection, {})
      await a.run('update t set v = 1')
      await driver.savepoint!(a.connection, name, compile)
      await a.run('update t set v = 2')
      await driver.rollbackToSavepoint!(a.connection, name, compile)
      await driver.releaseSavepoint!(a.connection, name, compile)
      expect(await a.rows('select sum(v) as v from t')).to.deep.equal([{ v: '2' }])
      expect(a.connection.transactionState).to.equal('open')
      await driver.rollbackTransaction(a.connection)
    }
  })

  describe('transactionState', () => {
    it('follows begin and end, also when they are plain statements', async () => {
      const { a } = await pair()
      const seen: unknown[] = []
      for (const sql of [
        'select 1',
        'begin',
        'select 1',
        'update t set v = 1',
        'commit',
        'select 1',
        'begin',
        'rollback',
      ]) {
        await a.run(sql)
        seen.push(a.connection.transactionState)
      }
      expect(seen).to.deep.equal(['none', 'open', 'open', 'open', 'none', 'none', 'open', 'none'])
    })

    it('is none after DDL, which commits', async () => {
      const { driver, a } = await pair()
      await driver.beginTransaction(a.connection, {})
      await a.run('update t set v = 1')
      await a.run('drop table if exists other')
      expect(a.connection.transactionState).to.equal('none')
    })

    it('is none after DDL that failed, which commits as well', async () => {
      const { driver, a } = await pair()
      await driver.beginTransaction(a.connection, {})
      const error = await rejection(a.run('create table t (id int)'))
      expect(error).to.include({ errno: 1050 })
      expect(a.connection.transactionState).to.equal('none')
    })

    it('is none for the victim of a deadlock, and open for the other', async () => {
      const { driver, a, b } = await pair()
      await driver.beginTransaction(a.connection, {})
      await driver.beginTransaction(b.connection, {})
      await a.run('update t set v = 1 where id = 1')
      await b.run('update t set v = 1 where id = 2')
      const ends = await Promise.allSettled([
        a.run('update t set v = 1 where id = 2'),
        b.run('update t set v = 1 where id = 1'),
      ])
      const [victim, survivor] = ends[0].status === 'rejected' ? [a, b] : [b, a]
      const failed = ends.find(end => end.status === 'rejected')!
      expect(ends.map(end => end.status)).to.have.members(['fulfilled', 'rejected'])
      expect(driver.classifyError!(failed.reason)).to.deep.equal({ kind: 'deadlock' })
      expect(victim.connection.transactionState).to.equal('none')
      expect(survivor.connection.transactionState).to.equal('open')
      await driver.rollbackTransaction(survivor.connection)
    })

    it('is open after a lock wait that timed out, which ends the statement only', async () => {
      const { driver, a, b } = await pair()
      await driver.beginTransaction(a.connection, {})
      await a.run('update t set v = 1 where id = 1')
      await b.run('set innodb_lock_wait_timeout = 0')
      await driver.beginTransaction(b.connection, {})
      await b.run('update t set v = 1 where id = 2')
      const error = await rejection(b.run('update t set v = 1 where id = 1'))
      expect(driver.classifyError!(error)).to.deep.equal({ kind: 'lockTimeout' })
      expect(b.connection.transactionState).to.equal('open')
      await driver.rollbackTransaction(a.connection)
      await driver.commitTransaction(b.connection)
    })

    it('is open after an error that ends a statement only; the server is asked', async () => {
      const { driver, a } = await pair()
      await driver.beginTransaction(a.connection, {})
      const sent = await sentDuring(() => rejection(a.run('insert into t values (1, 1)')))
      expect(sent).to.deep.equal(['query: insert into t values (1, 1)', 'query: do 0'])
      expect(a.connection.transactionState).to.equal('open')
      await driver.rollbackTransaction(a.connection)
    })

    it('costs nothing after an error outside of a transaction', async () => {
      const { a } = await pair()
      const sent = await sentDuring(() => rejection(a.run('insert into t values (1, 1)')))
      expect(sent).to.deep.equal(['query: insert into t values (1, 1)'])
    })

    it('is open after rows where autocommit is off', async () => {
      const { a } = await pair()
      await a.run('set autocommit = 0')
      expect(a.connection.transactionState).to.equal('none')
      await a.rows('select * from t')
      expect(a.connection.transactionState).to.equal('open')
      await a.run('commit')
      expect(a.connection.transactionState).to.equal('none')
    })
  })

  it('reset rolls back, and costs nothing where nothing is open', async () => {
    const { driver, a, b } = await pair()
    await driver.beginTransaction(a.connection, {})
    await a.run('update t set v = 7')
    const sent = await sentDuring(async () => {
      await driver.resetConnection!(a.connection)
      await driver.resetConnection!(a.connection)
    })
    expect(sent).to.deep.equal(['query: rollback'])
    expect(await b.rows('select sum(v) as v from t')).to.deep.equal([{ v: '0' }])
  })

  it('reset ends the transaction also where a rollback begins the next one', async () => {
    const { driver, a } = await pair()
    await a.run('set completion_type = 1')
    await driver.beginTransaction(a.connection, {})
    await driver.resetConnection!(a.connection)
    expect(a.connection.transactionState).to.equal('none')
    expect(a.connection.hasChangedSession).to.equal(false)
  })
})
