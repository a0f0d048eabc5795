import { asFunction, asValue, createContainer as createAwilixContainer } from 'awilix'
import { expect } from 'chai'
import {
  addDbContext,
  addDbContextFactory,
  addDbContextPool,
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
    const db = scope.resolve('db') as RowsContext
    const { dbFactory } = scope.cradle as {
      dbFactory: { parallel(work: unknown[]): Promise<unknown[]> }
    }

    expect(scope.resolve('db')).to.equal(db)
    expect(db.tenant).to.equal('north')
    expect(await db.rows.toList()).to.deep.equal([])
    expect(await dbFactory.parallel([async (own: RowsContext) => own.tenant])).to.deep.equal([
      'north',
    ])
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
