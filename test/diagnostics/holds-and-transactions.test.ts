import { expect } from 'chai'
import { createContainer, DbContext, type HoldMessage, type RefusedMessage } from 'mayfly'
import { listen, type Event } from '../support/channel-log.js'
import { deferred, failure } from '../support/deferred.js'
import { FaultDatabase } from '../support/fault-dialect.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {
  readonly rows = this.set('rows', { key: 'key' })
}

type Options = ConstructorParameters<typeof FaultDatabase>[0]

function shop(options: Options = { maxConnections: 1 }) {
  const database = new FaultDatabase(options)
  const { dialect } = database
  const container = createContainer()
    .addDbContext('db', RowsContext, { dialect })
    .addDbContextFactory('db')
  return { database, container }
}

function ends<M>(events: readonly Event<M>[]): M[] {
  return events.filter(([event]) => event === 'end').map(([, message]) => message)
}

describe('the channels of holds, transactions and refusals', () => {
  it('D1: mayfly:hold lasts from hand-out to the way back, and leads to context and operation', async () => {
    const { container } = shop()
    await using _ = container
    await using scope = container.createScope()
    const { db } = scope.cradle
    let operationId: number | undefined
    const holds = await listen('mayfly:hold', async () => {
      const operations = await listen('mayfly:operation', () => db.rows.toList())
      operationId = operations[0]![1].id
    })

    expect(holds.map(([event, { outcome }]) => [event, outcome])).to.deep.equal([
      ['start', undefined],
      ['end', 'released'],
    ])
    const [[, start], [, end]] = holds as [Event<HoldMessage>, Event<HoldMessage>]
    expect(start).to.deep.include({ context: db.id, scope: 'a scope', operationId })
    expect([end.id, end.contextId]).to.deep.equal([start.id, start.contextId])
    expect(end.duration).to.be.at.least(0)
  })

  const OUTCOMES: readonly [HoldMessage['outcome'], Options, string][] = [
    ['reset', {}, 'is made clean'],
    ['destroyed', {}, 'is lost'],
    ['destroyed', { without: ['resetConnection'] }, 'is made clean'],
    ['retired', { without: ['resetConnection', 'destroyConnection'] }, 'is made clean'],
  ]
  for (const [outcome, options, what] of OUTCOMES)
    it(`D1: a connection that ${what} is ${outcome}${options?.without ? `, by a driver without ${options.without.join()}` : ''}`, async () => {
      const { container, database } = shop(options)
      await using _ = container
      await using scope = container.createScope()
      const { db } = scope.cradle
      const holds = await listen('mayfly:hold', async () => {
        const connection = await db.openConnection()
        if (what === 'is lost') {
          database.script = ({ kind }) => (kind === 'statement' ? 'lose before' : undefined)
          await failure(db.rows.toList())
          database.script = () => undefined
        } else {
          database.out[0]!.begin()
        }
        await connection.close()
      })

      expect(ends(holds).map(hold => hold.outcome)).to.deep.equal([outcome])
    })

  it('D1: nothing is held by a waiter that left before its connection came', async () => {
    const { container, database } = shop()
    await using _ = container
    const opening = deferred()
    database.script = ({ kind }) => (kind === 'connect' ? opening.promise : undefined)
    const holds = await listen('mayfly:hold', async () => {
      const { dbFactory } = container.cradle
      const work = failure(
        dbFactory.parallel([
          db => db.rows.toList(),
          () => Promise.reject(new Error('the other one failed')),
        ]),
      )
      await work
      opening.resolve()
    })

    expect(holds).to.deep.equal([])
  })

  it('D1: mayfly:transaction tells every frame with its outcome, whoever ended it', async () => {
    const { container, database } = shop()
    await using _ = container
    const transactions = await listen('mayfly:transaction', async () => {
      const scope = container.createScope()
      const { db } = scope.cradle
      await db.transaction(async () => {
        await db.transaction(() => db.rows.toList())
        await failure(db.transaction(() => Promise.reject(new Error('no'))))
      })
      await (await db.beginTransaction()).rollback()
      database.script = ({ kind }) => (kind === 'statement' ? 'deadlock' : undefined)
      await failure(db.transaction(() => db.rows.toList()))
      database.script = ({ kind }) => (kind === 'commit' ? 'lose after' : undefined)
      await failure(db.transaction(() => db.rows.toList()))
      database.script = () => undefined
      await db.beginTransaction()
      await db.beginTransaction()
      await scope.dispose()
    })

    const told = ends(transactions)
    expect(told.map(({ style, outcome, how }) => [style, outcome, how])).to.deep.equal([
      ['work', 'committed', 'was committed'],
      ['work', 'rolledBack', 'was rolled back'],
      ['work', 'committed', 'was committed'],
      ['explicit', 'rolledBack', 'was rolled back'],
      ['work', 'rolledBack', 'was rolled back by the database'],
      ['work', 'unknown', 'may have been committed'],
      ['explicit', 'rolledBack', 'ended because its context was ended with a scope'],
      ['explicit', 'rolledBack', 'ended because its context was ended with a scope'],
    ])
    const [released, undone, outer, , , , inner, around] = told
    expect([released!.parentId, undone!.parentId]).to.deep.equal([outer!.id, outer!.id])
    expect([outer!.parentId, inner!.parentId, around!.parentId]).to.deep.equal([
      undefined,
      around!.id,
      undefined,
    ])
    expect(new Set(told.map(({ id }) => id))).to.have.property('size', told.length)
    expect(transactions.filter(([event]) => event === 'start')).to.have.length(told.length)
    expect(transactions.filter(([event]) => event === 'error')).to.have.length(2)
  })

  it('D1: an operation leads to the transaction that it runs in', async () => {
    const { container } = shop()
    await using _ = container
    await using scope = container.createScope()
    const { db } = scope.cradle
    let transactionId: number | undefined
    const operations = await listen('mayfly:operation', async () => {
      const transactions = await listen('mayfly:transaction', () =>
        db.transaction(() => db.rows.toList()),
      )
      transactionId = transactions[0]![1].id
      await db.rows.toList()
    })

    const ids = ends(operations).map(operation => [operation.kind, operation.transactionId])
    expect(ids).to.deep.equal([
      ['begin transaction', undefined],
      ['query', transactionId],
      ['commit', transactionId],
      ['query', undefined],
    ])
  })

  /** What was refused, in words; each begins, fails and ends at once. */
  async function refusals(work: () => Promise<unknown>): Promise<RefusedMessage[]> {
    const events = await listen('mayfly:refused', work)
    expect(events.map(([event]) => event)).to.deep.equal(
      events.flatMap((_, i) => ['start', 'error', 'end'][i % 3]),
    )
    for (const [, { error, line }] of events) {
      expect(error).to.be.instanceOf(Error)
      if (line !== undefined) expect(line).to.match(/^test\/diagnostics\/holds-and-/)
    }
    return ends(events)
  }

  it('D1, C2: a second operation that is refused is told with the one that ran', async () => {
    const { container } = shop()
    await using _ = container
    await using scope = container.createScope()
    const { db } = scope.cradle
    let operationId: number | undefined
    const [refused, ...more] = await refusals(async () => {
      const operations = await listen('mayfly:operation', async () => {
        const first = db.rows.where('key', '=', 4711).toList()
        await failure(db.rows.count())
        await first
      })
      operationId = operations[0]![1].id
    })

    expect(more).to.deep.equal([])
    expect(refused).to.deep.include({
      code: 'MAYFLY_CONCURRENT_OPERATION',
      context: db.id,
      scope: 'a scope',
      wanted: 'query',
      sql: 'select count(*) as "count" from "rows"',
      running: 'query',
      operationId,
    })
    expect(refused!.line).to.be.a('string')
    expect(JSON.stringify(refused)).not.to.contain('4711')
  })

  it('D1, T2, T3: what a transaction refuses is told with the transaction', async () => {
    const { container } = shop()
    await using _ = container
    await using scope = container.createScope()
    const { db } = scope.cradle
    const end = deferred()
    let ids: number[] = []
    const told = await refusals(async () => {
      const transactions = await listen('mayfly:transaction', async () => {
        let stray: Promise<unknown> | undefined
        await db.transaction(async () => {
          stray = end.promise.then(() => failure(db.rows.toList()))
        })
        end.resolve()
        await stray
        const open = deferred()
        const begun = deferred()
        const work = db.transaction(async () => {
          begun.resolve()
          await open.promise
        })
        await begun.promise
        await failure(db.transaction(async () => {}))
        open.resolve()
        await work
      })
      ids = ends(transactions).map(({ id }) => id)
    })

    expect(
      told.map(({ code, wanted, running, transactionId }) => [
        code,
        wanted,
        running,
        transactionId,
      ]),
    ).to.deep.equal([
      ['MAYFLY_TRANSACTION_ENDED', 'query', undefined, ids[0]],
      ['MAYFLY_CONCURRENT_OPERATION', 'begin transaction', 'transaction', ids[1]],
    ])
  })

  it('D1, C5, S3: what has ended refuses, and says so', async () => {
    const { container } = shop()
    await using _ = container
    const scope = container.createScope()
    const { db } = scope.cradle
    await scope.dispose()
    const told = await refusals(async () => {
      await failure(db.rows.toList())
      await failure(Promise.resolve().then(() => db.kysely))
      await failure(Promise.resolve().then(() => scope.cradle.dbFactory))
      await failure(Promise.resolve().then(() => scope.createScope()))
    })

    expect(
      told.map(({ code, wanted, context, scope: label }) => [code, wanted, context, label]),
    ).to.deep.equal([
      ['MAYFLY_CONTEXT_DISPOSED', 'the context', db.id, 'a scope'],
      ['MAYFLY_CONTEXT_DISPOSED', 'the context', db.id, 'a scope'],
      ['MAYFLY_SCOPE_ENDED', '"dbFactory"', undefined, 'a scope'],
      ['MAYFLY_SCOPE_ENDED', 'createScope()', undefined, 'a scope'],
    ])
  })

  it('D1, C9: what waits in line is told when it is refused there', async () => {
    const { container, database } = shop()
    await using _ = container
    const held = deferred()
    database.script = ({ kind }) => (kind === 'statement' ? held.promise : undefined)
    await using db = new RowsContext({ dialect: database.dialect, concurrency: 'queue' })
    const told = await refusals(async () => {
      const first = db.rows.toList()
      const second = failure(db.rows.count())
      const end = db.dispose()
      held.resolve()
      await Promise.all([first, second, end])
    })

    expect(told.map(({ code, wanted }) => [code, wanted])).to.deep.equal([
      ['MAYFLY_CONTEXT_DISPOSED', 'query'],
    ])
  })
})
