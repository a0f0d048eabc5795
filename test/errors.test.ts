import { AsyncLocalStorage } from 'node:async_hooks'
import { inspect } from 'node:util'
import { expect } from 'chai'
import { CompiledQuery } from 'kysely'
import * as mayfly from 'mayfly'
import {
  asClass,
  CaptiveDependencyError,
  ConcurrentOperationError,
  ConnectionTimeoutError,
  ContextDisposedError,
  createContainer,
  DatabaseError,
  DbContext,
  InvalidArgumentError,
  isMayflyError,
  MayflyError,
  RegistrationError,
  runInScope,
  ScopeEndedError,
  TransactionEndedError,
  TransactionStateError,
  VerificationError,
  type DbContextFactory,
  type OperationFacts,
} from 'mayfly'
import { deferred, failure } from './support/deferred.js'
import { FaultDatabase } from './support/fault-dialect.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {
  readonly rows = this.set('rows', { key: 'key' })
}

interface Cradle {
  rows: RowsContext
  rowsFactory: DbContextFactory<RowsContext>
}

/** A flow that knows of no transaction. */
const outside = { run: AsyncLocalStorage.snapshot() as <R>(work: () => R) => R }

/** What `work` throws, or rejects with, which must be of this class. */
async function thrown<E>(
  kind: abstract new (...args: never) => E,
  work: () => unknown,
): Promise<E> {
  const error = await failure(Promise.resolve().then(work))
  expect(error).to.be.instanceOf(kind)
  return error as E
}

