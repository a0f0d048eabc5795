import { asValue } from 'awilix'
import { expect } from 'chai'
import {
  ContextDisposedError,
  createContainer,
  DbContext,
  RegistrationError,
  runInScope,
} from 'mayfly'
import { deferred, failure, turn } from '../support/deferred.js'
import { FaultDatabase } from '../support/fault-dialect.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {
  tenant: string | undefined
  readonly rows = this.set('rows', {
    key: 'key',
    filter: q => (this.tenant === undefined ? q : q.where('key', '=', Number(this.tenant))),
  })
}

describe('pooled contexts', () => {
  let database: FaultDatabase
  const pooled = (poolSize?: number) =>
    createContainer()
      .addDbContextPool('db', RowsContext, {
        dialect: database.dialect,
        ...(poolSize && { poolSize }),
      })
      .addPooledDbContextFactory('db')
  const counts = (container: ReturnType<typeof pooled>) => container.stats().contexts['db']

  beforeEach(() => {
    database = new FaultDatabase()
  })
  afterEach(() => {
    expect(database.violations).to.deep.equal([])
    expect(database.out).to.deep.equal([])
  })

  it('P1: every lease gets a fresh object over a core that is used again', async () => {
    await using container = pooled()
    const contexts: RowsContext[] = []
    for (let i = 0; i < 3; i++) {
      await using scope = container.createScope()
      contexts.push(scope.cradle.db)
      await scope.cradle.db.rows.toList()
    }

    expect(new Set(contexts).size).to.equal(3)
    expect(counts(container)).to.deep.equal({ leased: 0, idle: 1, created: 1, dropped: 0 })
  })

  it('P1: a field that a request set is undefined in the next, also when its handler threw', async () => {
    await using container = pooled()
    for (let i = 0; i < 3; i++) {
      const scope = container.createScope()
      try {
        expect(scope.cradle.db.tenant).to.equal(undefined)
        scope.cradle.db.tenant = String(i)
        if (i === 1) throw new Error('the handler')
      } catch {
        // As Express does.
      } finally {
        await scope.dispose()
      }
      expect(await container.cradle.dbFactory.use(async db => db.tenant)).to.equal(undefined)
    }
  })

  it('P1, C5: who kept a context, a set or a query is refused for ever, also when the core was leased again', async () => {
    await using container = pooled()
    const old = container.createScope()
    const { db } = old.cradle
    const { rows, kysely } = db
    const query = rows.where('key', '=', 1)
    await rows.toList()
    await old.dispose()
    await using next = container.createScope()
    await next.cradle.db.transaction(async () => {
      const sent = database.log.length
      for (const use of [
        () => db.rows.toList(),
        () => rows.toList(),
        () => query.first(),
        () => kysely.selectFrom('rows').selectAll().execute(),
        () => db.transaction(async () => {}),
        () => db.openConnection(),
      ]) {
        expect(await failure(use())).to.be.instanceOf(ContextDisposedError)
      }
      expect(database.log.length).to.equal(sent)
    })

    expect(counts(container)?.created).to.equal(1)
  })

  it('P1: a core forgets the signal and the name of its last lease', async () => {
    await using container = pooled()
    const controller = new AbortController()
    await runInScope(
      container,
      { name: 'the first', signal: controller.signal },
      async ({ cradle }) => {
        await cradle.db.rows.toList()
        controller.abort()
      },
    )
    await runInScope(container, { name: 'the second' }, ({ cradle: { db } }) =>
      db.transaction(async () => {
        const { oldestHolder } = container.stats().gates[0]!
        expect(oldestHolder).to.deep.include({ context: db.id, scope: 'scope the second' })
      }),
    )

    expect(counts(container)).to.deep.include({ idle: 1, created: 1 })
  })

  it('P2: an empty pool makes a new core, a full one lets the returning one go', async () => {
    await using container = pooled(2)
    const scopes = [1, 2, 3].map(() => container.createScope())
    for (const scope of scopes) void scope.cradle.db
    expect(counts(container)).to.deep.equal({ leased: 3, idle: 0, created: 3, dropped: 0 })
    for (const scope of scopes) await scope.dispose()

    expect(counts(container)).to.deep.equal({ leased: 0, idle: 2, created: 3, dropped: 1 })
  })

  it('P3: a transaction is rolled back and the connection given back before the core is in the pool', async () => {
    await using container = pooled()
    const scope = container.createScope()
    await scope.cradle.db.beginTransaction()
    await scope.cradle.db.kysely.insertInto('rows').values({ key: 1 }).execute()
    const slow = deferred()
    database.script = ({ kind }) => (kind === 'rollback' ? slow.promise : undefined)
    const disposed = scope.dispose()
    await turn()

    expect(counts(container)).to.deep.include({ leased: 1, idle: 0 })
    slow.resolve()
    await disposed
    expect(counts(container)).to.deep.include({ leased: 0, idle: 1 })
    expect(database.log.slice(-2)).to.deep.equal(['1: rollback', '1: release'])
    expect([...database.rows]).to.deep.equal([])
  })

  it('P3: a connection that a lease left open is given back, and its core serves again', async () => {
    await using container = pooled()
    const scope = container.createScope()
    await scope.cradle.db.openConnection()
    await scope.dispose()

    expect(counts(container)).to.deep.include({ leased: 0, idle: 1, dropped: 0 })
    expect(database.log.at(-1)).to.equal('1: release')
  })

  it('P3: a core whose statement never came back is dropped, and costs no place', async () => {
    await using container = createContainer().addDbContextPool('db', RowsContext, {
      dialect: database.dialect,
      poolSize: 1,
      disposeTimeout: 1,
    })
    const scope = container.createScope()
    database.script = ({ kind }) => (kind === 'statement' ? 'hang' : undefined)
    const hung = failure(scope.cradle.db.rows.toList())
    while (!database.log.some(line => line.includes('select'))) await turn()
    await scope.dispose()
    await hung
    database.script = () => undefined

    expect(container.stats().contexts['db']).to.deep.equal({
      leased: 0,
      idle: 0,
      created: 1,
      dropped: 1,
    })
    await using next = container.createScope()
    expect(await next.cradle.db.rows.toList()).to.deep.equal([])
  })

  it('P4: a late second dispose of an old lease does nothing, whoever holds the core by then', async () => {
    await using container = pooled()
    const { dbFactory } = container.cradle
    const old = dbFactory.createDbContext()
    await old.dispose()
    await using next = dbFactory.createDbContext()
    await old.dispose()
    await old[Symbol.asyncDispose]()

    expect(await next.rows.toList()).to.deep.equal([])
    expect(counts(container)).to.deep.equal({ leased: 1, idle: 0, created: 1, dropped: 0 })
  })

  it('P5: onLease runs for every lease, and a filter reads the state of its own lease', async () => {
    const container = createContainer<{ tenant: string }>()
      .addDbContextPool('db', RowsContext, {
        dialect: database.dialect,
        onLease(db, { tenant }) {
          db.tenant = tenant
        },
      })
      .addPooledDbContextFactory('db')
    database.rows.add(1).add(2)
    for (const tenant of ['1', '2', '1']) {
      await using scope = container.createScope().register({ tenant: asValue(tenant) })
      expect(scope.cradle.db.tenant).to.equal(tenant)
      const [inParallel] = await scope.cradle.dbFactory.parallel([async db => db.tenant])
      expect(inParallel).to.equal(tenant)
    }
    await container.dispose()
  })

  it('P6: a poolSize that cannot work is a RangeError at registration', () => {
    for (const poolSize of [0, -1, 1.5, Number.NaN, '5', null]) {
      const options = { dialect: database.dialect, poolSize: poolSize as number }
      const text = 'poolSize must be a whole number of contexts, 1 or more.'
      const { addDbContextPool, addPooledDbContextFactory } = createContainer()
      expect(() => addDbContextPool('db', RowsContext, options)).to.throw(
        RangeError,
        `addDbContextPool('db'): ${text}`,
      )
      expect(() => addPooledDbContextFactory('db', RowsContext, options)).to.throw(
        RangeError,
        `addPooledDbContextFactory('db'): ${text}`,
      )
    }
  })

  it('registrations of one name combine in any order, and what disagrees names both calls', () => {
    const { dialect } = database
    const make = () =>
      createContainer().addDbContextPool('db', RowsContext, { dialect, poolSize: 5 })

    make().addPooledDbContextFactory('db', { poolSize: 5 })
    make().addDbContextFactory('db')
    createContainer()
      .addPooledDbContextFactory('db', RowsContext, { dialect })
      .addDbContext('db', { lifetime: 'transient' })
    createContainer()
      .addPooledDbContextFactory('db', RowsContext, { dialect })
      .addDbContextPool('db', { poolSize: 7 })

    for (const [disagree, text] of [
      [
        () => make().addDbContext('db'),
        "addDbContext('db') says again what addDbContextPool('db') has said",
      ],
      [
        () => make().addDbContextFactory('db').addPooledDbContextFactory('db'),
        "addPooledDbContextFactory('db') says again what addDbContextFactory('db') has said",
      ],
      [
        () => make().addPooledDbContextFactory('db', { poolSize: 6 }),
        "addPooledDbContextFactory('db') says poolSize 6 and addDbContextPool('db') 5, but one name has one pool",
      ],
      [
        () => createContainer().addDbContext('db', RowsContext, { dialect, poolSize: 5 } as never),
        'The option poolSize must be given to addDbContextPool or addPooledDbContextFactory',
      ],
      [
        () =>
          createContainer().addDbContextPool('db', RowsContext, {
            dialect,
            lifetime: 'transient',
          } as never),
        'The option lifetime must be given to addDbContext',
      ],
    ] as const) {
      expect(disagree).to.throw(RegistrationError, text)
    }
  })

  it('removeDbContext takes a registration away, so that a test can replace it', async () => {
    class TestContext extends RowsContext {
      readonly isTest = true
    }
    await using container = pooled()
    const replaced = container
      .removeDbContext('db')
      .addDbContext('db', TestContext, { dialect: database.dialect })

    await using scope = replaced.createScope()
    expect(scope.cradle.db.isTest).to.equal(true)
    expect(container.hasRegistration('dbFactory')).to.equal(false)
    expect(() => container.removeDbContext('nothing' as 'db')).to.throw(
      RegistrationError,
      'no context of this name',
    )
  })

  it('stats(): each gate once, with its oldest holder', async () => {
    await using container = pooled().addDbContext('other', RowsContext, {
      dialect: database.dialect,
    })
    await using scope = container.createScope()
    await scope.cradle.db.transaction(async () => {
      const [gate, ...more] = container.stats().gates

      expect(more).to.deep.equal([])
      expect(gate).to.deep.include({ names: ['db', 'other'], limit: 3, inUse: 1, waiting: 0 })
      expect(gate?.oldestHolder).to.deep.include({
        context: scope.cradle.db.id,
        scope: 'a scope',
        activity: 'idle in a transaction',
      })
    })

    expect(container.stats().gates[0]?.inUse).to.equal(0)
  })
})
