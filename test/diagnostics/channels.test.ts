import { expect } from 'chai'
import { asFunction } from 'awilix'
import {
  createContainer,
  DbContext,
  runInScope,
  subscribe,
  type ConnectionMessage,
  type ContextMessage,
  type Logger,
  type OperationMessage,
  type ScopeMessage,
} from 'mayfly'
import { listen, type Event } from '../support/channel-log.js'
import { failure, turn } from '../support/deferred.js'
import { FaultDatabase } from '../support/fault-dialect.js'
import { collectGarbage } from '../support/garbage.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {
  readonly rows = this.set('rows', { key: 'key' })
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
    expect(events[1]![1].error).to.equal(error)
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
    expect(scopes[1]![1].errors).to.have.length(1)
  })

  it('D1: two requests for the same path are told apart, and scopes know their kind and their parent', async () => {
    await using container = shop()
    const scopes = await listen('mayfly:scope', async () => {
      await runInScope(container, { name: 'nightly' }, async job => {
        await using inner = job.createScope()
        void inner.cradle.db
      })
      await runInScope(container, { name: 'nightly' }, () => {})
    })

    const starts = scopes.filter(([event]) => event === 'start').map(([, message]) => message)
    const [first, inner, second] = starts as [ScopeMessage, ScopeMessage, ScopeMessage]
    expect(starts.map(({ scope, kind }) => [scope, kind])).to.deep.equal([
      ['scope nightly', 'job'],
      ['a scope', 'scope'],
      ['scope nightly', 'job'],
    ])
    expect(new Set(starts.map(({ id }) => id))).to.have.property('size', 3)
    expect([first.parentId, inner.parentId, second.parentId]).to.deep.equal([
      undefined,
      first.id,
      undefined,
    ])
    for (const { id, scopeId, containerId, line, startedAt } of starts) {
      expect(scopeId).to.equal(id)
      expect(containerId).to.equal(first.containerId)
      expect(line).to.match(/^test\/diagnostics\/channels\.test\.ts:\d+:\d+$/)
      expect(startedAt).to.be.within(0, performance.now())
    }
    expect(new Set(starts.map(({ line }) => line))).to.have.property('size', 3)
  })

  it('D1, S4: a scope that was dropped ends, too', async () => {
    const logger = { debug() {}, warn() {}, error() {} }
    await using container = shop(logger)
    const scopes = await listen('mayfly:scope', async () => {
      ;(() => void container.createScope())()
      ;(() => void container.createScope().cradle.db)()
      await container.createScope().dispose()
      for (let i = 0; i < 4; i++) await collectGarbage()
    })

    const ends = scopes.filter(([event]) => event === 'end').map(([, { dropped }]) => dropped)
    expect(ends).to.deep.equal([false, true, true])
  })

  it('D1: every message of a context leads to its context, its scope and its container', async () => {
    await using container = shop()
    await using scope = container.createScope()
    await using other = container.createScope()
    let operations: Event<OperationMessage>[] = []
    let waits: Event<ConnectionMessage>[] = []
    const contexts = await listen('mayfly:context', async () => {
      waits = await listen('mayfly:connection', async () => {
        operations = await listen('mayfly:operation', async () => {
          await scope.cradle.db.rows.toList()
          await other.cradle.db.rows.toList()
        })
      })
    })

    const [[, first], [, second]] = contexts as [Event<ContextMessage>, Event<ContextMessage>]
    expect(first.scopeId).not.to.equal(second.scopeId)
    for (const [i, { id, contextId, context, scopeId, containerId }] of [first, second].entries()) {
      expect([contextId, context]).to.deep.equal([id, `RowsContext#${id}`])
      for (const events of [operations, waits])
        for (const [, message] of events.slice(i * 2, i * 2 + 2))
          expect(message).to.deep.include({ contextId, context, scopeId, containerId })
    }
    expect(waits.map(([, { operationId }]) => operationId)).to.deep.equal(
      operations.map(([, { id }]) => id),
    )
    for (const [event, { duration, line }] of operations) {
      expect(line).to.match(/^test\/diagnostics\/channels\.test\.ts:\d+:\d+$/)
      if (event === 'end') expect(duration).to.be.at.least(0)
    }
  })

  it('D1: contexts of the container itself and those made by hand have no scope', async () => {
    await using container = shop()
    const contexts = await listen('mayfly:context', async () => {
      await container.cradle.dbFactory.use(db => db.rows.toList())
      await new RowsContext({ dialect: database.dialect }).dispose()
    })

    const ids = contexts.map(([, { scopeId, containerId }]) => [scopeId, typeof containerId])
    expect(ids).to.deep.equal([
      [undefined, 'number'],
      [undefined, 'number'],
      [undefined, 'undefined'],
      [undefined, 'undefined'],
    ])
  })

  it('D1: the end of a context says whether its maker forgot it', async () => {
    const logger = { debug() {}, warn() {}, error() {} }
    await using container = shop(logger)
    const contexts = await listen('mayfly:context', async () => {
      const scope = container.createScope()
      void scope.cradle.db
      scope.cradle.dbFactory.createDbContext()
      await scope.cradle.dbFactory.createDbContext().dispose()
      await scope.dispose()
      // No stack that a message holds may keep alive what it should tell of.
      ;(() => void container.cradle.dbFactory.createDbContext())()
      ;(() => void container.createScope().cradle.db)()
      for (let i = 0; i < 4; i++) await collectGarbage()
    })

    const ends = contexts.filter(([event]) => event === 'end').map(([, message]) => message)
    expect(ends.map(({ reason, leaked }) => [reason, leaked])).to.deep.equal([
      ['disposed by its owner', false],
      ['ended with a scope', true],
      ['ended with a scope', false],
      ['lost: its owner forgot it', true],
      ['lost: its scope was forgotten', true],
    ])
  })

  it('D1: a line is read only when it is asked for', async () => {
    await using container = shop()
    await using scope = container.createScope()
    const { db } = scope.cradle
    const { prepareStackTrace } = Error
    let stacks = 0
    Error.prepareStackTrace = (error, frames) => {
      stacks++
      const places = frames.map(frame => `    at ${frame.getFileName()}:${frame.getLineNumber()}:1`)
      return [error.name, ...places].join('\n')
    }
    const asked: (string | undefined)[] = []
    try {
      const quiet = subscribe('mayfly:operation', { end: () => {} })
      await db.rows.toList()
      quiet()
      expect(stacks).to.equal(0)
      const curious = subscribe('mayfly:operation', { end: ({ line }) => void asked.push(line) })
      await db.rows.toList()
      curious()
    } finally {
      Error.prepareStackTrace = prepareStackTrace
    }

    expect(stacks).to.be.above(0)
    expect(asked[0]).to.match(/^test\/diagnostics\/channels\.test\.ts:\d+:\d+$/)
  })

  it('D1: a subscriber that throws harms nobody, and is told', async () => {
    await using container = shop()
    await using scope = container.createScope()
    const warnings: Error[] = []
    const onWarning = (warning: Error) => void warnings.push(warning)
    process.on('warning', onWarning)
    const stops = [
      subscribe('mayfly:operation', {
        start() {
          throw new Error('start failed')
        },
        // oxlint-disable-next-line typescript/no-misused-promises -- what somebody may do
        end: () => Promise.reject(new Error('end failed')),
      }),
      subscribe('mayfly:connection', {
        start() {
          throw new Error('wait failed')
        },
      }),
    ]
    const ends: number[] = []
    stops.push(subscribe('mayfly:operation', { end: ({ rows }) => void ends.push(rows!) }))
    try {
      await scope.cradle.db.rows.toList()
      await turn()
    } finally {
      for (const stop of stops) stop()
      process.off('warning', onWarning)
    }

    await scope.cradle.db.rows.toList()
    expect(ends).to.deep.equal([0])
    expect(warnings.map(({ message }) => message)).to.deep.equal([
      'start failed',
      'wait failed',
      'end failed',
    ])
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

  it('D3: the logger gets forgotten contexts and self-deadlocks at warn', async () => {
    const warnings: string[] = []
    const logger = { debug() {}, warn: (line: string) => void warnings.push(line), error() {} }
    await using container = createContainer({ logger })
      .addDbContext('db', RowsContext, { dialect: database.dialect, gate: { acquireTimeout: 20 } })
      .addDbContextFactory('db')
    const scope = container.createScope()
    const { db, dbFactory } = scope.cradle
    await db.transaction(() => failure(dbFactory.use(other => other.rows.toList())))
    dbFactory.createDbContext()
    await scope.dispose()

    expect(warnings).to.have.length(2)
    expect(warnings[0]).to.contain('This is a self-deadlock')
    expect(warnings[1]).to.contain('was never disposed and was ended with a scope')
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
