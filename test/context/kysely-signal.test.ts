import { getEventListeners } from 'node:events'
import { expect } from 'chai'
import { sql, type AbortableQueryOptions } from 'kysely'
import { createContainer, DbContext, type DbContextOptions } from 'mayfly'
import { deferred, failure, turn } from '../support/deferred.js'
import { FaultDatabase, type Fault } from '../support/fault-dialect.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {}

const gone = new Error('the client has gone')

/** A statement with this text has that fault. */
function open(fault?: Fault, options: Partial<DbContextOptions> = {}, maxConnections = 1) {
  const database = new FaultDatabase({ maxConnections })
  database.script = ({ sql: text }) => (text === 'select slow' ? fault : undefined)
  const container = createContainer()
    .addDbContext('db', RowsContext, { dialect: database.dialect, ...options })
    .addDbContextFactory('db')
  const context = () => container.cradle.dbFactory.createDbContext()
  const sent = (text: string) => database.log.filter(line => line.endsWith(`: ${text}`)).length
  const untilSent = async (text: string) => {
    while (sent(text) === 0) await turn()
  }
  const db = context()
  const end = async () => {
    await db.dispose()
    await container.dispose()
  }
  return { database, container, db, context, sent, untilSent, end }
}

async function all(rows: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of rows) continue
}

const slow = (db: RowsContext, options: AbortableQueryOptions) =>
  sql`select slow`.execute(db.kysely, options)

