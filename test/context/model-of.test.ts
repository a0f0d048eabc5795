import { expect } from 'chai'
import { sql } from 'kysely'
import {
  bigInt,
  dateTime,
  DbContext,
  integer,
  modelOf,
  RegistrationError,
  text,
  type DbContextOptions,
  type InferDatabase,
} from 'mayfly'
import { sqlite } from 'mayfly/sqlite'
import { failure } from '../support/deferred.js'
import { ShopContext } from '../support/databases.js'

const tables = {
  users: { id: integer().generated(), name: text(), email: text().nullable() },
  visits: { id: bigInt().generatedAlways(), at: dateTime() },
}
interface Database extends InferDatabase<typeof tables> {}

class Context extends DbContext<Database> {
  tenant = 'north'
  readonly users = this.set('users', { key: 'id', complete: true, columns: tables.users })
  readonly visits = this.set('visits', {
    key: 'id',
    columns: { at: tables.visits.at },
    filter: query => query.where('id', '>', this.tenant.length as never),
  })
}

describe('modelOf', () => {
  it('U14: gives sets, tables, keys and columns, without a registration and a database', () => {
    const model = modelOf(Context)

    expect(model.name).to.equal('Context')
    expect(Object.keys(model.sets)).to.deep.equal(['users', 'visits'])
    const { users, visits } = model.sets
    expect([users.table, users.key, users.complete]).to.deep.equal(['users', 'id', true])
    expect([visits.table, visits.key, visits.complete]).to.deep.equal(['visits', 'id', false])
    expect(users.columns).to.deep.equal(tables.users)
    expect(Object.entries(users.columns).map(([name, { type, rule }]) => [name, type, rule]))
      // The order is that of the declaration.
      .to.deep.equal([
        ['id', 'integer', 'generated'],
        ['name', 'text', 'required'],
        ['email', 'text', 'nullable'],
      ])
    expect(modelOf(Context).sets.users).to.equal(users)
    expect(Object.keys(modelOf(ShopContext).sets)).to.deep.equal(['users', 'orders', 'logs'])
  })

  it('U14: a constructor that reads the cradle is given one, and one that fails is a named error', () => {
    class Tenants extends DbContext<Database> {
      readonly users
      constructor(options: DbContextOptions, { tenant }: { tenant: { table: 'users' } }) {
        super(options, {})
        this.users = this.set(tenant.table, { key: 'id' })
      }
    }

    expect(modelOf(Tenants, { tenant: { table: 'users' } }).sets.users.table).to.equal('users')
    let error: any
    try {
      modelOf(Tenants)
    } catch (thrown) {
      error = thrown
    }
    expect(error).to.be.instanceOf(RegistrationError)
    expect(error.message).to.contain('modelOf(Tenants) makes a context')
    expect(error.cause).to.be.instanceOf(TypeError)
    for (const wrong of [undefined, {}, class {}])
      expect(() => modelOf(wrong as never)).to.throw(RegistrationError, 'extends DbContext')
  })

  it('U14: what it made has ended, ran no code of its end, and reaches no database', async () => {
    const made: Ends[] = []
    let ended = 0
    let asked: Promise<unknown> | undefined
    class Ends extends Context {
      constructor(options: DbContextOptions) {
        super(options)
        made.push(this)
        asked = failure(sql`select 1`.execute(this.kysely))
      }
      override async dispose(): Promise<void> {
        ended++
        await super.dispose()
      }
    }

    modelOf(Ends)

    expect(made).to.have.length(1)
    const error = await failure(made[0]!.users.find(1))
    expect(error.code).to.equal('MAYFLY_CONTEXT_DISPOSED')
    expect(((await asked) as Error).message).to.match(/has no database|was used after its end/)
    expect(ended).to.equal(0)
  })

  it('U14: of a class that brings options of its own ends, too', async () => {
    const made: Own[] = []
    class Own extends Context {
      constructor() {
        super({ dialect: sqlite(':memory:') })
        made.push(this)
      }
    }

    expect(modelOf(Own).sets.users.complete).to.equal(true)
    expect((await failure(made[0]!.users.find(1))).code).to.equal('MAYFLY_CONTEXT_DISPOSED')
  })
})
