import { expect } from 'chai'
import { CommitUncertainError, ConnectionLostError, DatabaseError, DbContext } from 'mayfly'
import type { TransactionOutcome } from '../../lib/connection/transaction.js'
import { Session } from '../../lib/connection/session.js'
import { openDataSource } from '../../lib/connection/data-source.js'
import { failure, turn } from '../support/deferred.js'
import { holder } from '../support/holder.js'
import { FaultDatabase, type Fault, type StepKind } from '../support/fault-dialect.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {}

describe('a commit that nobody knows the outcome of', () => {
  let database: FaultDatabase
  const at = (...faults: [StepKind, Fault][]) => {
    database.script = ({ kind }) => faults.find(([step]) => step === kind)?.[1]
  }
  const commit = (db: RowsContext) =>
    failure(db.transaction(() => db.kysely.insertInto('rows').values({ key: 1 }).execute()))

  beforeEach(() => {
    database = new FaultDatabase()
  })

  it('R3, C10: one that was given up is uncertain', async () => {
    await using db = new RowsContext({ dialect: database.dialect, commandTimeout: 1 })
    at(['commit', 'hang'])

    const error = await commit(db)

    expect(error).to.be.instanceOf(CommitUncertainError)
    expect([error.code, error.sql]).to.deep.equal(['MAYFLY_COMMIT_UNCERTAIN', 'commit'])
    expect(error.cause.kind).to.equal('timeout')
    expect(error.cause.message).to.contain('A commit took longer than 1 ms')
    expect(error.cause.message).to.contain('the transaction may be stored, or not')
  })

  it('R3, C7: so is one that the end of its context cut', async () => {
    const db = new RowsContext({ dialect: database.dialect, disposeTimeout: 1 })
    at(['commit', 'hang'])
    const committing = commit(db)
    while (!database.log.includes('1: commit')) await turn()
    await db.dispose()

    const error = await committing
    expect(error).to.be.instanceOf(CommitUncertainError)
    expect(error.cause).to.be.instanceOf(ConnectionLostError)
    expect(error.cause.message).to.contain('closed while a commit ran on it')
    expect(database.out).to.deep.equal([])
  })

  it('R3: so is one that failed on a connection on which nothing can be sent any more', async () => {
    await using db = new RowsContext({ dialect: database.dialect })
    at(['commit', 'fail'], ['rollback', 'fail'])

    const error = await commit(db)

    expect(error).to.be.instanceOf(CommitUncertainError)
    expect(error.cause).to.be.instanceOf(DatabaseError)
    expect(database.connections[0]!.state).to.equal('destroyed')
  })

  it('T6: a savepoint that was lost with its connection is gone, and so is the transaction', async () => {
    await using db = new RowsContext({ dialect: database.dialect })
    at(['release savepoint', 'lose after'])
    let inner: unknown
    const outer = await failure(
      db.transaction(async () => {
        inner = await commit(db)
      }),
    )

    expect(inner).to.be.instanceOf(ConnectionLostError)
    expect(outer).to.equal(inner)
    expect([...database.rows]).to.deep.equal([])
  })
})