describe("the signals of a context's kysely", () => {
  const printed: unknown[][] = []
  const original = console.error
  before(() => (console.error = (...args: unknown[]) => void printed.push(args)))
  after(() => (console.error = original))
  afterEach(() => expect(printed.splice(0)).to.deep.equal([]))

  it('X5: one that is aborted already sends nothing, anywhere', async () => {
    const { database, db, end } = open()
    const signal = AbortSignal.abort(gone)
    const insert = () => db.kysely.insertInto('rows').values({ key: 1 })
    let ran = 0
    const ways: (() => Promise<unknown>)[] = [
      () => insert().execute({ signal }),
      () => insert().execute({ signal, inflightQueryAbortStrategy: 'cancel query' }),
      () => insert().executeTakeFirst({ signal, inflightQueryAbortStrategy: 'kill session' }),
      () => slow(db, { signal }),
      () => all(db.kysely.selectFrom('rows').selectAll().stream({ chunkSize: 1, signal })),
      () => db.kysely.connection().execute(() => Promise.resolve(ran++), { signal }),
    ]
    for (const way of ways) expect(await failure(way())).to.equal(gone)
    expect(database.log).to.deep.equal([])

    for (const way of ways) expect(await failure(db.transaction(way))).to.equal(gone)
    await db.kysely.connection().execute(async () => {
      for (const way of ways) expect(await failure(way())).to.equal(gone)
    })
    expect(database.log.filter(line => /insert|select/.test(line))).to.deep.equal([])
    expect([ran, database.rows.size]).to.deep.equal([0, 0])
    await end()
  })

  for (const inflightQueryAbortStrategy of [undefined, 'cancel query', 'kill session'] as const) {
    const name = inflightQueryAbortStrategy ?? 'ignore query'

    it(`X2: a statement that waits for a connection leaves the line (${name})`, async () => {
      const { container, db, context, sent, end } = open()
      const other = context()
      const held = await other.openConnection()
      const controller = new AbortController()
      const waiting = failure(slow(db, { signal: controller.signal, inflightQueryAbortStrategy }))
      while (container.stats().gates[0]!.waiting === 0) await turn()
      controller.abort(gone)

      expect(await waiting).to.equal(gone)
      await turn()
      expect(container.stats().gates[0]).to.deep.include({ inUse: 1, waiting: 0 })
      await other.kysely.selectFrom('rows').selectAll().execute()
      expect(sent('select slow')).to.equal(0)
      expect(getEventListeners(controller.signal, 'abort')).to.deep.equal([])
      await held.close()
      await other.dispose()
      await end()
    })

    it(`C9: one that waits in line is not sent, and the one before it is not harmed (${name})`, async () => {
      const first = deferred()
      const { database, db, sent, untilSent, end } = open(undefined, {
        concurrency: 'queue',
      })
      database.script = ({ sql: text }) => (text === 'select first' ? first.promise : undefined)
      const held = await db.openConnection()
      const controller = new AbortController()
      const running = sql`select first`.execute(db.kysely)
      const waiting = failure(slow(db, { signal: controller.signal, inflightQueryAbortStrategy }))
      await untilSent('select first')
      await turn()
      controller.abort(gone)

      expect(await waiting).to.equal(gone)
      first.resolve()
      expect((await running).rows).to.deep.equal([])
      await sql`select last`.execute(db.kysely)
      expect(sent('select slow')).to.equal(0)
      await held.close()
      await end()
    })
  }

  it('X5: without a strategy the caller is released, the statement goes on, and its context is busy', async () => {
    const late = deferred()
    const { db, untilSent, end } = open(late.promise)
    const controller = new AbortController()
    const running = failure(slow(db, { signal: controller.signal }))
    await untilSent('select slow')
    controller.abort(gone)

    expect(await running).to.equal(gone)
    const refused = await failure(sql`select 1`.execute(db.kysely))
    expect(refused).to.have.property('code', 'MAYFLY_CONCURRENT_OPERATION')
    expect(refused.message).to.contain('select slow')
    late.resolve()
    await turn()
    await sql`select 1`.execute(db.kysely)
    await end()
  })

  for (const inflightQueryAbortStrategy of ['cancel query', 'kill session'] as const) {
    it(`X5: '${inflightQueryAbortStrategy}' closes the connection under the statement, and the context goes on`, async () => {
      const { database, db, untilSent, end } = open('hang')
      const controller = new AbortController()
      const options = { signal: controller.signal, inflightQueryAbortStrategy }
      const running = failure(slow(db, options))
      await untilSent('select slow')
      controller.abort(gone)

      expect(await running).to.equal(gone)
      await turn()
      expect(database.connections[0]!.state).to.equal('destroyed')
      await sql`select 1`.execute(db.kysely)
      expect(getEventListeners(controller.signal, 'abort')).to.deep.equal([])
      await end()
      expect(database.violations).to.deep.equal([])
    })

    it(`T6: inside a transaction '${inflightQueryAbortStrategy}' ends the transaction`, async () => {
      const { database, db, untilSent, end } = open('hang')
      const controller = new AbortController()
      const options = { signal: controller.signal, inflightQueryAbortStrategy }
      let after: (Error & { code?: unknown }) | undefined
      const work = failure(
        db.kysely.transaction().execute(async trx => {
          await trx.insertInto('rows').values({ key: 1 }).execute()
          const error = await failure(sql`select slow`.execute(trx, options))
          after = await failure(trx.insertInto('rows').values({ key: 2 }).execute())
          throw error
        }),
      )
      await untilSent('select slow')
      controller.abort(gone)

      expect(await work).to.equal(gone)
      expect(after).to.have.property('code', 'MAYFLY_TRANSACTION_ENDED')
      expect(after?.cause).to.have.property('code', 'MAYFLY_ABORTED')
      expect(String(after?.cause)).to.contain('SQL: select slow')
      expect(database.rows.size).to.equal(0)
      await db.kysely.insertInto('rows').values({ key: 3 }).execute()
      await end()
      expect([...database.rows, ...database.violations]).to.deep.equal([3])
    })
  }

  it('X5: a statement that was answered is not harmed by an abort, nor is the one after it', async () => {
    const late = deferred()
    const { database, db, untilSent, end } = open(late.promise)
    const controller = new AbortController()
    await using connection = await db.openConnection()
    await sql`select 1`.execute(db.kysely, {
      signal: controller.signal,
      inflightQueryAbortStrategy: 'cancel query',
    })
    const next = sql`select slow`.execute(db.kysely)
    await untilSent('select slow')
    controller.abort(gone)
    late.resolve()

    expect((await next).rows).to.deep.equal([])
    await connection.close()
    await end()
    expect(database.connections).to.have.length(1)
  })

  it('C4: a stream that waits for rows is closed with its connection, one that does not is left', async () => {
    const { database, db, end } = open()
    database.script = ({ sql: text }) => (text?.includes('hung') ? 'hang' : undefined)
    await db.kysely
      .insertInto('rows')
      .values([{ key: 1 }, { key: 2 }])
      .execute()
    const controller = new AbortController()
    const read = async (text: string, onRow: () => void) => {
      const query = db.kysely.selectFrom('rows').selectAll().where(sql.lit(text), '=', text)
      for await (const _ of query.stream({ chunkSize: 1, signal: controller.signal })) onRow()
    }

    expect(await failure(read('sound', () => controller.abort(gone)))).to.equal(gone)
    expect(await db.kysely.selectFrom('rows').selectAll().execute()).to.have.length(2)
    expect(database.connections).to.have.length(1)

    const later = new AbortController()
    const hung = failure(
      all(
        db.kysely
          .selectFrom('rows')
          .select(sql.lit('hung').as('key'))
          .stream({ chunkSize: 1, signal: later.signal }),
      ),
    )
    while (!database.log.at(-1)!.includes('hung')) await turn()
    later.abort(gone)
    expect(await hung).to.equal(gone)
    await turn()
    expect(await db.kysely.selectFrom('rows').selectAll().execute()).to.have.length(2)
    expect(database.connections[0]!.state).to.equal('destroyed')
    expect(getEventListeners(later.signal, 'abort')).to.deep.equal([])
    await end()
  })

  it('X2: connection() leaves the line, and its work does not run', async () => {
    const { container, db, context, end } = open()
    const other = context()
    const held = await other.openConnection()
    const controller = new AbortController()
    let ran = 0
    const waiting = failure(
      db.kysely.connection().execute(() => Promise.resolve(ran++), { signal: controller.signal }),
    )
    while (container.stats().gates[0]!.waiting === 0) await turn()
    controller.abort(gone)

    expect(await waiting).to.equal(gone)
    expect(ran).to.equal(0)
    expect(container.stats().gates[0]).to.deep.include({ inUse: 1, waiting: 0 })
    await held.close()
    await other.dispose()
    await end()
  })
})
