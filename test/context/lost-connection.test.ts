import { expect } from 'chai'
import {
  CommitUncertainError,
  ConcurrentOperationError,
  ConnectionLostError,
  DatabaseError,
  DbContext,
  TransactionEndedError,
} from 'mayfly'
import { deferred, failure, turn } from '../support/deferred.js'
import { FaultDatabase, type Fault, type StepKind } from '../support/fault-dialect.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {
  readonly rows = this.set('rows', { key: 'key' })
}

describe('when the database goes wrong', () => {
  let database: FaultDatabase
  let db: RowsContext
  const add = (key: number) => db.kysely.insertInto('rows').values({ key }).execute()
  /** The first step of this kind goes wrong. */
  const once = (kind: StepKind, fault: Fault) => {
    let done = false
    database.script = step => {
      if (done || step.kind !== kind) return undefined
      done = true
      return fault
    }
  }

  beforeEach(() => {
    database = new FaultDatabase()
    db = new RowsContext({ dialect: database.dialect })
  })
  afterEach(async () => {
    database.script = () => undefined
    await db.dispose()
    expect(database.violations).to.deep.equal([])
    expect(database.out).to.deep.equal([])
  })

  it('T6: a connection lost inside a transaction ends it, and the context can be used', async () => {
    let inside: any
    const error = await failure(
      db.transaction(async () => {
        await add(1)
        once('statement', 'lose before')
        try {
          await add(2)
        } finally {
          inside = await failure(add(3))
        }
      }),
    )

    expect(error).to.be.instanceOf(ConnectionLostError)
    expect(error.code).to.equal('MAYFLY_CONNECTION_LOST')
    expect(inside).to.be.instanceOf(TransactionEndedError)
    expect(inside.cause).to.equal(error)
    await add(4)
    expect([...database.rows]).to.deep.equal([4])
  })

  it('T6: work that swallowed the loss does not commit', async () => {
    const error = await failure(
      db.transaction(async () => {
        await add(1)
        once('statement', 'lose after')
        await add(2).catch(() => {})
      }),
    )

    expect(error).to.be.instanceOf(ConnectionLostError)
    expect([...database.rows]).to.deep.equal([])
  })

  it('a failing begin gives its connection up, and is tried again by the next transaction', async () => {
    once('begin', 'fail')

    expect(await failure(db.transaction(() => add(1)))).to.be.instanceOf(DatabaseError)
    expect(database.log).to.deep.equal(['1: connect', '1: begin', '1: release'])
    await db.transaction(() => add(2))
    expect([...database.rows]).to.deep.equal([2])
  })

  it('a failing commit is rolled back and thrown', async () => {
    once('commit', 'fail')

    const error = await failure(db.transaction(() => add(1)))
    expect(error).to.be.instanceOf(DatabaseError)
    expect([...database.rows]).to.deep.equal([])
    expect(database.log).to.deep.equal([
      '1: connect',
      '1: begin',
      '1: insert into "rows" ("key") values (?)',
      '1: commit',
      '1: rollback',
      '1: release',
    ])
  })

  for (const fault of ['lose before', 'lose after'] as const) {
    it(`R3, T6: a commit with a connection that breaks (${fault}) is a CommitUncertainError`, async () => {
      once('commit', fault)

      const error = await failure(db.transaction(() => add(1)))
      expect(error).to.be.instanceOf(CommitUncertainError)
      expect(error.code).to.equal('MAYFLY_COMMIT_UNCERTAIN')
      expect(error.cause).to.be.instanceOf(ConnectionLostError)
      expect(error.message).to.contain('all of the transaction is stored, or nothing of it')
      await db.transaction(() => add(2))
      expect([...database.rows]).to.deep.equal(fault === 'lose after' ? [1, 2] : [2])
    })
  }

  it('X4: a failing rollback destroys the connection', async () => {
    once('rollback', 'fail')
    const mine = new Error('mine')

    expect(await failure(db.transaction(() => add(1).then(() => Promise.reject(mine))))).to.equal(
      mine,
    )
    expect(database.connections[0]!.state).to.equal('destroyed')
    expect([...database.rows]).to.deep.equal([])
  })

  it('X4: a failing rollback to a savepoint takes the whole transaction with it', async () => {
    once('rollback to savepoint', 'fail')
    const error = await failure(
      db.transaction(async () => {
        await add(1)
        await failure(db.transaction(() => add(2).then(() => Promise.reject(new Error('inner')))))
        await failure(add(3))
      }),
    )

    expect(error).to.be.instanceOf(DatabaseError)
    expect([...database.rows]).to.deep.equal([])
    expect(database.connections[0]!.state).to.equal('destroyed')
  })

  it('a savepoint that fails leaves the outer transaction as it was', async () => {
    once('savepoint', 'fail')
    await db.transaction(async () => {
      await add(1)
      await failure(db.transaction(() => add(2)))
      await add(3)
    })

    expect([...database.rows]).to.deep.equal([1, 3])
  })

  for (const kind of ['statement', 'savepoint'] as const) {
    it(`T6: a ${kind} that the server answers by rolling everything back ends the transaction`, async () => {
      const error = await failure(
        db.transaction(async () => {
          await add(1)
          once(kind, 'deadlock')
          await db.transaction(() => add(2)).catch(() => {})
          await add(3)
        }),
      )

      expect(error).to.be.instanceOf(TransactionEndedError)
      expect(error.cause.kind).to.equal('deadlock')
      expect([...database.rows]).to.deep.equal([])
    })
  }

  it('T2, T6: a statement that waits for the connection while the transaction is rolled back is not sent', async () => {
    await using unchecked = new RowsContext({
      dialect: database.dialect,
      concurrency: 'unchecked',
    })
    const answer = deferred()
    let late: any
    await failure(
      unchecked.transaction(async () => {
        await unchecked.rows.count()
        database.script = ({ kind }) => (kind === 'statement' ? answer.promise : undefined)
        const victim = failure(unchecked.rows.count())
        const waiting = failure(unchecked.kysely.insertInto('rows').values({ key: 1 }).execute())
        await turn()
        database.connections[0]!.rollback()
        answer.reject(new Error('deadlock'))
        await victim
        late = await waiting
      }),
    )

    expect(late).to.be.instanceOf(TransactionEndedError)
    expect(late.cause.cause.message).to.equal('deadlock')
    expect([...database.rows]).to.deep.equal([])
  })

  it('T2, T6: a savepoint that waits for the connection while the transaction is rolled back is not sent', async () => {
    await using unchecked = new RowsContext({
      dialect: database.dialect,
      concurrency: 'unchecked',
    })
    const answer = deferred()
    let nested: any
    await failure(
      unchecked.transaction(async () => {
        await unchecked.rows.count()
        database.script = ({ kind }) => (kind === 'statement' ? answer.promise : undefined)
        const victim = failure(unchecked.rows.count())
        const waiting = failure(unchecked.transaction(() => unchecked.rows.count()))
        await turn()
        database.connections[0]!.rollback()
        answer.reject(new Error('deadlock'))
        await victim
        nested = await waiting
      }),
    )

    expect(nested).to.be.instanceOf(TransactionEndedError)
    expect(nested.cause.cause.message).to.equal('deadlock')
    expect(database.log.filter(line => line.includes('savepoint'))).to.deep.equal([])
  })

  for (const next of ['a statement', 'a savepoint'] as const) {
    it(`T2, T6: ${next} that waits for the connection while that is lost says that its transaction has ended`, async () => {
      await using unchecked = new RowsContext({
        dialect: database.dialect,
        concurrency: 'unchecked',
      })
      const insert = (key: number) =>
        failure(unchecked.kysely.insertInto('rows').values({ key }).execute())
      await unchecked.beginTransaction()
      once('statement', 'lose after')
      const lost = insert(1)
      const late = next === 'a statement' ? insert(2) : failure(unchecked.beginTransaction())

      expect(await lost).to.be.instanceOf(ConnectionLostError)
      expect(await late).to.be.instanceOf(TransactionEndedError)
      expect((await late).cause).to.equal(await lost)
      await insert(3).catch(() => {})
      expect([...database.rows]).to.deep.equal([3])
    })
  }

  it('T2: nothing of a forgotten inner transaction is sent after the outer one is rolled back', async () => {
    for (let ticks = 0; ticks < 12; ticks++) {
      await using unchecked = new RowsContext({
        dialect: database.dialect,
        concurrency: 'unchecked',
      })
      const insert = (key: number) =>
        failure(unchecked.kysely.insertInto('rows').values({ key }).execute())
      const answer = deferred()
      let stray: Promise<unknown> | undefined
      const outer = failure(
        unchecked.transaction(async () => {
          stray = failure(
            unchecked.transaction(async () => {
              await unchecked.rows.count()
              for (let tick = 0; tick < ticks; tick++) await Promise.resolve()
              await Promise.all([insert(1), insert(2), insert(3)])
            }),
          )
          await turn()
          throw new Error('failed')
        }),
      )
      database.script = ({ kind }) => (kind === 'statement' ? answer.promise : undefined)
      await turn()
      await turn()
      answer.resolve()

      expect(await outer).to.have.property('message', 'failed')
      await stray
      expect([...database.rows]).to.deep.equal([], `${ticks} ticks later`)
    }
  })

  it('C9: nothing begins beside the end of a transaction, also when operations may overlap', async () => {
    await using unchecked = new RowsContext({
      dialect: database.dialect,
      concurrency: 'unchecked',
    })
    const transaction = await unchecked.beginTransaction()
    const committed = transaction.commit()
    const error = await failure(unchecked.kysely.insertInto('rows').values({ key: 1 }).execute())
    await committed

    expect(error).to.be.instanceOf(ConcurrentOperationError)
    expect([...database.rows]).to.deep.equal([])
  })

  it('a statement that the server ended the transaction with is noticed', async () => {
    const error = await failure(
      db.transaction(async () => {
        await add(1)
        database.connections[0]!.rollback()
        await add(2)
      }),
    )

    expect(error.code).to.equal('MAYFLY_TRANSACTION_STATE')
    expect(error.message).to.contain('Run DDL and BEGIN, COMMIT, ROLLBACK outside of transaction()')
  })
})
