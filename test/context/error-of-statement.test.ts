import { expect } from 'chai'
import { SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import { DatabaseError, DbContext, type Concurrency, type MayflyDriver } from 'mayfly'
import { databases, ShopContext, type TestDatabase } from '../support/databases.js'
import { failure } from '../support/deferred.js'
import { FaultDatabase, type StepKind } from '../support/fault-dialect.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {
  readonly rows = this.set('rows', { key: 'key' })
}

/** A frame that only the caller has. */
async function theCaller(act: () => Promise<unknown>): Promise<unknown> {
  return await act()
}

for (const { name, open } of databases) {
  describe(`the error of a statement (${name})`, () => {
    let database: TestDatabase
    let db: ShopContext
    const fails = () =>
      db.kysely
        .selectFrom('nothing' as 'users')
        .selectAll()
        .execute()
    const ways: Record<string, () => Promise<unknown>> = {
      'outside of a transaction': fails,
      'inside a transaction': () => db.transaction(fails),
      'inside a savepoint': () => db.transaction(() => db.transaction(fails)),
      "inside kysely's transaction": () => db.kysely.transaction().execute(fails),
      'inside an explicit transaction': async () => {
        await using _tx = await db.beginTransaction()
        return await fails()
      },
      'on an open connection': () => db.kysely.connection().execute(fails),
      'as a stream in a transaction': () =>
        db.transaction(async () => {
          for await (const _ of db.kysely
            .selectFrom('nothing' as 'users')
            .selectAll()
            .stream());
        }),
      'of a set': async () => {
        await db.users.where('nothing' as 'id', '=', 1).toList()
      },
    }

    before(async () => {
      database = await open()
    })
    after(() => database.close())
    afterEach(() => db.dispose())

    for (const [where, act] of Object.entries(ways)) {
      it(`has the lines that led to it, ${where}`, async () => {
        db = new ShopContext({ dialect: database.dialect })
        const error = await failure(theCaller(act))

        expect(error).to.be.instanceOf(DatabaseError)
        expect(error.stack).to.contain('theCaller').and.contain('error-of-statement.test.ts')
        expect(error.stack.split('\n')[0]).to.contain('DatabaseError: ')
      })
    }

    it('has them after it waited in line, too', async () => {
      db = new ShopContext({ dialect: database.dialect, concurrency: 'queue' })
      const first = db.users.count()
      const error = await failure(theCaller(fails))
      await first

      expect(error.stack).to.contain('theCaller')
    })
  })
}

describe('the error of a statement', () => {
  for (const kind of [
    'statement',
    'begin',
    'commit',
    'rollback',
    'savepoint',
    'connect',
  ] as StepKind[]) {
    for (const fault of ['fail', 'lose after', 'hang'] as const) {
      // A connection that does not open is the gate's to give up.
      if (kind === 'connect' && fault === 'hang') continue
      it(`has the lines that led to it (${fault} at ${kind})`, async () => {
        const database = new FaultDatabase()
        database.script = step => (step.kind === kind ? fault : undefined)
        await using db = new RowsContext({
          dialect: database.dialect,
          commandTimeout: 1,
          disposeTimeout: 1,
        })
        const error = await failure(
          theCaller(async () => {
            const tx = await db.beginTransaction()
            if (kind === 'rollback') return await tx.rollback()
            if (kind === 'savepoint') await db.beginTransaction()
            await db.rows.toList()
            return await tx.commit()
          }),
        )

        expect(error.stack).to.contain('theCaller')
      })
    }
  }

  it('has them when no connection came in time', async () => {
    const database = new FaultDatabase({ maxConnections: 1 })
    const gate = { acquireTimeout: 1 }
    await using holder = new RowsContext({ dialect: database.dialect, gate })
    await using db = new RowsContext({ dialect: database.dialect, gate })
    await holder.beginTransaction()

    const error = await failure(theCaller(() => db.rows.toList()))

    expect(error.code).to.equal('MAYFLY_CONNECTION_TIMEOUT')
    expect(error.stack).to.contain('theCaller')
  })
})

describe('what is no error of a database', () => {
  /** A driver that has a bug at one place; one of Kysely's own kind does not know its errors. */
  const contextWith = (bug: () => never, concurrency: Concurrency, classifies: boolean) => {
    const connection = {
      executeQuery: async () => bug(),
      streamQuery: () => bug(),
    }
    const driver: MayflyDriver = {
      async init() {},
      acquireConnection: async () => connection,
      beginTransaction: async () => {},
      commitTransaction: async () => {},
      rollbackTransaction: async () => {},
      async releaseConnection() {},
      async destroy() {},
      ...(classifies && { classifyError: () => undefined }),
    }
    return new RowsContext({
      concurrency,
      dialect: {
        createAdapter: () => new SqliteAdapter(),
        createQueryCompiler: () => new SqliteQueryCompiler(),
        createIntrospector: inner => new SqliteIntrospector(inner),
        createDriver: () => driver,
      },
    })
  }
  const bug = (): never => (undefined as never as () => never)()

  for (const where of ['outside of', 'inside'] as const) {
    it(`a TypeError of a driver that knows its own errors stays what it is, ${where} a transaction`, async () => {
      await using db = contextWith(bug, 'refuse', true)
      const act = () => db.rows.toList()
      const error = await failure(where === 'inside' ? db.transaction(act) : act())

      expect(error).to.be.instanceOf(TypeError)
      expect(error.stack).to.contain('bug')
    })

    it(`one of a driver that knows none is told as the database's, ${where} a transaction`, async () => {
      await using db = contextWith(bug, 'refuse', false)
      const act = () => db.rows.toList()
      const error = await failure(where === 'inside' ? db.transaction(act) : act())

      expect([error.code, error.kind]).to.deep.equal(['MAYFLY_DATABASE', 'other'])
      expect(error.cause).to.be.instanceOf(TypeError)
    })
  }
})
