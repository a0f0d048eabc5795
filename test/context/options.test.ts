import { asClass, asValue } from 'awilix'
import { expect } from 'chai'
import { createContainer, DbContext, RegistrationError, type DbContextOptions } from 'mayfly'
import { failure } from '../support/deferred.js'
import { FaultDatabase } from '../support/fault-dialect.js'
import { collectGarbage } from '../support/garbage.js'
import { turn } from '../support/deferred.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {
  readonly rows = this.set('rows', { key: 'key' })
}

describe("the options that a context's constructor gets", () => {
  let database: FaultDatabase
  let other: FaultDatabase
  let warnings: string[]
  const logger = { debug() {}, warn: (line: string) => void warnings.push(line), error() {} }

  beforeEach(() => {
    database = new FaultDatabase()
    other = new FaultDatabase()
    warnings = []
  })
  afterEach(() => {
    expect([database.out, other.out], 'connections that are still out').to.deep.equal([[], []])
    expect(warnings).to.deep.equal([])
  })

  /** A context of this class from each place that makes one. */
  const places = (Context: new (options: DbContextOptions) => RowsContext) => {
    const options = { dialect: database.dialect }
    const plain = createContainer({ logger })
      .addDbContext('db', Context, options)
      .addDbContextFactory('db')
    const pooled = createContainer({ logger })
      .addDbContextPool('db', Context, options)
      .addPooledDbContextFactory('db')
    return [plain, pooled].flatMap(container => [
      async (use: (db: RowsContext) => Promise<void>) => {
        await using scope = container.createScope()
        await use(scope.cradle.db)
      },
      (use: (db: RowsContext) => Promise<void>) => container.cradle.dbFactory.use(use),
      async (use: (db: RowsContext) => Promise<void>) => {
        await using db = container.cradle.dbFactory.createDbContext()
        await use(db)
      },
    ])
  }

  it('C9, C10: what a class says differently in its constructor holds, whoever makes it', async () => {
    class Patient extends RowsContext {
      constructor(options: DbContextOptions) {
        super({ ...options, concurrency: 'queue', commandTimeout: 1, disposeTimeout: 1 })
      }
    }
    const byHand = async (use: (db: RowsContext) => Promise<void>) => {
      await using db = new Patient({ dialect: database.dialect })
      await use(db)
    }
    for (const place of [...places(Patient), byHand]) {
      database.script = ({ sql }) => (sql?.startsWith('insert') ? 'hang' : undefined)
      await place(async db => {
        expect(await Promise.all([db.rows.count(), db.rows.count()])).to.deep.equal([0, 0])
        const slow = await failure(db.kysely.insertInto('rows').values({ key: 1 }).execute())
        expect(slow.kind).to.equal('timeout')
      })
    }
  })

  it('an option that a class says differently is checked, and one that nobody knows is refused', () => {
    for (const [more, text] of [
      [{ commandTimeout: 0 }, 'commandTimeout must be a whole number of ms, 1 or more'],
      [{ comandTimeout: 5 }, 'Hasty has no option "comandTimeout". Did you mean commandTimeout?'],
    ] as const) {
      class Hasty extends RowsContext {
        constructor(options: DbContextOptions) {
          super({ ...options, ...more })
        }
      }
      const container = createContainer({ logger }).addDbContext('db', Hasty, {
        dialect: database.dialect,
      })
      expect(() => container.createScope().cradle.db).to.throw(RegistrationError, text)
      expect(() => new Hasty({ dialect: database.dialect })).to.throw(RegistrationError, text)
      expect(container.stats().contexts['db']!.leased).to.equal(0)
    }
  })

  it('C6: a class that hands on a part of its options is refused, and nothing of it stays open', async () => {
    const made: RowsContext[] = []
    class Partial extends RowsContext {
      constructor({ dialect }: DbContextOptions) {
        super({ dialect, logger })
        made.push(this)
      }
    }
    for (const place of places(Partial)) {
      const error = await failure((async () => place(async () => {}))())

      expect(error).to.be.instanceOf(RegistrationError)
      expect(error.message).to.contain('Partial does not hand on all the options')
      expect((await failure(made.pop()!.rows.toList())).code).to.equal('MAYFLY_CONTEXT_DISPOSED')
    }
    expect(database.log).to.deep.equal([])
  })

  it('C6: so is one that opens a dialect of its own instead, which is closed again', async () => {
    class Elsewhere extends RowsContext {
      constructor() {
        super({ dialect: other.dialect, logger })
      }
    }
    const container = createContainer({ logger }).addDbContext('db', Elsewhere, {
      dialect: database.dialect,
    })
    expect(() => container.createScope().cradle.db).to.throw(RegistrationError, 'hand on all')
    await container.dispose()
    await using db = new RowsContext({ dialect: other.dialect, gate: { maxConnections: 2 } })
    expect(await db.rows.count()).to.equal(0)
  })

  it('a class cannot override dialect and gate, which its registration has opened', async () => {
    for (const [name, more] of [
      ['dialect', () => ({ dialect: other.dialect })],
      ['gate', () => ({ gate: { maxConnections: 1 } })],
    ] as const) {
      class Stubborn extends RowsContext {
        constructor(options: DbContextOptions) {
          super({ ...options, ...more() })
        }
      }
      for (const place of places(Stubborn)) {
        const error = await failure((async () => place(async () => {}))())
        expect(error).to.be.instanceOf(RegistrationError)
        expect(error.message).to.contain(`Stubborn overrides the option ${name}`)
      }
    }
  })

  it('C6, C8: a second context made with the same options is one by hand, with an end of its own', async () => {
    class Audit extends RowsContext {}
    class Shop extends RowsContext {
      readonly audit: Audit
      constructor(options: DbContextOptions) {
        super(options)
        this.audit = new Audit(options)
      }
    }
    const container = createContainer({ logger }).addDbContext('db', Shop, {
      dialect: database.dialect,
    })
    const scope = container.createScope()
    const { db } = scope.cradle
    await db.transaction(async () => {
      // A transaction of the one is none of the other.
      await db.audit.kysely.insertInto('rows').values({ key: 1 }).execute()
    })
    expect(container.stats().contexts['db']!.leased).to.equal(1)
    await scope.dispose()

    expect((await failure(db.rows.toList())).code).to.equal('MAYFLY_CONTEXT_DISPOSED')
    expect(await db.audit.rows.count()).to.equal(1)
    await db.audit.dispose()
    expect((await failure(db.audit.rows.toList())).code).to.equal('MAYFLY_CONTEXT_DISPOSED')
    await container.dispose()
  })

  it('C8: one that is by hand is watched as such', async () => {
    class Shop extends RowsContext {
      constructor(options: DbContextOptions) {
        super(options)
        new RowsContext(options).id satisfies string
      }
    }
    await using container = createContainer({ logger }).addDbContext('db', Shop, {
      dialect: database.dialect,
    })
    await using scope = container.createScope()
    scope.cradle.db.id satisfies string
    for (let i = 0; warnings.length === 0 && i < 50; i++) {
      await collectGarbage()
      await turn()
    }

    expect(warnings.splice(0)[0]).to.contain('was never disposed and was garbage collected')
  })

  it('C6: whoever makes another context first, with the options that were meant for itself, is told', () => {
    class Shop extends RowsContext {
      constructor(options: DbContextOptions) {
        new RowsContext(options).id satisfies string
        super({ ...options, logger })
      }
    }
    const container = createContainer({ logger }).addDbContext('db', Shop, {
      dialect: database.dialect,
    })
    expect(() => container.createScope().cradle.db).to.throw(
      RegistrationError,
      'or hands them to another context first',
    )
    expect(container.stats().contexts['db']!.leased).to.equal(0)
  })

  it('what a constructor throws leaves nothing leased', async () => {
    class Failing extends RowsContext {
      constructor(options: DbContextOptions) {
        super(options)
        throw new Error('no settings')
      }
    }
    for (const place of places(Failing)) {
      expect((await failure((async () => place(async () => {}))())).message).to.equal('no settings')
    }
    const container = createContainer({ logger })
      .addDbContext('db', Failing, { dialect: database.dialect })
      .register({ clock: asValue(1), lamp: asClass(class Lamp {}) })
    expect(() => container.createScope().cradle.db).to.throw('no settings')
    expect(container.stats().contexts['db']!.leased).to.equal(0)
  })
})