describe('errors as data', () => {
  let database: FaultDatabase
  const rowsContainer = () =>
    createContainer<Cradle>()
      .addDbContext('rows', RowsContext, {
        dialect: database.dialect,
        gate: { acquireTimeout: 20 },
      })
      .addDbContextFactory('rows')

  beforeEach(() => {
    database = new FaultDatabase({ maxConnections: 1 })
  })

  it('Errors: each class spells its own name, which a minifier cannot change', () => {
    const classes = Object.entries(mayfly).filter(
      ([, value]) => typeof value === 'function' && value.prototype instanceof MayflyError,
    )
    expect(classes).to.have.length.above(12)
    for (const [name, { prototype }] of classes as [string, { prototype: Error }][]) {
      expect(Object.hasOwn(prototype, 'name'), `${name} has a name of its own`).to.equal(true)
      expect(prototype.name).to.equal(name)
    }
  })

  it("Errors: isMayflyError tells Mayfly's errors from others", () => {
    expect(isMayflyError(new DatabaseError('no', 'other', undefined, undefined))).to.equal(true)
    for (const other of [new Error('no'), undefined, { code: 'MAYFLY_DATABASE' }])
      expect(isMayflyError(other)).to.equal(false)
  })

  it('C2: ConcurrentOperationError has what ran and what was refused', async () => {
    await using container = rowsContainer()
    await using scope = container.createScope()
    const { rows: db } = scope.cradle
    const first = db.rows.where('key', '=', 4711).toList()
    const error = await thrown(ConcurrentOperationError, () => db.rows.count())
    await first

    const kindsOf = ({ kind, sql }: OperationFacts) => [kind, sql]
    expect(error.context).to.equal(db.id)
    expect(kindsOf(error.running)).to.deep.equal([
      'query',
      'select "rows".* from "rows" where "key" = ?',
    ])
    expect(kindsOf(error.refused)).to.deep.equal([
      'query',
      'select count(*) as "count" from "rows"',
    ])
    expect(error.running.age).to.be.at.least(error.refused.age)
    expect(error.running.line).to.match(/^test\/errors\.test\.ts:\d+:\d+$/)
    expect(error.refused.line).to.match(/^test\/errors\.test\.ts:\d+:\d+$/)
    expect(inspect(error)).not.to.contain('running:').and.not.to.contain('4711')
  })

  it('T3: what a nested transaction, or one of another flow, refuses is told with it', async () => {
    await using container = rowsContainer()
    await using scope = container.createScope()
    const { rows: db } = scope.cradle
    const refused: ConcurrentOperationError[] = []
    const wait = Promise.withResolvers<void>()
    const work = db
      .transaction(async () => {
        const beside = () => db.rows.count()
        const stray = wait.promise
          .then(beside)
          .catch((error: ConcurrentOperationError) => void refused.push(error))
        await db.transaction(async () => {
          wait.resolve()
          await stray
        })
      })
      .catch(() => {})
    await work
    await db.transaction(async () => {
      await outside
        .run(() => db.transaction(async () => {}))
        .catch((error: ConcurrentOperationError) => void refused.push(error))
    })

    expect(refused.map(({ running, refused: it }) => [running.kind, it.kind])).to.deep.equal([
      ['transaction', 'query'],
      ['transaction', 'begin transaction'],
    ])
    for (const { running } of refused) expect(running.age).to.be.at.least(0)
  })

  it('S3, C5: what has ended says what it was', async () => {
    await using container = rowsContainer()
    const scope = container.createScope()
    const { rows: db } = scope.cradle
    await scope.dispose()

    const ended = await thrown(ScopeEndedError, () => scope.cradle.rowsFactory)
    expect([ended.scope, ended.wanted]).to.deep.equal(['a scope', '"rowsFactory"'])
    const disposed = await thrown(ContextDisposedError, () => db.rows.toList())
    expect([disposed.context, disposed.reason]).to.deep.equal([db.id, 'ended with a scope'])
  })

  it('S6: CaptiveDependencyError has its chain in typed steps', async () => {
    class ReportJob {
      readonly rows: unknown
      constructor(cradle: { rows: unknown }) {
        this.rows = cradle.rows
      }
    }
    await using container = rowsContainer().register({ reportJob: asClass(ReportJob).singleton() })
    const error = await thrown(CaptiveDependencyError, () => container.resolve('reportJob'))
    expect(error.chain).to.deep.equal([
      { name: 'reportJob', lifetime: 'singleton' },
      { name: 'rows', lifetime: 'scoped' },
    ])
    expect(error.message).to.match(/^reportJob \(singleton\) -> rows \(scoped\): /)
  })

  it('S7: VerificationError has its findings and what could not be read, and prints them once', async () => {
    class Broken {
      readonly nothing: unknown
      constructor({ nothing }: { nothing: unknown }) {
        this.nothing = nothing
      }
    }
    await using container = rowsContainer().register({ broken: asClass(Broken).scoped() })
    const error = await thrown(VerificationError, () => container.verify())
    expect(error.findings.map(({ kind }) => kind)).to.deep.equal(['unknown'])
    expect(error.unreadable).to.deep.equal([])
    expect(inspect(error).split(error.findings[0]!.text)).to.have.length(2)
  })

  it('X2: ConnectionTimeoutError has the report, and prints it once', async () => {
    await using container = rowsContainer()
    await using scope = container.createScope()
    const { rows: db, rowsFactory } = scope.cradle
    await using transaction = await db.beginTransaction()
    const error = await thrown(ConnectionTimeoutError, () =>
      rowsFactory.use(other => other.rows.toList()),
    )
    await transaction.rollback()

    const { holders, limit, inUse, timeout, isSelfDeadlock } = error.report
    expect([limit, inUse, timeout, isSelfDeadlock]).to.deep.equal([1, 1, 20, true])
    expect(error.isSelfDeadlock).to.equal(true)
    const [{ age, line, ...holder }, ...others] = holders as [(typeof holders)[0]]
    expect(others).to.deep.equal([])
    expect(holder).to.deep.equal({
      context: db.id,
      scope: 'a scope',
      activity: 'idle in a transaction',
    })
    expect(age).to.be.at.least(19)
    expect(line).to.match(/^test\/errors\.test\.ts:\d+:\d+$/)
    expect(inspect(error).split('idle in a transaction')).to.have.length(2)
  })

  it('T2, T3: errors of transactions say how and what', async () => {
    await using container = rowsContainer()
    await using scope = container.createScope()
    const { rows: db } = scope.cradle
    let stray: () => Promise<unknown> = async () => {}
    await db.transaction(async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const late = promise.then(() => db.rows.toList())
      stray = () => (resolve(), late)
    })
    const ended = await thrown(TransactionEndedError, () => stray())
    expect([ended.context, ended.how]).to.deep.equal([db.id, 'was committed'])

    await using transaction = await db.beginTransaction()
    await transaction.commit()
    const late = await thrown(TransactionStateError, () => transaction.commit())
    expect(late.problem).to.equal('ended')
  })

  it('Errors: a long statement is shown by its beginning, in messages, logs and lists of holders', async () => {
    const long = `select ${'x'.repeat(50_000)} from rows`
    const shown = `select ${'x'.repeat(993)}... (50017 characters)`
    const logged: string[] = []
    const logger = { debug: (text: string) => logged.push(text), warn() {}, error() {} }
    database.script = step => (step.kind === 'statement' ? 'fail' : undefined)
    await using db = new RowsContext({ dialect: database.dialect, logger })
    const run = (sql: string, ...parameters: unknown[]) =>
      db.kysely.executeQuery(CompiledQuery.raw(sql, parameters))

    for (const error of [
      await thrown(DatabaseError, () => run(long)),
      await thrown(InvalidArgumentError, () => run(long, Number.NaN)),
    ]) {
      expect(error.message).to.contain(`SQL: ${shown}`).and.have.lengthOf.below(1_500)
      expect(error.sql).to.equal(long)
      expect(inspect(error)).not.to.contain(long)
    }
    expect(logged[0]).to.contain(shown).and.have.lengthOf.below(1_500)
    const answer = deferred()
    database.script = () => answer.promise
    const pending = run(long)
    const second = await thrown(ConcurrentOperationError, () => run(long))
    expect(second.message).to.contain(`[${shown}]`).and.have.lengthOf.below(3_000)
    expect(inspect(db)).to.contain(shown).and.have.lengthOf.below(1_500)
    answer.resolve()
    await pending.catch(() => {})
    database.script = () => 'fail'
    expect(
      (await thrown(DatabaseError, () => run('select 1'))).propertyIsEnumerable('sql'),
    ).to.equal(true)
  })

  it('U9: InvalidArgumentError has the position, the argument, the statement', async () => {
    await using container = rowsContainer()
    await using scope = container.createScope()
    const { rows: db } = scope.cradle
    const parameter = await thrown(InvalidArgumentError, () =>
      db.rows.where('key', '=', 1).where('key', '=', Number.NaN).toList(),
    )
    expect([parameter.position, parameter.sql]).to.deep.equal([
      2,
      'select "rows".* from "rows" where "key" = ? and "key" = ?',
    ])
    const count = await thrown(InvalidArgumentError, () => db.rows.take(-1))
    expect(count.argument).to.equal('take')
    expect(count).not.to.have.any.keys('position', 'sql')
    const timeout = await thrown(InvalidArgumentError, () => db.rows.commandTimeout(0))
    expect(timeout.argument).to.equal('commandTimeout')
  })

  it('Errors: RegistrationError has the call, the name and the option', async () => {
    await using container = rowsContainer()
    const unknown = await thrown(RegistrationError, () =>
      container.removeDbContext('nope' as 'rows'),
    )
    expect([unknown.call, unknown.registration]).to.deep.equal(['removeDbContext', 'nope'])
    const option = await thrown(RegistrationError, () => createContainer({ gracePeriod: -1 }))
    expect(option.argument).to.equal('gracePeriod')
    expect(option).not.to.have.any.keys('call', 'registration')
  })

  it('Errors: a context by hand and a job have the same fields', async () => {
    const { dialect } = new FaultDatabase()
    await using db = new RowsContext({ dialect })
    await db.dispose()
    const disposed = await thrown(ContextDisposedError, () => db.rows.toList())
    expect(disposed.reason).to.equal('disposed by its owner')
    await using container = rowsContainer()
    let job: { readonly cradle: Cradle } | undefined
    await runInScope(container, { name: 'nightly' }, scope => void (job = scope))
    const ended = await thrown(ScopeEndedError, () => job!.cradle.rows)
    expect(ended.scope).to.equal('scope nightly')
  })
})
