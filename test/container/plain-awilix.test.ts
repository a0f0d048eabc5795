import { asFunction, asValue, createContainer as createAwilixContainer } from 'awilix'
import { expect } from 'chai'
import {
  addDbContext,
  addDbContextFactory,
  addDbContextPool,
  addPooledDbContextFactory,
  createContainer,
  DbContext,
  RegistrationError,
  removeDbContext,
} from 'mayfly'
import { failure } from '../support/deferred.js'
import { FaultDatabase } from '../support/fault-dialect.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {
  tenant: string | undefined
  readonly rows = this.set('rows', { key: 'key' })
}

describe('contexts in a plain Awilix container', () => {
  let database: FaultDatabase

  beforeEach(() => {
    database = new FaultDatabase()
  })

  it('one per scope, ended when Awilix disposes the scope, and the dialect with the container', async () => {
    const container = addDbContextFactory(
      addDbContext(createAwilixContainer<{ tenant: string }>(), 'db', RowsContext, {
        dialect: database.dialect,
        onLease(db, { tenant }) {
          db.tenant = tenant
        },
      }),
      'db',
    )
    const scope = container.createScope().register({ tenant: asValue<string>('north') })
    const db = scope.resolve('db')
    const { dbFactory } = scope.cradle

    expect(scope.resolve('db')).to.equal(db)
    expect(db.tenant).to.equal('north')
    expect(await db.rows.toList()).to.deep.equal([])
    expect(await dbFactory.parallel([async own => own.tenant])).to.deep.equal(['north'])
    await scope.dispose()
    expect((await failure(db.rows.toList())).code).to.equal('MAYFLY_CONTEXT_DISPOSED')
    await container.dispose()
    expect(database.destroyed).to.equal(1)
  })

  it('services get their context by the cradle, and the root cannot resolve one', async () => {
    const container = addDbContextPool(createAwilixContainer(), 'db', RowsContext, {
      dialect: database.dialect,
    })
    container.register({ service: asFunction(({ db }: { db: RowsContext }) => db.rows).scoped() })
    const scope = container.createScope()

    expect(await scope.resolve<RowsContext['rows']>('service').toList()).to.deep.equal([])
    expect(() => container.resolve('db')).to.throw('resolved from the root container')
    await scope.dispose()
    await container.dispose()
  })

  it('take what the methods take: providers, and a name alone where another call described it', async () => {
    const ended: string[] = []
    const provider = {
      create: ({ tenant }: { tenant: string }) => ({ tenant }),
      reset() {},
      dispose: ({ tenant }: { tenant: string }) => void ended.push(tenant),
    }
    const plain = createAwilixContainer<{ tenant: string }>()
    const sessions = addDbContextPool(plain, 'session', provider, { poolSize: 2 })
    const others = addPooledDbContextFactory(sessions, 'other', RowsContext, {
      dialect: database.dialect,
    })
    addDbContext(others, 'other', { lifetime: 'transient' })
    const container = addDbContextFactory(others, 'made', provider)
    const scope = container.createScope().register({ tenant: asValue<string>('north') })
    const { session, otherFactory, madeFactory } = scope.cradle

    expect(session).to.deep.equal({ tenant: 'north' })
    expect(scope.resolve('other')).not.to.equal(scope.resolve('other'))
    expect(await otherFactory.use(db => db.rows.toList())).to.deep.equal([])
    expect(await madeFactory.use(async ({ tenant }) => tenant)).to.equal('north')
    expect(ended).to.deep.equal(['north'])
    await scope.dispose()
    expect(container.createScope().resolve('session')).to.equal(session)
    await container.dispose()
  })

  it('a name that was taken away can be given again, and one that stands cannot', async () => {
    const container = createAwilixContainer().register({ other: asValue(1) })
    addDbContext(container, 'db', RowsContext, { dialect: database.dialect })
    removeDbContext(container, 'db')
    addDbContext(container, 'db', RowsContext, { dialect: database.dialect })

    expect(container.createScope().resolve('db')).to.be.instanceOf(RowsContext)
    expect(() =>
      addDbContext(container, 'other', RowsContext, { dialect: database.dialect }),
    ).to.throw(RegistrationError, '"other" is registered already')
    await container.dispose()
  })

  it('a Mayfly container is served by its method, and anything else is refused', async () => {
    await using container = createContainer()
    addDbContext(container, 'db', RowsContext, { dialect: database.dialect })
    expect(container.hasRegistration('db')).to.equal(true)
    removeDbContext(container, 'db')
    expect(container.hasRegistration('db')).to.equal(false)

    expect(() =>
      addDbContext({} as never, 'db', RowsContext, { dialect: database.dialect }),
    ).to.throw(RegistrationError, 'needs a container first')
  })
})