describe('the frames of a session', () => {
  interface Case {
    readonly name: string
    readonly fault?: [StepKind, Fault]
    readonly end: 'commit' | 'rollback' | 'reset'
    readonly inner?: 'commit' | 'rollback' | 'open'
    readonly outcomes: readonly [depth: number, outcome: TransactionOutcome][]
  }
  const cases: readonly Case[] = [
    { name: 'a commit', end: 'commit', outcomes: [[0, 'committed']] },
    { name: 'a rollback', end: 'rollback', outcomes: [[0, 'rolledBack']] },
    {
      name: 'a savepoint, then the whole',
      inner: 'commit',
      end: 'commit',
      outcomes: [
        [1, 'committed'],
        [0, 'committed'],
      ],
    },
    {
      name: 'a savepoint that was rolled back',
      inner: 'rollback',
      end: 'commit',
      outcomes: [
        [1, 'rolledBack'],
        [0, 'committed'],
      ],
    },
    {
      name: 'an end with one inside, which ends first',
      inner: 'open',
      end: 'reset',
      outcomes: [
        [1, 'rolledBack'],
        [0, 'rolledBack'],
      ],
    },
    {
      name: 'a rollback that failed',
      fault: ['rollback', 'fail'],
      inner: 'open',
      end: 'rollback',
      outcomes: [
        [1, 'rolledBack'],
        [0, 'rolledBack'],
      ],
    },
    {
      name: 'a deadlock in a savepoint',
      fault: ['rollback to savepoint', 'deadlock'],
      inner: 'rollback',
      end: 'commit',
      outcomes: [
        [1, 'rolledBack'],
        [0, 'rolledBack'],
      ],
    },
    {
      name: 'a commit whose answer was lost',
      fault: ['commit', 'lose after'],
      end: 'commit',
      outcomes: [[0, 'unknown']],
    },
    {
      name: 'a commit that the server refused',
      fault: ['commit', 'fail'],
      end: 'commit',
      outcomes: [[0, 'rolledBack']],
    },
  ]

  for (const { name, fault, end, inner, outcomes } of cases) {
    it(`U11: ${name} is heard of once for each frame`, async () => {
      const database = new FaultDatabase()
      const source = openDataSource(database.dialect)
      const session = new Session(source)
      session.lend({
        ...holder('it'),
        signal: undefined,
        commandTimeout: undefined,
        rollbackTimeout: 100,
      })
      const heard: [number, TransactionOutcome][] = []
      session.onSettle((frame, outcome) => heard.push([frame.depth, outcome]))
      database.script = ({ kind }) => (kind === fault?.[0] ? fault[1] : undefined)

      const outer = await session.begin('it', 'explicit', {})
      if (inner) {
        const frame = await session.begin('it', 'explicit', {})
        if (inner !== 'open') await session[inner](frame).catch(() => {})
      }
      await (end === 'reset' ? session.reset('over') : session[end](outer)).catch(() => {})

      expect(heard).to.deep.equal(outcomes)
      expect(outer.outcome).to.equal(outcomes.at(-1)![1])
      expect([session.frame, session.hasConnection]).to.deep.equal([undefined, false])
      await source.release()
    })
  }
})

describe('a server that does nothing more in a transaction after an error', () => {
  let database: FaultDatabase
  let db: RowsContext
  const add = (key: number) => db.kysely.insertInto('rows').values({ key }).execute()
  const failOnce = () => {
    let done = false
    database.script = ({ kind }) => {
      if (done || kind !== 'statement') return undefined
      done = true
      return 'fail'
    }
  }

  beforeEach(() => {
    database = new FaultDatabase({ failsTransactions: true })
    db = new RowsContext({ dialect: database.dialect })
  })
  afterEach(async () => {
    await db.dispose()
    expect(database.violations).to.deep.equal([])
  })

  it('T6: a commit is a rollback, and an error that tells why', async () => {
    let failed: unknown
    const error = await failure(
      db.transaction(async () => {
        await add(1)
        failOnce()
        failed = await failure(add(2))
      }),
    )

    expect([error.code, error.problem]).to.deep.equal(['MAYFLY_TRANSACTION_STATE', 'failed'])
    expect(error.cause).to.equal(failed)
    expect(database.log).to.include('1: rollback').and.not.include('1: commit')
  })

  it('T3: the rollback of a savepoint mends it', async () => {
    await db.transaction(async () => {
      await add(1)
      failOnce()
      await failure(db.transaction(() => add(2)))
      await add(3)
    })

    expect([...database.rows]).to.deep.equal([1, 3])
  })

  it('T3: a savepoint in which an error was caught is rolled back alone', async () => {
    let inner: any
    await db.transaction(async () => {
      await add(1)
      inner = await failure(
        db.transaction(async () => {
          failOnce()
          await failure(add(2))
        }),
      )
      await add(3)
    })

    expect(inner.problem).to.equal('failed')
    expect([...database.rows]).to.deep.equal([1, 3])
  })
})
