import { expect } from 'chai'
import { tracingChannel } from 'node:diagnostics_channel'
import { asFunction } from 'awilix'
import { createContainer, DbContext, type Logger } from 'mayfly'
import { failure } from '../support/deferred.js'
import { FaultDatabase } from '../support/fault-dialect.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {
  readonly rows = this.set('rows', { key: 'key' })
}

type Event = readonly [string, Record<string, unknown>]

/** Writes down what a channel publishes while `work` runs. */
async function listen(name: string, work: () => Promise<unknown>): Promise<Event[]> {
  const events: Event[] = []
  const write = (event: string) => (message: unknown) =>
    void events.push([event, { ...(message as object) }])
  const handlers = {
    start: write('start'),
    end() {},
    asyncStart() {},
    asyncEnd: write('end'),
    error: write('error'),
  }
  const channel = tracingChannel(name)
  channel.subscribe(handlers)
  try {
    await work()
  } finally {
    channel.unsubscribe(handlers)
  }
  return events
}

describe('diagnostics', () => {
  let database: FaultDatabase
  const shop = (logger?: Logger) =>
    createContainer({ ...(logger && { logger }) })
      .addDbContext('db', RowsContext, { dialect: database.dialect })
      .addDbContextFactory('db')

  beforeEach(() => {
    database = new FaultDatabase({ maxConnections: 1 })
  })

  it('D1: mayfly:operation tells kind, SQL with placeholders, rows and duration, and never a value', async () => {
    await using container = shop()
    await using scope = container.createScope()
    const { db } = scope.cradle
    const events = await listen('mayfly:operation', async () => {
      await db.kysely.insertInto('rows').values({ key: 4711 }).execute()
      await db.rows.toList()
      for await (const _ of db.rows) break
    })

    expect(events.map(([event, { kind, rows }]) => [event, kind, rows])).to.deep.equal([
      ['start', 'query', undefined],
      ['end', 'query', 1],
      ['start', 'query', undefined],
      ['end', 'query', 1],
      ['start', 'stream', undefined],
      ['end', 'stream', 1],
    ])
    const [, { sql, context, scope: label, duration }] = events[1]!
    expect(sql).to.equal('insert into "rows" ("key") values (?)')
    expect([context, label]).to.deep.equal([db.id, 'a scope'])
    expect(duration).to.be.a('number')
    expect(JSON.stringify(events)).not.to.contain('4711')
  })

  it('D1: a failing operation is told with its error, in pairs', async () => {
    await using container = shop()
    await using scope = container.createScope()
    const { db } = scope.cradle
    database.script = ({ kind }) => (kind === 'statement' ? 'fail' : undefined)
    let error: unknown
    const events = await listen('mayfly:operation', async () => {
      error = await failure(db.rows.toList())
    })

    expect(events.map(([event]) => event)).to.deep.equal(['start', 'error', 'end'])
    expect(events[1]![1]['error']).to.equal(error)
  })

  it('D1: a transaction is its begin, its statements and its end', async () => {
    await using container = shop()
    await using scope = container.createScope()
    const events = await listen('mayfly:operation', () =>
      scope.cradle.db.transaction(db => db.rows.toList()),
    )

    expect(events.filter(([event]) => event === 'start').map(([, { kind }]) => kind)).to.deep.equal(
      ['begin transaction', 'query', 'commit'],
    )
  })

  it('D1: mayfly:connection tells the wait for a connection', async () => {
    await using container = shop()
    await using scope = container.createScope()
    const events = await listen('mayfly:connection', async () => {
      await scope.cradle.dbFactory.parallel([db => db.rows.toList(), db => db.rows.toList()])
    })

    expect(events.map(([event, { inUse, waiting }]) => [event, inUse, waiting])).to.deep.equal([
      ['start', 0, 0],
      ['start', 1, 0],
      ['end', 0, 0],
      ['end', 1, 0],
    ])
  })

  it('D1: mayfly:context and mayfly:scope tell of lives', async () => {
    await using container = shop().register({
      bad: asFunction(() => ({}))
        .scoped()
        .disposer(() => {
          throw new Error('cannot close')
        }),
    })
    const live = async () => {
      const scope = container.createScope()
      void scope.cradle.db
      void scope.cradle.bad
      await failure(scope.dispose())
    }

    const contexts = await listen('mayfly:context', live)
    const scopes = await listen('mayfly:scope', live)
    expect(contexts.map(([event, { reason }]) => [event, reason])).to.deep.equal([
      ['start', undefined],
      ['end', 'ended with a scope'],
    ])
    expect(scopes.map(([event, { scope }]) => [event, scope])).to.deep.equal([
      ['start', 'a scope'],
      ['end', 'a scope'],
    ])
    expect(scopes[1]![1]['errors']).to.have.length(1)
  })

  it('D3: the logger gets operations at debug, with milliseconds and rows', async () => {
    const lines: string[] = []
    const logger = { debug: (line: string) => void lines.push(line), warn() {}, error() {} }
    await using container = shop(logger)
    await using scope = container.createScope()
    await scope.cradle.db.rows.toList()
    database.script = ({ kind }) => (kind === 'statement' ? 'fail' : undefined)
    await failure(scope.cradle.db.rows.toList())

    expect(lines).to.have.length(2)
    expect(lines[0]).to.match(
      /^RowsContext#\d+ query, [\d.]+ ms, 0 rows: select "rows"\.\* from "rows"$/,
    )
    expect(lines[1]).to.match(/^RowsContext#\d+ query, [\d.]+ ms, failed: select/)
  })

  it("D3: a registration's own logger goes before the container's, and one that cannot log is refused", async () => {
    const lines: string[] = []
    const logger = { debug: (line: string) => void lines.push(line), warn() {}, error() {} }
    await using container = createContainer({ logger: { ...logger, debug() {} } }).addDbContext(
      'db',
      RowsContext,
      {
        dialect: database.dialect,
        logger,
      },
    )
    await using scope = container.createScope()
    await scope.cradle.db.rows.toList()

    expect(lines).to.have.length(1)
    expect(() => createContainer({ logger: {} as Logger })).to.throw(
      'logger must be an object with debug, warn and error',
    )
  })
})
