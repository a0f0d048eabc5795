import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import FakeTimers from '@sinonjs/fake-timers'
import { asClass, asValue } from 'awilix'
import { expect } from 'chai'
import { sql } from 'kysely'
import {
  createContainer,
  DbContext,
  dialectPerKey,
  RegistrationError,
  runInScope,
  type DbContextOptions,
  type MayflyDialect,
} from 'mayfly'
import { sqlite } from 'mayfly/sqlite'
import { deferred, failure, turn } from '../support/deferred.js'
import { RecordingDialect } from '../support/recording-dialect.js'

interface TenantDatabase {
  facts: { id: number; tenant: string }
}

class TenantContext extends DbContext<TenantDatabase> {
  readonly facts = this.set('facts', { key: 'id' })
}

/** The databases of all tenants, what was opened of them, and what is open now. */
class Tenants {
  readonly opened: string[] = []
  readonly closed: string[] = []
  most = 0
  /** What the next one waits for when it closes. */
  beforeClose: () => Promise<void> = async () => {}

  readonly open = (tenant: string): MayflyDialect => {
    this.opened.push(tenant)
    this.most = Math.max(this.most, this.openNow.length)
    const dialect = new RecordingDialect(() => [{ id: 1, tenant }])
    const createDriver = dialect.createDriver.bind(dialect)
    dialect.createDriver = () => {
      const driver = createDriver()
      return {
        ...driver,
        destroy: async () => {
          await this.beforeClose()
          this.closed.push(tenant)
        },
      }
    }
    return dialect
  }

  get openNow(): string[] {
    const left = [...this.opened]
    for (const tenant of this.closed) left.splice(left.indexOf(tenant), 1)
    return left
  }
}

