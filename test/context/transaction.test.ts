import { expect } from 'chai'
import { sql } from 'kysely'
import {
  ConcurrentOperationError,
  ContextDisposedError,
  TransactionEndedError,
  TransactionStateError,
} from 'mayfly'
import { databases, ShopContext, type TestDatabase } from '../support/databases.js'
import { deferred, failure, turn } from '../support/deferred.js'

for (const { name, open } of databases) {
  describe(`transaction (${name})`, () => {
    let database: TestDatabase
    let db: ShopContext

    const add = (user: string, context = db) =>
      context.kysely.insertInto('users').values({ name: user }).execute()
    const names = async () =>
      (await database.direct.selectFrom('users').select('name').orderBy('name').execute()).map(
        row => row.name,
      )
    /** begin, insert, commit, ... without the SQL of the dialect. */
    const traffic = () =>
      database.log.lines.map(line =>
        line.replace(/^\d+: /, '').replace(/^(insert|select) .*/, '$1'),
      )

    beforeEach(async () => {
      database = await open()
      db = new ShopContext({ dialect: database.dialect })
    })
    afterEach(async () => {
      await db.dispose()
      expect(database.log.out.size, 'connections that are still out').to.equal(0)
      expect(database.log.strays, 'sent on a connection that was given back').to.deep.equal([])
      await database.close()
    })

    it('commits what its work did, on one connection', async () => {
      const result = await db.transaction(async tx => {
        await add('Ada', tx)
        await add('Bob', tx)
        return 'done'
      })

      expect(result).to.equal('done')
      expect(await names()).to.deep.equal(['Ada', 'Bob'])
      expect(traffic()).to.deep.equal(['begin', 'insert', 'insert', 'commit', 'release'])
    })

    it('T4: rolls back when its work throws, and throws that error', async () => {
      const mine = new Error('mine')

      const error = await failure(
        db.transaction(async () => {
          await add('Ada')
          throw mine
        }),
      )

      expect(error).to.equal(mine)
      expect(await names()).to.deep.equal([])
      expect(traffic()).to.deep.equal(['begin', 'insert', 'rollback', 'release'])
    })

    it('T4: a rollback that fails comes with the error of the work, and the connection is destroyed', async () => {
      const mine = new Error('mine')
      database.log.beforeStatement = text => {
        if (text === 'rollback') throw new Error('no rollback today')
      }

      const error = await failure(
        db.transaction(async () => {
          await add('Ada')
          throw mine
        }),
      )

      expect(error).to.equal(mine)
      expect(error.suppressed).to.have.length(1)
      expect(error.suppressed[0].cause.message).to.equal('no rollback today')
      expect(traffic()).to.deep.equal(['begin', 'insert', 'destroy'])
      database.log.beforeStatement = undefined
      expect(await names()).to.deep.equal([])
      expect(await db.users.count()).to.equal(0)
    })

    it('T1: the end waits for an operation that the work abandoned, and commits it', async () => {
      await db.transaction(async () => {
        void add('Ada')
      })

      expect(await names()).to.deep.equal(['Ada'])
      expect(traffic()).to.deep.equal(['begin', 'insert', 'commit', 'release'])
    })

    it('T1: an abandoned operation that fails rolls back', async () => {
      await add('Ada')
      const error = await failure(
        db.transaction(async () => {
          await add('Bob')
          add('Ada').catch(() => {})
        }),
      )

      expect(error.kind).to.equal('unique')
      expect(await names()).to.deep.equal(['Ada'])
    })

    it('T1: the end goes before what waits in line', async () => {
      await using queueing = new ShopContext({ dialect: database.dialect, concurrency: 'queue' })
      const sent = deferred()
      const outside = sent.promise.then(() => add('Bob', queueing))
      await queueing.transaction(async () => {
        void add('Ada', queueing)
        sent.resolve()
        await Promise.resolve()
      })
      await outside

      expect(traffic()).to.deep.equal(['begin', 'insert', 'commit', 'release', 'insert', 'release'])
    })

    it('T2: stray work after the end is refused, also across timers and awaits', async () => {
      const go = deferred()
      let stray: Promise<any>
      await db.transaction(async () => {
        await add('Ada')
        stray = failure(
          (async () => {
            await go.promise
            await new Promise(resolve => setTimeout(resolve, 0))
            await add('Stray')
          })(),
        )
      })
      go.resolve()

      const error = await stray!
      expect(error).to.be.instanceOf(TransactionEndedError)
      expect(error.message).to.contain('Promise.all')
      expect(await names()).to.deep.equal(['Ada'])
    })

    it('T2: what other branches of Promise.all start after one has failed is refused', async () => {
      await add('Ada')
      const failed = deferred()
      let strays: Promise<unknown>[]
      const error = await failure(
        db.transaction(async () => {
          const branches = ['One', 'Two'].map(async user => {
            await failed.promise
            await add(user)
          })
          strays = branches.map(branch => failure(branch))
          await Promise.all([add('Ada'), ...branches])
        }),
      )
      failed.resolve()

      expect(error.kind).to.equal('unique')
      for (const stray of await Promise.all(strays!))
        expect(stray).to.be.instanceOf(TransactionEndedError)
      expect(await names()).to.deep.equal(['Ada'])
    })

    it('T2: a stray stays refused when the context is in its next transaction', async () => {
      const go = deferred()
      let stray: Promise<any>
      await db.transaction(async () => {
        stray = failure(go.promise.then(() => add('Stray')))
      })
      await db.transaction(async () => {
        go.resolve()
        expect(await stray).to.be.instanceOf(TransactionEndedError)
        await add('Ada')
      })

      expect(await names()).to.deep.equal(['Ada'])
    })

    it('T3: a nested transaction is a savepoint', async () => {
      await db.transaction(async () => {
        await add('Ada')
        await failure(
          db.transaction(async () => {
            await add('Bob')
            throw new Error('not Bob')
          }),
        )
        await db.transaction(() => add('Cleo'))
      })

      expect(await names()).to.deep.equal(['Ada', 'Cleo'])
      expect(traffic()).to.deep.equal([
        'begin',
        'insert',
        'savepoint mayfly_1',
        'insert',
        'rollback to mayfly_1',
        'release savepoint mayfly_1',
        'savepoint mayfly_1',
        'insert',
        'release savepoint mayfly_1',
        'commit',
        'release',
      ])
    })

    it('T3: while a nested transaction is open its parent is refused', async () => {
      const inside = deferred()
      const done = deferred()
      let refusal: any
      const error = await failure(
        db.transaction(async () => {
          const nested = db.transaction(async () => {
            inside.resolve()
            await done.promise
          })
          await inside.promise
          refusal = await failure(add('Ada'))
          done.resolve()
          await nested
        }),
      )

      expect(refusal).to.be.instanceOf(ConcurrentOperationError)
      expect(refusal.message).to.contain('nested transaction open')
      expect(error).to.equal(refusal)
      expect(await names()).to.deep.equal([])
    })

    it('T3: a second transaction from another flow is refused', async () => {
      const inside = deferred()
      const done = deferred()
      const first = db.transaction(async () => {
        await add('Ada')
        inside.resolve()
        await done.promise
      })
      await inside.promise

      const error = await failure(db.transaction(() => add('Bob')))

      expect(error).to.be.instanceOf(ConcurrentOperationError)
      done.resolve()
      await first
      expect(await names()).to.deep.equal(['Ada'])
    })

    it('T3: a nested transaction that nobody awaited rolls the whole one back', async () => {
      const never = deferred()
      let nested: Promise<any>
      const error = await failure(
        db.transaction(async () => {
          await add('Ada')
          nested = failure(db.transaction(() => never.promise))
          await turn()
        }),
      )

      expect(error).to.be.instanceOf(TransactionStateError)
      never.resolve()
      await nested!
      expect(await names()).to.deep.equal([])
    })

    it('T3: isolation level and access mode are passed on, and checked', async () => {
      await db.transaction(() => db.users.count(), {
        isolationLevel: 'serializable',
        accessMode: 'read only',
      })
      const readOnly = await failure(db.transaction(() => add('Ada'), { accessMode: 'read only' }))
      const wrong = await failure(
        db.transaction(() => add('Ada'), { isolationLevel: 'x; drop table users' as never }),
      )

      expect(readOnly.kind).to.equal('readOnly')
      expect(wrong.code).to.equal('MAYFLY_INVALID_ARGUMENT')
      await add('Bob')
      expect(await names()).to.deep.equal(['Bob'])
    })

    it('T5: await using rolls back unless commit() ran', async () => {
      {
        await using _tx = await db.beginTransaction()
        await add('Ada')
      }
      {
        await using tx = await db.beginTransaction()
        await add('Bob')
        await tx.commit()
      }

      expect(await names()).to.deep.equal(['Bob'])
      expect(traffic()).to.deep.equal([
        'begin',
        'insert',
        'rollback',
        'release',
        'begin',
        'insert',
        'commit',
        'release',
      ])
    })

    it('T5: nested, out of order, and twice', async () => {
      await using outer = await db.beginTransaction()
      const inner = await db.beginTransaction()
      const early = await failure(outer.commit())
      await add('Ada')
      await inner.rollback()
      await add('Bob')
      await outer.commit()
      const twice = await failure(outer.commit())

      expect(early).to.be.instanceOf(TransactionStateError)
      expect(twice).to.be.instanceOf(TransactionStateError)
      expect(await names()).to.deep.equal(['Bob'])
    })

    it('T1: an explicit commit during an operation is refused', async () => {
      await using tx = await db.beginTransaction()
      const running = add('Ada')

      expect(await failure(tx.commit())).to.be.instanceOf(ConcurrentOperationError)
      await running
      await tx.commit()
      expect(await names()).to.deep.equal(['Ada'])
    })

    it('an explicit transaction inside transaction(work) is a savepoint, and one left open rolls all back', async () => {
      await db.transaction(async () => {
        await add('Ada')
        await using tx = await db.beginTransaction()
        await add('Bob')
        await tx.commit()
      })
      const error = await failure(
        db.transaction(async () => {
          await add('Cleo')
          await db.beginTransaction()
        }),
      )

      expect(error).to.be.instanceOf(TransactionStateError)
      expect(await names()).to.deep.equal(['Ada', 'Bob'])
    })

    it("kysely's own transaction is the context's", async () => {
      await failure(
        db.kysely.transaction().execute(async trx => {
          await trx.insertInto('users').values({ name: 'Ada' }).execute()
          await add('Bob')
          throw new Error('no')
        }),
      )
      await db.kysely
        .transaction()
        .setIsolationLevel('serializable')
        .execute(trx => trx.insertInto('users').values({ name: 'Cleo' }).execute())
      await db.kysely
        .connection()
        .execute(one => one.insertInto('users').values({ name: 'Dora' }).execute())

      expect(await names()).to.deep.equal(['Cleo', 'Dora'])
      expect((await failure(db.kysely.destroy())).code).to.equal('MAYFLY_TRANSACTION_STATE')
      expect(() => db.kysely.startTransaction()).to.throw('beginTransaction()')
    })

    it('T1: a stream that the work left open is closed by the end', async () => {
      await add('Ada')
      await add('Bob')
      let rows: AsyncIterator<unknown>
      await db.transaction(async () => {
        rows = db.users[Symbol.asyncIterator]()
        await rows.next()
      })

      expect(await failure(rows!.next())).to.be.instanceOf(TransactionEndedError)
      expect(await db.users.count()).to.equal(2)
    })

    it('leaving a stream early does not end the transaction around it', async () => {
      await add('Ada')
      await add('Bob')
      await db.transaction(async () => {
        await add('Cleo')
        for await (const _ of db.users) break
        await add('Dora')
      })

      expect(await names()).to.deep.equal(['Ada', 'Bob', 'Cleo', 'Dora'])
    })

    it('C7: the end of a context rolls its transaction back', async () => {
      const inside = deferred()
      const done = deferred()
      const running = failure(
        db.transaction(async () => {
          await add('Ada')
          inside.resolve()
          await done.promise
        }),
      )
      await inside.promise

      await db.dispose()
      done.resolve()

      expect(await running).to.be.instanceOf(ContextDisposedError)
      expect(await names()).to.deep.equal([])
      expect(traffic()).to.deep.equal(['begin', 'insert', 'rollback', 'release'])
    })

    for (const text of ['begin', 'start transaction', 'commit and chain', 'commit', 'rollback']) {
      it(`T1: a raw [${text}] inside a transaction is not sent, and nothing is committed`, async () => {
        const mine = new Error('mine')
        let refusal: any
        const error = await failure(
          db.transaction(async () => {
            await add('Ada')
            refusal = await failure(sql.raw(text).execute(db.kysely))
            throw mine
          }),
        )

        expect(error).to.equal(mine)
        expect(refusal).to.be.instanceOf(TransactionStateError)
        expect(await names()).to.deep.equal([])
        expect(traffic()).to.deep.equal(['begin', 'insert', 'rollback', 'release'])
      })
    }

    it("T1: raw savepoints are the work's own", async () => {
      await db.transaction(async () => {
        await add('Ada')
        await sql`savepoint mine`.execute(db.kysely)
        await add('Bob')
        await sql`rollback to savepoint mine`.execute(db.kysely)
        await add('Cleo')
      })

      expect(await names()).to.deep.equal(['Ada', 'Cleo'])
    })

    it('T7: forEach(async ...) in a transaction commits nothing', async () => {
      const strays: Promise<unknown>[] = []
      const error = await failure(
        db.transaction(async () => {
          ;['Ada', 'Bob', 'Cleo'].forEach(user => strays.push(add(user).catch(() => {})))
        }),
      )
      await Promise.all(strays)

      expect(error).to.be.instanceOf(ConcurrentOperationError)
      expect(await names()).to.deep.equal([])
    })

    it('X4: a transaction that was opened past Mayfly is rolled back before the connection goes back', async () => {
      {
        await using _connection = await db.openConnection()
        await sql`begin`.execute(db.kysely)
        await add('Ada')
      }

      expect(await names()).to.deep.equal([])
      expect(traffic()).to.deep.equal(['begin', 'insert', 'reset', 'release'])
    })

    it('X1: openConnection pins one connection until it is disposed', async () => {
      {
        await using _connection = await db.openConnection()
        await add('Ada')
        await add('Bob')
        expect(database.log.out.size).to.equal(1)
      }

      expect(traffic()).to.deep.equal(['insert', 'insert', 'release'])
    })

    it('T2: 500 random interleavings of Promise.all with a failing branch commit nothing', async function () {
      this.timeout(120_000)
      let seed = 20261120
      const random = (n: number) => {
        seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
        return (seed >>> 8) % n
      }
      const pause = async () => {
        for (let i = random(4); i > 0; i--) await (random(2) ? turn() : undefined)
      }
      await add('taken')
      let refused = 0
      for (let round = 0; round < 500; round++) {
        const branches: Promise<unknown>[] = []
        const error = await failure(
          db.transaction(async () => {
            const work = Array.from({ length: 2 + random(4) }, async (_, i) => {
              for (let n = 1 + random(3); n > 0; n--) {
                await pause()
                await add(`row ${round} ${i} ${n}`)
              }
            })
            const failing = pause().then(() => add('taken'))
            branches.push(...work, failing)
            for (const branch of branches) branch.catch(() => {})
            await Promise.all(branches)
          }),
        )
        expect(error.code).to.be.oneOf(['MAYFLY_DATABASE', 'MAYFLY_CONCURRENT_OPERATION'])
        for (const outcome of await Promise.allSettled(branches)) {
          if (outcome.status === 'rejected' && outcome.reason instanceof TransactionEndedError)
            refused++
        }
      }

      expect(await names()).to.deep.equal(['taken'])
      expect(refused).to.be.greaterThan(0)
    })
  })
}
