import { expect } from 'chai'
import { sql } from 'kysely'
import {
  AbortedError,
  ConcurrentOperationError,
  ContextDisposedError,
  DbContext,
  runInScope,
  createContainer,
  TransactionEndedError,
  TransactionStateError,
  type Concurrency,
} from 'mayfly'
import { deferred, failure, turn } from '../support/deferred.js'
import { FaultDatabase, type StepKind } from '../support/fault-dialect.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {
  readonly rows = this.set('rows', { key: 'key' })
}

const STATE = 'MAYFLY_TRANSACTION_STATE'

describe('the end of a transaction', () => {
  let database: FaultDatabase
  let db: RowsContext
  const made: RowsContext[] = []
  const open = (concurrency: Concurrency, commandTimeout?: number) => {
    db = new RowsContext({
      dialect: database.dialect,
      concurrency,
      ...(commandTimeout && { commandTimeout }),
    })
    made.push(db)
    return db
  }
  const add = (key: number) => db.kysely.insertInto('rows').values({ key }).execute()
  const rows = () => [...database.rows]
  /** Steps of this kind are answered when the result is settled. */
  const hold = (kind: StepKind) => {
    const answer = deferred()
    database.script = step => (step.kind === kind ? answer.promise : undefined)
    return answer
  }
  const streamOf = (text: string) =>
    db.kysely.getExecutor().stream(sql.raw(text).compile(db.kysely), 10)
  /** What became of each; nothing may be an error that is not Mayfly's. */
  const codes = async (promises: Iterable<Promise<unknown>>) =>
    (await Promise.allSettled(promises)).map(outcome => {
      if (outcome.status === 'fulfilled') return 'done'
      expect(outcome.reason)
        .to.have.property('code')
        .that.matches(/^MAYFLY_/)
      return outcome.reason.code as string
    })

  beforeEach(() => {
    database = new FaultDatabase()
  })
  afterEach(async () => {
    database.script = () => undefined
    for (const context of made.splice(0)) await context.dispose()
    expect(database.violations).to.deep.equal([])
    expect(database.out).to.deep.equal([])
  })

  describe('T5, C9: is checked when its turn has come', () => {
    it('a commit that waited in line does not end the transaction of somebody else', async () => {
      const tx = await open('queue').beginTransaction()
      const first = tx.commit()
      const another = db.beginTransaction()
      const inserted = add(3)
      const second = tx.commit()

      expect(await codes([first, another, inserted, second])).to.deep.equal([
        'done',
        'done',
        'done',
        STATE,
      ])
      await (await another).rollback()
      expect(rows()).to.deep.equal([])
    })

    it('a commit whose statement was given up does not end the transaction(work) that came before it', async () => {
      const tx = await open('queue', 1).beginTransaction()
      let hangs = true
      database.script = ({ kind }) => {
        if (kind !== 'statement' || !hangs) return undefined
        hangs = false
        return 'hang'
      }
      const slow = failure(add(1))
      const work = db.transaction(async () => {
        await add(2)
        await turn()
        await add(3)
      })
      const late = failure(tx.commit())

      expect((await slow).kind).to.equal('timeout')
      await work
      const error = await late
      expect(error).to.be.instanceOf(TransactionStateError)
      expect(error.cause).to.equal(await slow)
      expect(rows()).to.deep.equal([2, 3])
    })

    for (const concurrency of ['refuse', 'queue', 'unchecked'] as const) {
      it(`twice, and commit beside rollback (${concurrency}): the first counts, the others say so`, async () => {
        open(concurrency)
        const attempts = [
          ['commit', 'commit', 'commit'],
          ['commit', 'rollback'],
          ['rollback', 'commit', 'rollback'],
        ] as const
        const outcomes: string[][] = []
        for (const [key, verbs] of attempts.entries()) {
          const tx = await db.beginTransaction()
          await add(key)
          outcomes.push(await codes(verbs.map(verb => tx[verb]())))
          expect(await codes([tx.commit(), tx.rollback()])).to.deep.equal([STATE, STATE])
        }

        expect(outcomes).to.deep.equal([
          ['done', STATE, STATE],
          ['done', STATE],
          ['done', STATE, STATE],
        ])
        expect(rows()).to.deep.equal([0, 1])
      })
    }

    it('a commit beside a statement is refused, also where operations may overlap', async () => {
      const tx = await open('unchecked').beginTransaction()
      const outcomes = await codes([add(1), add(2), tx.commit()])
      await tx.commit()

      expect(outcomes).to.deep.equal(['done', 'done', 'MAYFLY_CONCURRENT_OPERATION'])
      expect(rows()).to.deep.equal([1, 2])
    })

    it('a rollback that comes before a commit in line wins', async () => {
      const tx = await open('queue').beginTransaction()
      const answer = hold('statement')
      const adding = add(1)
      const outcomes = codes([adding, tx.commit(), tx.rollback()])
      answer.resolve()

      expect(await outcomes).to.deep.equal(['done', STATE, 'done'])
      expect(rows()).to.deep.equal([])
    })

    it('an inner commit in line may come before the outer one', async () => {
      const outer = await open('queue').beginTransaction()
      const inner = await db.beginTransaction()
      expect(await codes([add(1), inner.commit(), add(2), outer.commit()])).to.deep.equal(
        Array.from({ length: 4 }, () => 'done'),
      )
      expect(rows()).to.deep.equal([1, 2])
    })

    it('disposing waits for a commit that nobody awaited', async () => {
      {
        await using tx = await open('refuse').beginTransaction()
        await add(1)
        void tx.commit()
      }
      expect(rows()).to.deep.equal([1])
      expect(database.log.at(-1)).to.equal('1: release')
    })
  })

  describe('T7: nothing is committed without what was refused in it', () => {
    for (const concurrency of ['refuse', 'queue'] as const) {
      it(`forEach(async ...) that nobody awaits commits nothing (${concurrency})`, async () => {
        open(concurrency)
        const strays: Promise<unknown>[] = []
        const error = await failure(
          db.transaction(async () => {
            ;[11, 12, 13].forEach(key => strays.push(failure(add(key).then(() => turn()))))
          }),
        ).catch((unexpected: unknown) => unexpected)

        expect(error).to.be.instanceOf(
          concurrency === 'refuse' ? ConcurrentOperationError : TransactionEndedError,
        )
        expect(rows()).to.deep.equal([])
        await db.transaction(() => add(4))
        expect(rows()).to.deep.equal([4])
      })
    }

    it('of operations that may overlap all are in it, or none', async () => {
      open('unchecked')
      const answer = hold('statement')
      const working = db.transaction(async () => {
        for (const key of [11, 12, 13]) add(key).catch(() => {})
      })
      await turn()
      answer.resolve()
      await working.catch(() => {})

      expect(rows().length).to.be.oneOf([0, 3])
    })

    it('the refusal is thrown, also when the work caught it', async () => {
      open('refuse')
      let refusal: unknown
      const error = await failure(
        db.transaction(async () => {
          const first = add(1)
          refusal = await failure(add(2))
          await first
        }),
      )

      expect(refusal).to.be.instanceOf(ConcurrentOperationError)
      expect(error).to.equal(refusal)
      expect(rows()).to.deep.equal([])
    })

    for (const refused of ['a stream', 'a begin', 'a connection', 'a statement in a stream']) {
      it(`${refused} that was refused counts`, async () => {
        database.rows.add(0)
        open('refuse')
        let refusal: unknown
        const start = {
          'a stream': () => db.rows[Symbol.asyncIterator]().next(),
          'a begin': () => db.transaction(async () => {}),
          'a connection': () => db.openConnection(),
          'a statement in a stream': () => add(2),
        }[refused]!
        const error = await failure(
          db.transaction(async () => {
            if (refused === 'a statement in a stream') {
              for await (const _ of db.rows) refusal = await failure(start())
            } else {
              const first = add(1)
              refusal = await failure(start())
              await first
            }
          }),
        )

        expect(refusal).to.be.instanceOf(ConcurrentOperationError)
        expect(error).to.equal(refusal)
        expect(rows()).to.deep.equal([0])
      })
    }

    it('tx.commit() rolls back and throws the same', async () => {
      const tx = await open('refuse').beginTransaction()
      const first = add(1)
      const refusal = await failure(add(2))
      await first

      expect(await failure(tx.commit())).to.equal(refusal)
      expect(rows()).to.deep.equal([])
      expect(await failure(tx.commit())).to.be.instanceOf(TransactionStateError)
      await add(3)
      expect(rows()).to.deep.equal([3])
    })

    it('a refused commit or rollback does not count, and neither does what another flow was refused', async () => {
      open('refuse')
      await using tx = await db.beginTransaction()
      const answer = hold('statement')
      const adding = add(1)
      expect(await failure(tx.commit())).to.be.instanceOf(ConcurrentOperationError)
      answer.resolve()
      await adding
      await tx.commit()

      const inside = deferred()
      const done = deferred()
      const working = db.transaction(async () => {
        const second = add(2)
        inside.resolve()
        await done.promise
        await second
      })
      await inside.promise
      expect(await failure(add(3))).to.be.instanceOf(ConcurrentOperationError)
      expect(await failure(db.transaction(() => add(4)))).to.be.instanceOf(ConcurrentOperationError)
      done.resolve()
      await working

      expect(rows()).to.deep.equal([1, 2])
    })

    it("a savepoint's refusal ends the savepoint only", async () => {
      open('refuse')
      let inner: unknown
      await db.transaction(async () => {
        await add(1)
        inner = await failure(
          db.transaction(async () => {
            await Promise.allSettled([add(2), add(3)])
          }),
        )
        await using tx = await db.beginTransaction()
        await Promise.allSettled([add(4), add(5)])
        expect(await failure(tx.commit())).to.be.instanceOf(ConcurrentOperationError)
        await add(6)
      })

      expect(inner).to.be.instanceOf(ConcurrentOperationError)
      expect(rows()).to.deep.equal([1, 6])
    })

    it('what the parent of a nested transaction was refused counts for the parent', async () => {
      open('refuse')
      const done = deferred()
      const error = await failure(
        db.transaction(async () => {
          await add(1)
          const nested = db.transaction(async () => {
            await add(2)
            await done.promise
          })
          await turn()
          add(3).catch(() => {})
          done.resolve()
          await nested
        }),
      )

      expect(error).to.be.instanceOf(ConcurrentOperationError)
      expect(rows()).to.deep.equal([])
    })

    it('so does what waited in line, and was refused when its turn had come', async () => {
      open('queue')
      const error = await failure(
        db.transaction(async () => {
          const nested = db.transaction(() => add(2))
          add(3).catch(() => {})
          await nested
        }),
      )

      expect(error).to.be.instanceOf(ConcurrentOperationError)
      expect(rows()).to.deep.equal([])
    })

    it('what was started in the work after its return, and before its end, counts', async () => {
      open('refuse')
      const answer = hold('statement')
      const go = deferred()
      const stray = deferred<unknown>()
      const working = failure(
        db.transaction(async () => {
          void add(1)
          void go.promise.then(() => add(2).catch(stray.resolve))
        }),
      )
      await turn()
      go.resolve()
      await stray.promise
      answer.resolve()

      expect(await working).to.be.instanceOf(TransactionEndedError)
      expect(await stray.promise).to.be.instanceOf(TransactionEndedError)
      expect(rows()).to.deep.equal([])
    })

    it('what the abort of a signal refused counts', async () => {
      const controller = new AbortController()
      await using container = createContainer().addDbContext('db', RowsContext, {
        dialect: database.dialect,
      })
      const error = await failure(
        runInScope(container, { signal: controller.signal }, ({ cradle }) =>
          cradle.db.transaction(async inner => {
            await inner.kysely.insertInto('rows').values({ key: 1 }).execute()
            controller.abort(new Error('called off'))
            await inner.kysely
              .insertInto('rows')
              .values({ key: 2 })
              .execute()
              .catch(() => {})
          }),
        ),
      )

      expect(error).to.be.instanceOf(AbortedError)
      expect(rows()).to.deep.equal([])
    })
  })

  describe('T4: a rollback is always possible', () => {
    it('after an abort, with the error of the work', async () => {
      const controller = new AbortController()
      const container = createContainer().addDbContext('db', RowsContext, {
        dialect: database.dialect,
      })
      const mine = new Error('mine')
      const error = await failure(
        runInScope(container, { signal: controller.signal }, async ({ cradle }) => {
          const tx = await cradle.db.beginTransaction()
          try {
            await cradle.db.kysely.insertInto('rows').values({ key: 1 }).execute()
            controller.abort(new Error('called off'))
            throw mine
          } catch (failed) {
            await tx.rollback()
            expect(database.log.at(-2)).to.equal('1: rollback')
            throw failed
          }
        }),
      )
      await container.dispose()

      expect(error).to.equal(mine)
    })

    it('while an operation runs, with a transaction inside, and in the loop of a stream', async () => {
      database.rows.add(0)
      open('refuse')
      const outer = await db.beginTransaction()
      await db.beginTransaction()
      const adding = add(1)
      await outer.rollback()
      await adding
      const second = await db.beginTransaction()
      const closed = await failure(
        (async () => {
          for await (const _ of db.rows) await second.rollback()
        })(),
      )

      expect(closed).to.be.instanceOf(TransactionEndedError)
      expect(rows()).to.deep.equal([0])
      await add(2)
      expect(rows()).to.deep.equal([0, 2])
    })

    it('and what waits in line goes with it', async () => {
      const tx = await open('queue').beginTransaction()
      const answer = hold('statement')
      const outcomes = codes([add(1), add(2), tx.rollback(), add(3)])
      answer.resolve()

      expect(await outcomes).to.deep.equal(['done', 'MAYFLY_TRANSACTION_ENDED', 'done', 'done'])
      expect(rows()).to.deep.equal([3])
    })
  })

  it('C5: the work of a transaction does not run when its context ended while it began', async () => {
    open('refuse')
    const answer = hold('begin')
    let ran = false
    const beginning = failure(db.transaction(async () => void (ran = true)))
    const explicit = new RowsContext({ dialect: database.dialect })
    const second = failure(explicit.beginTransaction())
    await turn()
    const disposed = [db.dispose(), explicit.dispose()]
    answer.resolve()
    await Promise.all(disposed)

    expect(await beginning).to.be.instanceOf(ContextDisposedError)
    expect(await second).to.be.instanceOf(ContextDisposedError)
    expect(ran).to.equal(false)
  })

  for (const text of [
    'begin',
    'BEGIN',
    'start  transaction read only',
    'commit',
    'COMMIT AND CHAIN',
    '  rollback',
    '/* now */ end',
    '-- it\n# is\n\tabort',
    ';commit',
    '/*! commit */',
    'begin immediate',
    'rollback work',
    "prepare transaction 'x'",
  ]) {
    it(`T1: inside a transaction [${text.replaceAll(/\s+/g, ' ')}] is refused before it is sent`, async () => {
      const sent: unknown[] = []
      database.script = ({ kind, sql: statement }) =>
        void (kind === 'statement' && sent.push(statement))
      open('refuse')
      const error = await failure(
        db.transaction(async () => {
          await add(1)
          await sql.raw(text).execute(db.kysely)
        }),
      )
      const streamed = await failure(
        db.transaction(async () => {
          for await (const _ of streamOf(text)) break
        }),
      )

      for (const refusal of [error, streamed]) {
        expect(refusal).to.be.instanceOf(TransactionStateError)
        expect(refusal.problem).to.equal('rawStatement')
      }
      expect(sent).to.have.length(1)
      expect(rows()).to.deep.equal([])
    })
  }

  it('T7: a raw statement that was refused and looked away from is no commit', async () => {
    open('refuse')
    const error = await failure(
      db.transaction(async () => {
        await add(1)
        await failure(sql`rollback`.execute(db.kysely))
      }),
    )

    expect(error.problem).to.equal('rawStatement')
    expect(rows()).to.deep.equal([])
  })

  for (const text of [
    'rollback to savepoint mine',
    'ROLLBACK  TO mine',
    'rollback work to savepoint mine',
    'savepoint mine',
    'select 1',
    'start slave',
    'begin not atomic select 1; end',
    'endpoint',
    'explain select 1',
    '/* commit */ select 1',
    '-- commit\nselect 1',
    'call commit_all()',
  ]) {
    it(`T1: inside a transaction [${text.replaceAll(/\s+/g, ' ')}] is not Mayfly's business`, async () => {
      open('refuse')
      await db.transaction(() => sql.raw(text).execute(db.kysely))

      expect(database.log).to.include(`1: ${text}`)
    })
  }

  it('T1: outside of a transaction they are sent, and a pile of comments costs nothing', async () => {
    open('refuse')
    await sql`commit`.execute(db.kysely)
    const text = `${'/* x */ /*! */ -- y\n'.repeat(20_000)}select 1`
    await db.transaction(() => sql.raw(text).execute(db.kysely))

    expect(database.log).to.include('1: commit')
  })
})