describe('a dialect per key', () => {
  let tenants: Tenants
  const key = ({ tenant }: { tenant: string }) => tenant
  const as = (tenant: string) => ({ register: { tenant: asValue(tenant) } })

  beforeEach(() => {
    tenants = new Tenants()
  })

  const perTenant = (more: { max?: number; idleTimeout?: number } = {}) =>
    dialectPerKey({ key, open: tenants.open, ...more })

  const withDb = (more?: { max?: number; idleTimeout?: number }) =>
    createContainer<{ tenant: string }>()
      .addDbContext('db', TenantContext, { dialect: perTenant(more) })
      .addDbContextFactory('db')

  it('P1: 500 requests of 50 tenants through each registration: never a row of another one, never more than 10 at rest, each closed once', async () => {
    const options = () => ({ dialect: perTenant({ max: 10 }) })
    const empty = () => createContainer<{ tenant: string }>()
    const containers = {
      addDbContext: () => empty().addDbContext('db', TenantContext, options()),
      addDbContextPool: () => empty().addDbContextPool('db', TenantContext, options()),
      addDbContextFactory: () => empty().addDbContextFactory('db', TenantContext, options()),
      addPooledDbContextFactory: () =>
        empty().addPooledDbContextFactory('db', TenantContext, options()),
    }
    for (const [call, make] of Object.entries(containers)) {
      tenants = new Tenants()
      const container = make() as ReturnType<typeof withDb>
      const request = (i: number) =>
        runInScope(container, as(`t${(i * 7) % 50}`), async ({ cradle }) => {
          const rows = call.endsWith('Factory')
            ? await cradle.dbFactory.parallel([1, 2], db => db.facts.toList())
            : [await cradle.db.facts.toList()]
          for (const [row] of rows) expect(row!.tenant, call).to.equal(cradle.tenant)
        })
      for (let i = 0; i < 500; i += 20) {
        await Promise.all(Array.from({ length: 20 }, (_, n) => request(i + n)))
        expect(container.stats().dialects[0]!.open, call).to.be.at.most(10)
        while (tenants.openNow.length > 10) await turn()
      }
      expect(container.stats().contexts['db']!.leased, call).to.equal(0)
      expect(container.stats().contexts['db']!.idle, call).to.be.at.most(20)
      await container.dispose()

      expect(tenants.openNow, call).to.deep.equal([])
      expect(tenants.closed.toSorted(), call).to.deep.equal(tenants.opened.toSorted())
    }
  })

  it('is opened once for all who ask at the same time, and shared by registrations that have it', async () => {
    const dialect = perTenant()
    const container = createContainer<{ tenant: string }>()
      .addDbContextPool('db', TenantContext, { dialect })
      .addDbContextFactory('db')
      .addDbContext('audit', TenantContext, { dialect })
    const all = deferred()
    const work = ['a', 'a', 'b'].map(tenant =>
      runInScope(container, as(tenant), async ({ cradle: { db, audit, dbFactory } }) => {
        await all.promise
        return [
          ...(await db.facts.toList()),
          ...(await audit.facts.toList()),
          ...(await dbFactory.use(other => other.facts.toList())),
        ].map(row => row.tenant)
      }),
    )
    all.resolve()

    expect(await Promise.all(work)).to.deep.equal(['a', 'a', 'b'].map(t => [t, t, t]))
    expect(tenants.opened).to.deep.equal(['a', 'b'])
    expect(container.stats().dialects).to.deep.equal([
      { names: ['db', 'audit'], max: 100, open: 2, idle: 2, opened: 2, closed: 0 },
    ])
    expect(container.stats().gates.map(gate => [gate.names, gate.key])).to.deep.equal([
      [['db', 'audit'], 'a'],
      [['db', 'audit'], 'b'],
    ])
    await container.dispose()
    expect(tenants.closed).to.deep.equal(['a', 'b'])
  })

  it('one in use is never closed; what is too many is, as soon as it is not', async () => {
    const container = withDb({ max: 1 })
    const scopes = ['a', 'b', 'c'].map(tenant =>
      container.createScope().register({ tenant: asValue(tenant) }),
    )
    for (const scope of scopes) await scope.cradle.db.facts.toList()
    expect(tenants.closed).to.deep.equal([])
    await scopes[1]!.dispose()
    await turn()
    expect(tenants.closed).to.deep.equal(['b'])
    expect(await scopes[0]!.cradle.db.facts.count().catch(() => 'closed')).not.to.equal('closed')
    await scopes[0]!.dispose()
    await scopes[2]!.dispose()

    await turn()
    expect([tenants.closed, tenants.openNow]).to.deep.equal([['b', 'a'], ['c']])
    await container.dispose()
  })

  it('keys that come and go push out those that rest, the longest first, and none that is in use', async () => {
    const container = withDb({ max: 2 })
    const visit = (tenant: string) =>
      runInScope(container, as(tenant), ({ cradle }) => cradle.db.facts.toList())
    await visit('resting')
    await visit('busy')
    await runInScope(container, as('busy'), async ({ cradle }) => {
      await cradle.db.facts.toList()
      for (const unknown of ['x', 'y', 'z']) await visit(unknown)
      await turn()
      expect(tenants.closed).to.deep.equal(['resting', 'x', 'y'])
      expect((await cradle.db.facts.toList())[0]!.tenant).to.equal('busy')
    })

    expect(tenants.opened.filter(tenant => tenant === 'busy')).to.have.length(1)
    await container.dispose()
  })

  it('P1: a core never serves another source, and closing a source drops its cores', async () => {
    const container = createContainer<{ tenant: string }>().addDbContextPool('db', TenantContext, {
      dialect: perTenant({ max: 1 }),
    })
    const visit = (tenant: string) =>
      runInScope(container, as(tenant), ({ cradle }) => cradle.db.facts.toList())
    await visit('a')
    await visit('a')
    expect(container.stats().contexts['db']).to.deep.equal({
      leased: 0,
      idle: 1,
      created: 1,
      dropped: 0,
    })
    expect((await visit('b'))[0]!.tenant).to.equal('b')
    expect(container.stats().contexts['db']).to.deep.equal({
      leased: 0,
      idle: 1,
      created: 2,
      dropped: 1,
    })
    expect((await visit('a'))[0]!.tenant).to.equal('a')
    await container.dispose()
  })

  it('one that nobody has used for idleTimeout is closed, by a timer that keeps no process alive', async () => {
    const clock = FakeTimers.install({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    try {
      const container = withDb({ idleTimeout: 1000 })
      const visit = (tenant: string) =>
        runInScope(container, as(tenant), ({ cradle }) => cradle.db.facts.toList())
      await visit('a')
      await clock.tickAsync(600)
      await visit('b')
      await clock.tickAsync(300)
      expect(tenants.closed).to.deep.equal([])
      await visit('b')
      await clock.tickAsync(100)
      expect(tenants.closed).to.deep.equal(['a'])
      await clock.tickAsync(899)
      expect(tenants.closed).to.deep.equal(['a'])
      await clock.tickAsync(1)
      expect(tenants.closed).to.deep.equal(['a', 'b'])
      await visit('a')
      expect(tenants.openNow).to.deep.equal(['a'])
      await container.dispose()
      expect(clock.countTimers()).to.equal(0)
    } finally {
      clock.uninstall()
    }
  })

  it('S9: the end of the container waits until all are closed, also those that were closing', async () => {
    const container = withDb({ max: 1 })
    const closing = deferred()
    const visit = (tenant: string) =>
      runInScope(container, as(tenant), ({ cradle }) => cradle.db.facts.toList())
    tenants.beforeClose = () => closing.promise
    await visit('a')
    await visit('b')
    let ended = false
    const end = container.dispose().then(() => (ended = true))
    for (let i = 0; i < 5; i++) await turn()
    expect(ended).to.equal(false)
    closing.resolve()
    await end

    expect(tenants.closed.toSorted()).to.deep.equal(['a', 'b'])
  })

  it('an open that fails is not kept, and what it throws is thrown', async () => {
    const unknown = new Error('no such tenant')
    let fails = true
    const container = createContainer<{ tenant: string }>().addDbContext('db', TenantContext, {
      dialect: dialectPerKey({
        key,
        open(tenant) {
          if (fails) throw unknown
          return tenants.open(tenant)
        },
      }),
    })
    const visit = () => runInScope(container, as('a'), ({ cradle }) => cradle.db.facts.toList())
    expect(await failure(visit())).to.equal(unknown)
    expect(container.stats().dialects[0]).to.include({ open: 0, opened: 0 })
    fails = false
    expect(await visit()).to.have.length(1)
    await container.dispose()
  })

  it('a context that cannot be made does not keep its dialect in use', async () => {
    class Failing extends TenantContext {
      constructor(options: DbContextOptions) {
        super(options)
        throw new Error('no settings')
      }
    }
    class Partial extends TenantContext {
      constructor({ dialect }: DbContextOptions) {
        super({ dialect })
      }
    }
    for (const Context of [Failing, Partial]) {
      const container = createContainer<{ tenant: string }>().addDbContext('db', Context, {
        dialect: perTenant(),
      })
      await runInScope(container, as('a'), ({ cradle }) => {
        expect(() => cradle.db).to.throw()
      })
      expect(container.stats().dialects[0]).to.include({ open: 1, idle: 1 })
      await container.dispose()
    }
  })

  it('the cradle of the scope that asks first helps to open', async () => {
    const container = createContainer<{ tenant: { id: number; name: string } }>().addDbContext(
      'db',
      TenantContext,
      {
        dialect: dialectPerKey({
          key: ({ tenant }: { tenant: { id: number; name: string } }) => tenant.id,
          open: (id, { tenant }) => tenants.open(`${id} ${tenant.name}`),
        }),
      },
    )
    const register = { tenant: asValue({ id: 7, name: 'north' }) }
    const rows = await runInScope(container, { register }, ({ cradle }) => cradle.db.facts.toList())

    expect(rows[0]!.tenant).to.equal('7 north')
    await container.dispose()
  })

  it('the container has no key: an error that says so, for a context and for a factory', async () => {
    await using container = withDb()
    const error = await failure(container.cradle.dbFactory.use(db => db.facts.toList()))

    expect(error).to.be.instanceOf(RegistrationError)
    expect(error.message).to.contain(
      `The key of the dialect of 'db' could not be read from the container: "tenant" cannot be resolved there.`,
    )
    expect(error.message).to.contain('the container itself has no key: use a scope')
    expect(error.cause.message).to.contain('tenant')
    await using scope = container.createScope()
    expect(() => scope.cradle.db).to.throw(RegistrationError, 'could not be read from a scope')
    expect(tenants.opened).to.deep.equal([])
  })

  it('S7: verify names the key that is missing, also behind the factory of a singleton', () => {
    class Job {
      constructor({ dbFactory }: { dbFactory: unknown }) {
        void dbFactory
      }
    }
    const container = withDb()
    expect(() => container.verify()).to.throw('"tenant", which is not registered')
    container.verify({ scopeValues: ['tenant'] })
    const job = withDb().register({ job: asClass(Job).singleton() })
    expect(job.verify({ scopeValues: ['tenant'] }).unreadable.map(({ name }) => name)).to.include(
      'job',
    )
  })

  it("a key or a dialect that is none is refused, and key()'s own error passes", async () => {
    const denied = new Error('not signed in')
    for (const [wrong, text] of [
      [{ key: () => undefined }, 'The key of the dialect of db of a scope is undefined'],
      [{ key: () => '' }, 'is a string'],
      [{ key: () => ({}) }, 'is an object'],
      [{ key: async () => 'a' }, 'is an object'],
      [
        { open: async () => tenants.open('a') },
        'open() of the dialects of db of a scope gave an object',
      ],
      [{ open: () => 'mysql://localhost' }, 'gave a string in place of a dialect'],
      [
        {
          key() {
            throw denied
          },
        },
        'not signed in',
      ],
    ] as const) {
      const container = createContainer().addDbContext('db', TenantContext, {
        dialect: dialectPerKey({ key: () => 'a', open: tenants.open, ...wrong } as never),
      })
      expect(() => container.createScope().cradle.db, text).to.throw(text)
    }
    expect(() => dialectPerKey({ key, opn: 1 } as never)).to.throw(
      RegistrationError,
      'dialectPerKey() has no option "opn". Did you mean open?',
    )
    expect(() => dialectPerKey({ key } as never)).to.throw(
      RegistrationError,
      'open must be a function',
    )
    expect(() => perTenant({ max: 0 })).to.throw(RegistrationError, 'max must be a whole number')
  })

  it('the gate is that of each dialect, and registrations that share them agree', async () => {
    const dialect = perTenant()
    const container = createContainer<{ tenant: string }>().addDbContext('db', TenantContext, {
      dialect,
      gate: { maxConnections: 2 },
    })
    expect(() =>
      container.addDbContext('other', TenantContext, { dialect, gate: { maxConnections: 3 } }),
    ).to.throw(RegistrationError, 'gate.maxConnections')
    await runInScope(container, as('a'), ({ cradle }) => cradle.db.facts.toList())
    expect(container.stats().gates[0]).to.include({ key: 'a', limit: 2 })
    await container.dispose()
  })

  it('a function that makes one dialect is told that a tenant is not its to read', () => {
    const container = createContainer<{ tenant: string }>().addDbContext('db', TenantContext, {
      dialect: ({ tenant }: { tenant: string }) => tenants.open(tenant),
    } as never)
    const scope = container.createScope().register({ tenant: asValue('a') })

    expect(() => scope.resolve('db')).to.throw(
      RegistrationError,
      `The dialect function of 'db' could not read "tenant"`,
    )
    expect(() => scope.resolve('db')).to.throw('dialectPerKey({ key: ({ tenant }) => tenant')
  })

  it('SQLite: each tenant has a file of its own', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mayfly-tenants-'))
    try {
      const container = createContainer<{ tenant: string }>()
        .addDbContextPool('db', TenantContext, {
          dialect: dialectPerKey({
            key,
            open: tenant => sqlite(join(folder, `${tenant}.db`), { maxConnections: 1 }),
            max: 3,
          }),
        })
        .addPooledDbContextFactory('db')
      const all = ['a', 'b', 'c', 'd', 'e', 'f']
      for (const tenant of all) {
        await runInScope(container, as(tenant), async ({ cradle: { db } }) => {
          await sql`create table facts (id integer primary key, tenant text not null)`.execute(
            db.kysely,
          )
          await db.kysely.insertInto('facts').values({ id: 1, tenant }).execute()
        })
      }
      const visits = Array.from({ length: 24 }, (_, i) => all[(i * 5) % 6]!)
      for (let i = 0; i < visits.length; i += 4) {
        await Promise.all(
          visits.slice(i, i + 4).map(tenant =>
            runInScope(container, as(tenant), async ({ cradle: { db, dbFactory } }) => {
              const rows = [
                ...(await db.facts.toList()),
                ...(await dbFactory.use(other => other.facts.toList())),
              ]
              expect(rows.map(row => row.tenant)).to.deep.equal([tenant, tenant])
            }),
          ),
        )
        expect(container.stats().dialects[0]!.open).to.be.at.most(3)
      }
      const { opened, closed } = container.stats().dialects[0]!
      expect(opened - closed).to.be.within(1, 3)
      await container.dispose()
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
