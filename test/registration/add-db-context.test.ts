import { asValue, createContainer as createPlain } from 'awilix'
import { expect } from 'chai'
import {
  addDbContext,
  addDbContextFactory,
  asClass,
  asFunction,
  ContextDisposedError,
  createContainer,
  DbContext,
  DbContextFactory,
  RegistrationError,
  ScopeEndedError,
  type DbContextOptions,
} from 'mayfly'
import { deferred, failure, turn } from '../support/deferred.js'
import { RecordingDialect } from '../support/recording-dialect.js'

interface ShopDatabase {
  users: { id: number; name: string }
}

class ShopContext extends DbContext<ShopDatabase> {
  tenant = 'none'
  readonly users = this.set('users', { key: 'id' })
}

class AuditContext extends DbContext<ShopDatabase> {}

const ANSWERED = ['constructor', '__proto__', 'then', 'toJSON', 'toString', 'inspect']
const SELECT = 'select `users`.* from `users`'

describe('addDbContext', () => {
  it('C1: registering, resolving and disposing touches no database', async () => {
    const dialect = new RecordingDialect()
    const container = createContainer()
      .addDbContext('shop', ShopContext, { dialect })
      .addDbContextFactory('shop')
    const scope = container.createScope()
    scope.resolve('shop')
    await scope.resolve('shopFactory').createDbContext().dispose()

    await scope.dispose()
    await container.dispose()

    expect(dialect.log).to.deep.equal([])
  })

  it('gives one context per scope', () => {
    const container = createContainer().addDbContext('shop', ShopContext, {
      dialect: new RecordingDialect(),
    })
    const [scope, other] = [container.createScope(), container.createScope()]

    expect(scope.resolve('shop')).to.be.instanceOf(ShopContext)
    expect(scope.resolve('shop')).to.equal(scope.cradle.shop)
    expect(scope.resolve('shop')).not.to.equal(other.resolve('shop'))
  })

  it("gives one context per resolution with lifetime 'transient', and the scope ends all", async () => {
    const container = createContainer().addDbContext('shop', ShopContext, {
      dialect: new RecordingDialect(),
      lifetime: 'transient',
    })
    const scope = container.createScope()
    const contexts = [scope.resolve('shop'), scope.resolve('shop')]

    await scope.dispose()

    expect(contexts[0]).not.to.equal(contexts[1])
    for (const context of contexts) {
      expect(await failure(context.users.toList())).to.be.instanceOf(ContextDisposedError)
    }
  })

  it('hands options and the cradle of the scope to a constructor', async () => {
    class TenantContext extends DbContext<ShopDatabase> {
      readonly tenant: string
      readonly users = this.set('users', { key: 'id' })
      constructor(options: DbContextOptions, cradle: { tenant: string }) {
        super({ ...options })
        this.tenant = cradle.tenant
      }
    }
    const dialect = new RecordingDialect()
    const scope = createContainer<{ tenant: string }>()
      .addDbContext('shop', TenantContext, { dialect })
      .createScope()
      .register({ tenant: asValue<string>('north') })

    await scope.resolve('shop').users.toList()

    expect(scope.resolve('shop').tenant).to.equal('north')
    expect(dialect.log).to.deep.equal(['init', 'acquire', SELECT, 'release'])
  })

  it('takes the class DbContext itself, for Kysely alone', async () => {
    const dialect = new RecordingDialect(() => [{ id: 1, name: 'Ada' }])
    const scope = createContainer()
      .addDbContext('shop', DbContext<ShopDatabase>, { dialect })
      .createScope()

    const rows = await scope.resolve('shop').kysely.selectFrom('users').selectAll().execute()

    expect(rows).to.deep.equal([{ id: 1, name: 'Ada' }])
  })

  it('takes a class twice under two names, with two dialects', async () => {
    const [main, replica] = [new RecordingDialect(), new RecordingDialect()]
    const scope = createContainer()
      .addDbContext('shop', ShopContext, { dialect: main })
      .addDbContext('replica', ShopContext, { dialect: replica })
      .createScope()

    await scope.resolve('replica').users.toList()

    expect(main.log).to.deep.equal([])
    expect(replica.log).to.contain(SELECT)
  })

  it('can be replaced on a scope, e.g. by a double in a test', () => {
    const double = { users: 'none' }
    const container = createContainer().addDbContext('shop', ShopContext, {
      dialect: new RecordingDialect(),
    })

    const scope = container.createScope().register('shop', asValue(double))

    expect(scope.resolve<unknown>('shop')).to.equal(double)
  })

  it('C6: contexts end with their scope, in their turn', async () => {
    const seen: string[] = []
    const dialect = new RecordingDialect(() => [{ count: 1 }])
    const scope = createContainer()
      .addDbContext('shop', ShopContext, { dialect })
      .register({
        before: asFunction(() => ({}))
          .scoped()
          .disposer(async () => {
            seen.push(`before: ${(await failure(shop.users.count())).name}`)
          }),
        after: asFunction(() => ({}))
          .scoped()
          .disposer(async () => {
            seen.push(`after: ${await shop.users.count()}`)
          }),
      })
      .createScope()
    scope.resolve('before')
    const shop = scope.resolve('shop')
    scope.resolve('after')

    await scope.dispose()

    expect(seen).to.deep.equal(['after: 1', 'before: ContextDisposedError'])
  })

  it("C6: a user's dispose() of a resolved context does nothing", async () => {
    const dialect = new RecordingDialect()
    const scope = createContainer().addDbContext('shop', ShopContext, { dialect }).createScope()
    const shop = scope.resolve('shop')

    await shop.dispose()
    await shop[Symbol.asyncDispose]()

    expect(await shop.users.toList()).to.deep.equal([])
  })

  it('C6, C7: a scope waits for the operation of its context, and rolls back what is open', async () => {
    const answer = deferred<[]>()
    const dialect = new RecordingDialect(() => answer.promise)
    const scope = createContainer().addDbContext('shop', ShopContext, { dialect }).createScope()
    const shop = scope.resolve('shop')
    await shop.beginTransaction()
    const rows = shop.users.toList()
    await turn()

    const disposal = scope.dispose()
    answer.resolve([])
    await disposal

    expect(await rows).to.deep.equal([])
    expect(dialect.log).to.deep.equal(['init', 'acquire', 'begin', SELECT, 'rollback', 'release'])
  })

  it('C6, C7: nothing ends before dispose() has returned, not even a context that nobody used', async () => {
    const dialect = new RecordingDialect()
    const scope = createContainer().addDbContext('shop', ShopContext, { dialect }).createScope()
    const shop = scope.resolve('shop')

    const disposal = scope.dispose()
    const rows = shop.users.toList()
    await disposal

    expect(await rows).to.deep.equal([])
    expect(await failure(shop.users.toList())).to.be.instanceOf(ContextDisposedError)
    expect(dialect.log).to.deep.equal(['init', 'acquire', SELECT, 'release'])
  })

  it('C6: several contexts of one scope end youngest first', async () => {
    const log: string[] = []
    const dialect = new RecordingDialect(undefined, line => log.push(`shop: ${line}`))
    const audit = new RecordingDialect(undefined, line => log.push(`audit: ${line}`))
    const scope = createContainer()
      .addDbContext('shop', ShopContext, { dialect })
      .addDbContext('audit', AuditContext, { dialect: audit })
      .createScope()
    await scope.resolve('shop').beginTransaction()
    await scope.resolve('audit').beginTransaction()
    log.length = 0

    await scope.dispose()

    expect(log).to.deep.equal([
      'audit: rollback',
      'audit: release',
      'shop: rollback',
      'shop: release',
    ])
  })
})

describe('addDbContext and addDbContextFactory', () => {
  const dialect = new RecordingDialect()
  const orders = {
    'the context, then the factory': () =>
      createContainer().addDbContext('shop', ShopContext, { dialect }).addDbContextFactory('shop'),
    'the factory, then the context': () =>
      createContainer().addDbContextFactory('shop', ShopContext, { dialect }).addDbContext('shop'),
    'the factory alone': () =>
      createContainer().addDbContextFactory('shop', ShopContext, { dialect }),
  }

  for (const [order, create] of Object.entries(orders)) {
    it(`give a scoped context and a factory: ${order}`, async () => {
      await using scope = create().createScope()
      const { shop, shopFactory } = scope.cradle
      await using own = shopFactory.createDbContext()

      expect(shop).to.be.instanceOf(ShopContext)
      expect(scope.resolve('shop')).to.equal(shop)
      expect(shopFactory).to.be.instanceOf(DbContextFactory)
      expect(scope.resolve('shopFactory')).to.equal(shopFactory)
      expect(own).to.be.instanceOf(ShopContext)
      expect(own).not.to.equal(shop)
    })
  }

  it('the context alone has no factory', () => {
    const container = createContainer().addDbContext('shop', ShopContext, { dialect })

    expect(container.hasRegistration('shopFactory')).to.equal(false)
  })

  for (const [order, create] of Object.entries({
    'with the class': () =>
      createContainer()
        .addDbContext('shop', ShopContext, { dialect, lifetime: 'transient' })
        .addDbContextFactory('shop'),
    'after the factory': () =>
      createContainer()
        .addDbContextFactory('shop', ShopContext, { dialect })
        .addDbContext('shop', { lifetime: 'transient' }),
  })) {
    it(`keep the lifetime that addDbContext says: ${order}`, () => {
      const scope = create().createScope()

      expect(scope.resolve('shop')).not.to.equal(scope.resolve('shop'))
      expect(scope.resolve('shopFactory')).to.equal(scope.resolve('shopFactory'))
    })
  }

  it('F1: a factory that a scope gave is bound to it', async () => {
    const container = createContainer<{ tenant: string }>().addDbContextFactory(
      'shop',
      ShopContext,
      {
        dialect,
        onLease: (db, { tenant }) => {
          db.tenant = tenant
        },
      },
    )
    const scope = container.createScope().register({ tenant: asValue<string>('north') })
    const other = container.createScope().register({ tenant: asValue<string>('south') })

    const context = scope.resolve('shopFactory').createDbContext()
    const ofOther = other.resolve('shopFactory').createDbContext()
    await scope.dispose()

    expect([context.tenant, ofOther.tenant]).to.deep.equal(['north', 'south'])
    expect((await failure(context.users.toList())).message).to.contain('ended with a scope')
    expect(await ofOther.users.toList()).to.deep.equal([])
    await other.dispose()
  })

  it('S7: an unknown name that a context of a factory asks for is told with context and factory', () => {
    class Asking extends DbContext<ShopDatabase> {
      readonly asked: unknown
      constructor(given: DbContextOptions, { nope }: any) {
        super(given)
        this.asked = nope
      }
    }
    const options = { dialect: new RecordingDialect() }
    const scope = createContainer()
      .addDbContextFactory('asking', Asking, options)
      .addDbContextFactory('leased', DbContext, { ...options, onLease: (_, { nope }: any) => nope })
      .addDbContextFactory('session', { create: ({ nope }: any) => nope as object })
      .register({ job: asFunction(({ askingFactory }: any) => askingFactory.createDbContext()) })
      .createScope()
    const path = (asker: string) => `Resolution path: ${asker} -> nope`

    expect(() => scope.cradle.askingFactory.createDbContext()).to.throw(
      path('asking (made by askingFactory)'),
    )
    expect(() => scope.cradle.leasedFactory.createDbContext()).to.throw(
      path('leased (made by leasedFactory)'),
    )
    expect(() => scope.cradle.sessionFactory.createDbContext()).to.throw(
      path('session (made by sessionFactory)'),
    )
    expect(() => scope.cradle.job).to.throw(path('job -> asking (made by askingFactory)'))
    expect(() => scope.cradle.asking).to.throw(path('asking'))
  })

  it('S7: a context of a factory may be built on a service that has the factory', async () => {
    class Asking extends DbContext<ShopDatabase> {
      readonly service: { askingFactory: unknown }
      constructor(given: DbContextOptions, { service }: any) {
        super(given)
        this.service = service
      }
    }
    const scope = createContainer()
      .addDbContextFactory('asking', Asking, { dialect: new RecordingDialect() })
      .register({ service: asFunction(({ askingFactory }: any) => ({ askingFactory })) })
      .createScope()

    await using db = scope.cradle.askingFactory.createDbContext()

    expect(db.service.askingFactory).to.equal(scope.cradle.askingFactory)
  })

  it('F1: a factory that the root or a singleton got is bound to the root', async () => {
    class Job {
      readonly factory: DbContextFactory<ShopContext>
      constructor({ shopFactory }: { shopFactory: DbContextFactory<ShopContext> }) {
        this.factory = shopFactory
      }
    }
    const container = createContainer()
      .addDbContextFactory('shop', ShopContext, { dialect: new RecordingDialect() })
      .register({ job: asClass(Job).singleton() })
    const scope = container.createScope()
    const context = scope.resolve('job').factory.createDbContext()

    await scope.dispose()
    const afterScope = await context.users.toList()
    await container.dispose()

    expect(afterScope).to.deep.equal([])
    const error = await failure(context.users.toList())
    expect(error).to.be.instanceOf(ContextDisposedError)
    expect(error.message).to.contain('ended with the container')
  })

  it('C6: the maker of a context disposes it; its scope then does nothing more', async () => {
    const recording = new RecordingDialect()
    const scope = createContainer()
      .addDbContextFactory('shop', ShopContext, { dialect: recording })
      .createScope()
    const context = scope.resolve('shopFactory').createDbContext()
    await context.beginTransaction()

    await context.dispose()
    await context.dispose()
    await scope.dispose()

    expect(recording.log).to.deep.equal(['init', 'acquire', 'begin', 'rollback', 'release'])
  })

  it('S1, C8: contexts that a factory made and nobody disposed end in their turn', async () => {
    const recording = new RecordingDialect()
    class Outbox {
      readonly context: ShopContext
      constructor({ shopFactory }: { shopFactory: DbContextFactory<ShopContext> }) {
        this.context = shopFactory.createDbContext()
      }
      async [Symbol.asyncDispose]() {
        await this.context.users.toList()
      }
    }
    const scope = createContainer()
      .addDbContextFactory('shop', ShopContext, { dialect: recording })
      .register({ outbox: asClass(Outbox).scoped() })
      .createScope()
    const { context } = scope.resolve('outbox')

    await scope.dispose()

    expect(recording.log).to.contain(SELECT)
    expect(await failure(context.users.toList())).to.be.instanceOf(ContextDisposedError)
  })
})

describe('registrations that cannot work', () => {
  const dialect = new RecordingDialect()
  const options = { dialect }
  const withShop = () => createContainer().addDbContext('shop', ShopContext, options)
  const withShopFactory = () => createContainer().addDbContextFactory('shop', ShopContext, options)

  const refused: Record<string, readonly [attempt: () => unknown, message: string]> = {
    'a name twice': [
      () => withShop().addDbContext('shop', AuditContext, options),
      'addDbContext(\'shop\'): the name "shop" is registered already',
    ],
    'a name twice, without the class': [
      () => withShop().addDbContext('shop', { lifetime: 'transient' }),
      'addDbContext(\'shop\'): the name "shop" is registered already',
    ],
    'a factory twice': [
      () => withShopFactory().addDbContextFactory('shop', ShopContext, options),
      'addDbContextFactory(\'shop\'): the name "shop" is registered already',
    ],
    'a factory twice, without the class': [
      () => withShopFactory().addDbContextFactory('shop'),
      'addDbContextFactory(\'shop\'): the name "shop" is registered already',
    ],
    'a name of something else': [
      () =>
        createContainer()
          .register({ shop: asValue(1) })
          .addDbContext('shop', ShopContext, options),
      'addDbContext(\'shop\'): the name "shop" is registered already',
    ],
    "a factory's name of something else": [
      () =>
        createContainer()
          .register({ shopFactory: asValue(1) })
          .addDbContextFactory('shop', ShopContext, options),
      'the name "shopFactory" is registered already',
    ],
    "a factory's name of something else, the context being there": [
      () =>
        withShop()
          .register({ shopFactory: asValue(1) })
          .addDbContextFactory('shop'),
      'the name "shopFactory" is registered already',
    ],
    "a context that has the name of another one's factory": [
      () => withShopFactory().addDbContext('shopFactory', ShopContext, options),
      'addDbContext(\'shopFactory\'): the name "shopFactory" is registered already',
    ],
    'a class given twice': [
      () => withShop().addDbContextFactory('shop', ShopContext, options),
      "addDbContextFactory('shop') says again what addDbContext('shop') has said",
    ],
    'a class given twice, the factory first': [
      () => withShopFactory().addDbContext('shop', ShopContext, options),
      "addDbContext('shop') says again what addDbContextFactory('shop') has said",
    ],
    'options given twice': [
      () => withShopFactory().addDbContext('shop', { dialect: new RecordingDialect() } as never),
      "addDbContext('shop') says again what addDbContextFactory('shop') has said",
    ],
    'options given twice, after no class': [
      () => withShopFactory().addDbContext('shop', undefined as never, { dialect } as never),
      "addDbContext('shop') says again what addDbContextFactory('shop') has said",
    ],
    'a factory for an unknown name': [
      () => createContainer().addDbContextFactory('shop' as never),
      "addDbContextFactory('shop'): no context of this name is registered",
    ],
    'a context for an unknown name': [
      () => createContainer().addDbContext('shop' as never, { lifetime: 'scoped' }),
      "addDbContext('shop'): no context of this name is registered",
    ],
    'a factory for a name that is no context': [
      () =>
        createContainer()
          .register({ shop: asValue(1) })
          .addDbContextFactory('shop' as never),
      "addDbContextFactory('shop'): no context of this name is registered",
    ],
    'no name': [
      () => createContainer().addDbContext(ShopContext as never, options as never),
      "addDbContext needs a name first: addDbContext('shop', ShopContext, { dialect })",
    ],
    'an empty name': [
      () => createContainer().addDbContextFactory('', ShopContext, options),
      'addDbContextFactory needs a name first',
    ],
    'a symbol for a name': [
      () => createContainer().addDbContext(Symbol('shop') as never, ShopContext, options),
      "addDbContext needs a text as its name, and got a symbol: addDbContext('shop', ShopContext, { dialect }).",
    ],
    'a symbol for a name, on a plain container': [
      () => addDbContextFactory(createPlain(), Symbol('shop') as never, ShopContext, options),
      'addDbContextFactory needs a text as its name, and got a symbol',
    ],
    ...Object.fromEntries(
      ANSWERED.map(name => [
        `a name that a cradle answers by itself, ${name}`,
        [
          () => createContainer().addDbContext(name, ShopContext, options),
          `addDbContext('${name}'): JavaScript asks every object for ${name}, and a cradle answers`,
        ] as const,
      ]),
    ),
    'such a name on a plain container': [
      () => addDbContext(createPlain(), 'then', ShopContext, options),
      "addDbContext('then'): JavaScript asks every object for then",
    ],
    'a class that is no context': [
      () => createContainer().addDbContext('shop', Date as never, options),
      "addDbContext('shop'): Date is no context. Pass a class that extends DbContext.",
    ],
    'a function': [
      () => createContainer().addDbContextFactory('shop', (() => 1) as never, options),
      "addDbContextFactory('shop'): a function is no context",
    ],
    'a context instead of its class': [
      () => createContainer().addDbContext('shop', new ShopContext(options) as never, options),
      "addDbContext('shop'): no context of this name is registered",
    ],
    'a text instead of a class': [
      () => createContainer().addDbContext('shop', 'ShopContext' as never, options),
      "addDbContext('shop'): a string is no context",
    ],
    'null instead of a class': [
      () => createContainer().addDbContext('shop', null as never, options),
      'is no context. Pass a class that extends DbContext.',
    ],
    'no options': [
      () => createContainer().addDbContext('shop', ShopContext, undefined as never),
      "addDbContext('shop') has no dialect",
    ],
    'null for options': [
      () => createContainer().addDbContext('shop', ShopContext, null as never),
      "addDbContext('shop') has no dialect",
    ],
    'no dialect': [
      () => createContainer().addDbContextFactory('shop', ShopContext, {} as never),
      "addDbContextFactory('shop') has no dialect. Pass { dialect: mysql(url) } from 'mayfly/mysql2'",
    ],
    'a URL for a dialect': [
      () => createContainer().addDbContext('shop', ShopContext, { dialect: 'mysql://x' as never }),
      "addDbContext('shop') has no dialect",
    ],
    'an object that is no dialect': [
      () => createContainer().addDbContext('shop', ShopContext, { dialect: {} as never }),
      "addDbContext('shop') has no dialect",
    ],
    'a singleton': [
      () =>
        createContainer().addDbContext('shop', ShopContext, {
          dialect,
          lifetime: 'singleton' as never,
        }),
      "addDbContext('shop'): a context cannot be a singleton. It is one unit of work",
    ],
    'a singleton, after the factory': [
      () => withShopFactory().addDbContext('shop', { lifetime: 'singleton' as never }),
      "addDbContext('shop'): a context cannot be a singleton",
    ],
    'a lifetime that does not exist': [
      () =>
        createContainer().addDbContext('shop', ShopContext, {
          dialect,
          lifetime: 'SCOPED' as never,
        }),
      "addDbContext('shop'): lifetime must be 'scoped' or 'transient'",
    ],
    'a lifetime given to the factory': [
      () =>
        createContainer().addDbContextFactory('shop', ShopContext, {
          dialect,
          lifetime: 'transient',
        } as never),
      'The option lifetime must be given to addDbContext',
    ],
    'onLease that is no function': [
      () => createContainer().addDbContext('shop', ShopContext, { dialect, onLease: {} as never }),
      'The option onLease must be a function',
    ],
    'a concurrency that does not exist': [
      () =>
        createContainer().addDbContext('shop', ShopContext, {
          dialect,
          concurrency: 'parallel' as never,
        }),
      "The option concurrency must be 'refuse', 'queue' or 'unchecked'",
    ],
    'wrong limits of a dialect that a function makes': [
      () =>
        createContainer().addDbContext('shop', ShopContext, {
          dialect: () => dialect,
          gate: { maxConnections: 0 },
        }),
      'gate.maxConnections must be a whole number of connections, 1 or more.',
    ],
    'a registration on a scope': [
      () => createContainer().createScope().addDbContext('shop', ShopContext, options),
      'Contexts are registered once, on the container; this is a scope.',
    ],
    'a factory on a scope': [
      () => withShop().createScope().addDbContextFactory('shop'),
      'Contexts are registered once, on the container; this is a scope.',
    ],
  }

  for (const [what, [attempt, message]] of Object.entries(refused)) {
    it(`refuses ${what}`, () => {
      expect(attempt)
        .to.throw(RegistrationError, message)
        .with.property('code', 'MAYFLY_REGISTRATION')
    })
  }

  const limits: Record<string, (limit: number) => object> = {
    'gate.maxConnections': maxConnections => ({ gate: { maxConnections } }),
    'gate.acquireTimeout': acquireTimeout => ({ gate: { acquireTimeout } }),
    disposeTimeout: disposeTimeout => ({ disposeTimeout }),
  }
  for (const [name, option] of Object.entries(limits)) {
    it(`refuses ${name} unless it is a whole number, 1 or more`, () => {
      for (const limit of [0, -1, 1.5, NaN, Infinity, '5', null] as number[]) {
        const attempt = () =>
          createContainer().addDbContext('shop', ShopContext, {
            dialect: new RecordingDialect(),
            ...option(limit),
          })

        expect(attempt).to.throw(RegistrationError, `${name} must be a whole number of`)
      }
    })
  }

  it('leaves nothing behind of a registration that was refused', async () => {
    const shared = new RecordingDialect()
    const container = createContainer().addDbContext('audit', AuditContext, {
      dialect: shared,
      gate: { maxConnections: 2 },
    })
    const attempts = [
      () =>
        container.addDbContextFactory('shop', ShopContext, {
          dialect: shared,
          gate: { maxConnections: 3 },
        }),
      () => container.addDbContext('shop', Date as never, options),
      () =>
        container.addDbContext('shop', ShopContext, { ...options, lifetime: 'singleton' as never }),
    ]

    for (const attempt of attempts) expect(attempt).to.throw(RegistrationError)

    expect(Object.keys(container.registrations)).to.deep.equal(['audit'])
    const good = container.addDbContextFactory('shop', ShopContext, { dialect: shared })
    await good.createScope().resolve('shop').users.toList()
    await container.dispose()
    expect(shared.log.filter(line => line === 'destroy')).to.deep.equal(['destroy'])
  })
})

describe('a dialect that registrations share', () => {
  const gates: Record<
    string,
    [first: object | undefined, second: object | undefined, message: string]
  > = {
    maxConnections: [
      { maxConnections: 5 },
      { maxConnections: 6 },
      'one has gate.maxConnections 5 and the other says 6',
    ],
    acquireTimeout: [
      { acquireTimeout: 100, maxConnections: 5 },
      { acquireTimeout: 200, maxConnections: 5 },
      'one has gate.acquireTimeout 100 and the other says 200',
    ],
  }

  for (const [option, [first, second, message]] of Object.entries(gates)) {
    it(`is refused with another ${option}`, () => {
      const dialect = new RecordingDialect()
      const container = createContainer().addDbContext('shop', ShopContext, {
        dialect,
        gate: first!,
      })

      expect(() =>
        container.addDbContextFactory('audit', AuditContext, { dialect, gate: second! }),
      ).to.throw(RegistrationError, message)
    })
  }

  it('is fine with the same limits, or with limits given once', () => {
    const dialect = new RecordingDialect()
    const gate = { maxConnections: 5, acquireTimeout: 100 }

    createContainer()
      .addDbContext('one', ShopContext, { dialect, gate })
      .addDbContext('two', ShopContext, { dialect, gate: { ...gate } })
      .addDbContext('three', ShopContext, { dialect })
      .addDbContext('four', ShopContext, { dialect, gate: { maxConnections: 5 } })
  })

  it('has one gate: its limit counts for all', async () => {
    const dialect = new RecordingDialect()
    const container = createContainer()
      .addDbContext('shop', ShopContext, { dialect, gate: { maxConnections: 1 } })
      .addDbContext('audit', AuditContext, { dialect })
    await using scope = container.createScope()
    const connection = await scope.resolve('shop').openConnection()
    let opened = false

    const second = scope
      .resolve('audit')
      .openConnection()
      .then(() => (opened = true))
    await turn()
    const openedBefore = opened
    await connection.close()
    await second

    expect(openedBefore).to.equal(false)
    expect(opened).to.equal(true)
  })

  it('is closed once, with the container, after its contexts', async () => {
    const dialect = new RecordingDialect()
    const container = createContainer()
      .addDbContext('shop', ShopContext, { dialect })
      .addDbContextFactory('shop')
      .addDbContext('audit', AuditContext, { dialect })
    const scope = container.createScope()
    await scope.resolve('shop').beginTransaction()
    await container.resolve('shopFactory').createDbContext().beginTransaction()

    await container.dispose()
    await container.dispose()

    expect(dialect.log).to.deep.equal([
      'init',
      'acquire',
      'begin',
      'acquire',
      'begin',
      'rollback',
      'release',
      'rollback',
      'release',
      'destroy',
    ])
  })

  it('is not closed with a scope', async () => {
    const dialect = new RecordingDialect()
    const container = createContainer().addDbContext('shop', ShopContext, { dialect })
    const scope = container.createScope()
    await scope.resolve('shop').users.toList()

    await scope.dispose()

    expect(dialect.log).not.to.contain('destroy')
    await container.dispose()
    expect(dialect.log).to.contain('destroy')
  })

  it('of two containers is closed with the last of them', async () => {
    const dialect = new RecordingDialect()
    const [one, other] = [createContainer(), createContainer()].map(container =>
      container.addDbContext('shop', ShopContext, { dialect }),
    )
    await one!.createScope().resolve('shop').users.toList()

    await one!.dispose()
    const closedEarly = dialect.log.includes('destroy')
    await other!.dispose()

    expect(closedEarly).to.equal(false)
    expect(dialect.log.at(-1)).to.equal('destroy')
  })

  it('can be used by another container after it was closed', async () => {
    const dialect = new RecordingDialect()
    for (const maxConnections of [1, 2]) {
      const container = createContainer().addDbContext('shop', ShopContext, {
        dialect,
        gate: { maxConnections },
      })
      await container.createScope().resolve('shop').users.toList()
      await container.dispose()
    }

    const life = ['init', 'acquire', SELECT, 'release', 'destroy']
    expect(dialect.log).to.deep.equal([...life, ...life])
  })

  it('S1: is closed although a disposer failed, and although another dialect cannot be closed', async () => {
    const dialect = new RecordingDialect()
    const stuck = new RecordingDialect()
    const error = new Error('socket')
    const createDriver = stuck.createDriver.bind(stuck)
    stuck.createDriver = () => ({ ...createDriver(), destroy: () => Promise.reject(error) })
    const container = createContainer()
      .addDbContext('shop', ShopContext, { dialect })
      .addDbContext('audit', AuditContext, { dialect: stuck })
    const scope = container.createScope()
    await scope.resolve('shop').users.toList()
    await scope.resolve('audit').kysely.selectFrom('users').selectAll().execute()

    expect(await failure(container.dispose())).to.equal(error)
    expect(dialect.log.at(-1)).to.equal('destroy')
  })
})

describe('a dialect that is a function', () => {
  it('is called once, for the first context, with the cradle of the root', async () => {
    const dialects: RecordingDialect[] = []
    const container = createContainer()
      .register({ url: asValue<string>('root') })
      .addDbContext('shop', ShopContext, {
        dialect: ({ url }) => {
          dialects.push(new RecordingDialect(() => [{ id: 1, name: url }]))
          return dialects[0]!
        },
      })
      .addDbContextFactory('shop')
    const scope = container.createScope().register({ url: asValue<string>('scope') })
    const calledBefore = dialects.length

    const users = await scope.resolve('shop').users.toList()
    await container.createScope().resolve('shop').users.toList()
    await scope.resolve('shopFactory').use(db => db.users.toList())
    await container.dispose()

    expect(calledBefore).to.equal(0)
    expect(dialects).to.have.length(1)
    expect(users).to.deep.equal([{ id: 1, name: 'root' }])
    expect(dialects[0]!.log.filter(line => line === 'destroy')).to.deep.equal(['destroy'])
  })

  it('is called once for all registrations that share it, and then they share a gate', async () => {
    let calls = 0
    const made = new RecordingDialect()
    const dialect = () => {
      calls++
      return made
    }
    const create = () =>
      createContainer()
        .addDbContext('shop', ShopContext, { dialect, gate: { maxConnections: 1 } })
        .addDbContext('audit', AuditContext, { dialect })
    const container = create()
    const scope = container.createScope()

    await scope.resolve('shop').users.toList()
    await scope.resolve('audit').kysely.selectFrom('users').selectAll().execute()
    await container.dispose()

    expect(calls).to.equal(1)
    expect(made.log.filter(line => line === 'init' || line === 'destroy')).to.deep.equal([
      'init',
      'destroy',
    ])
    expect(create().createScope().resolve('shop')).to.be.instanceOf(ShopContext)
    expect(calls).to.equal(2)
  })

  it('is not called when no context was made', async () => {
    let calls = 0
    const container = createContainer().addDbContextFactory('shop', ShopContext, {
      dialect: () => {
        calls++
        return new RecordingDialect()
      },
    })
    container.createScope().resolve('shopFactory')

    await container.dispose()

    expect(calls).to.equal(0)
  })

  it('is called again after it has failed', () => {
    const error = new Error('no settings yet')
    let calls = 0
    const scope = createContainer()
      .addDbContext('shop', ShopContext, {
        dialect: () => {
          if (++calls === 1) throw error
          return new RecordingDialect()
        },
      })
      .createScope()

    expect(() => scope.resolve('shop')).to.throw(error)
    expect(scope.resolve('shop')).to.be.instanceOf(ShopContext)
  })

  it('must make a dialect', () => {
    const scope = createContainer()
      .addDbContext('shop', ShopContext, { dialect: () => 'mysql://localhost' as never })
      .createScope()

    expect(() => scope.resolve('shop')).to.throw(
      RegistrationError,
      "The dialect function of 'shop' has no dialect",
    )
  })

  it('S6: cannot read what is scoped', () => {
    const scope = createContainer()
      .register({ tenant: asFunction(() => 'north').scoped() })
      .addDbContext('shop', ShopContext, {
        dialect: ({ tenant }) => new RecordingDialect(() => [{ id: 1, name: tenant }]),
      })
      .createScope()

    expect(() => scope.resolve('shop')).to.throw(
      `The dialect function of 'shop' could not read "tenant"`,
    )
  })

  it('S1, S9: is closed after the contexts of a factory that made them first', async () => {
    const dialect = new RecordingDialect()
    const container = createContainer().addDbContextFactory('shop', ShopContext, {
      dialect: () => dialect,
      gate: { acquireTimeout: 60_000 },
    })
    const context = container.resolve('shopFactory').createDbContext()
    await context.beginTransaction()

    await container.dispose()

    expect(dialect.log).to.deep.equal([
      'init',
      'acquire',
      'begin',
      'rollback',
      'release',
      'destroy',
    ])
  })
})

describe('onLease', () => {
  it('P5: runs for every context, resolved or made by a factory, with the cradle of its scope', async () => {
    const leased: string[] = []
    const container = createContainer<{ tenant: string }>()
      .addDbContext('shop', ShopContext, {
        dialect: new RecordingDialect(),
        onLease: (db, { tenant }) => {
          leased.push(tenant)
          db.tenant = tenant
        },
      })
      .addDbContextFactory('shop')
    await using north = container.createScope().register({ tenant: asValue<string>('north') })
    await using south = container.createScope().register({ tenant: asValue<string>('south') })

    const tenants = [
      north.resolve('shop').tenant,
      south.resolve('shop').tenant,
      north.resolve('shopFactory').createDbContext().tenant,
      await south.resolve('shopFactory').use(async db => db.tenant),
      ...(await north
        .resolve('shopFactory')
        .parallel([async db => db.tenant, async db => db.tenant])),
    ]

    expect(tenants).to.deep.equal(['north', 'south', 'north', 'south', 'north', 'north'])
    expect(leased).to.deep.equal(tenants)
  })

  it('P5: runs once for a context that is resolved twice, before anybody gets it', () => {
    const order: string[] = []
    const makeHandler = ({ shop }: { shop: ShopContext }) => order.push(`handler of ${shop.tenant}`)
    const scope = createContainer()
      .addDbContext('shop', ShopContext, {
        dialect: new RecordingDialect(),
        onLease: db => {
          db.tenant = 'north'
          order.push('lease')
        },
      })
      .register({ handler: asFunction(makeHandler).scoped() })
      .createScope()

    scope.resolve('handler')
    scope.resolve('shop')

    expect(order).to.deep.equal(['lease', 'handler of north'])
  })

  it('P5: may resolve services of the scope', () => {
    const scope = createContainer()
      .register({ user: asFunction(() => ({ tenant: 'north' })).scoped() })
      .addDbContext('shop', ShopContext, {
        dialect: new RecordingDialect(),
        onLease: (db, { user }) => {
          db.tenant = user.tenant
        },
      })
      .createScope()

    expect(scope.resolve('shop').tenant).to.equal('north')
  })

  it('S6: for a factory of the root it cannot read what is scoped', () => {
    const container = createContainer()
      .register({ user: asFunction(() => ({ tenant: 'north' })).scoped() })
      .addDbContextFactory('shop', ShopContext, {
        dialect: new RecordingDialect(),
        onLease: (db, { user }) => {
          db.tenant = user.tenant
        },
      })

    expect(() => container.resolve('shopFactory').createDbContext()).to.throw(
      'shopFactory (scoped) -> user (scoped)',
    )
  })

  const promising: Record<string, (db: ShopContext) => unknown> = {
    'an async function': async () => {},
    // oxlint-disable-next-line unicorn/no-thenable
    'a thenable': () => ({ then() {} }),
    'a promise that rejects': () => Promise.reject(new Error('late')),
  }

  for (const [what, onLease] of Object.entries(promising)) {
    it(`P5: is refused when it returns a promise: ${what}`, async () => {
      const unhandled: unknown[] = []
      const note = (error: unknown) => unhandled.push(error)
      process.on('unhandledRejection', note)
      const scope = createContainer()
        .addDbContext('shop', ShopContext, {
          dialect: new RecordingDialect(),
          onLease,
        })
        .addDbContextFactory('shop')
        .createScope()
      const { shopFactory } = scope.cradle
      const message = "onLease of 'shop' returned a promise. It is synchronous"

      expect(() => scope.resolve('shop')).to.throw(RegistrationError, message)
      expect(() => shopFactory.createDbContext()).to.throw(RegistrationError, message)
      const error = await failure(shopFactory.use(async () => 1))
      expect(error).to.be.instanceOf(RegistrationError)
      await turn()
      process.off('unhandledRejection', note)
      expect(unhandled).to.deep.equal([])
    })
  }

  it('P5: an error of it is thrown, nothing is cached, and the next try makes a new context', () => {
    const error = new Error('no tenant')
    const seen: ShopContext[] = []
    const scope = createContainer()
      .addDbContext('shop', ShopContext, {
        dialect: new RecordingDialect(),
        onLease: db => {
          seen.push(db)
          if (seen.length === 1) throw error
        },
      })
      .createScope()

    expect(() => scope.resolve('shop')).to.throw(error)
    const shop = scope.resolve('shop')

    expect(seen).to.have.length(2)
    expect(shop).to.equal(seen[1])
  })

  it('P5: what an async onLease had begun is ended with its context', async () => {
    const dialect = new RecordingDialect()
    const begun = deferred<unknown>()
    let refused!: ShopContext
    const onLease: (db: ShopContext) => unknown = async db => {
      refused = db
      begun.resolve(await failure(db.beginTransaction()))
    }
    const scope = createContainer()
      .addDbContext('shop', ShopContext, { dialect, onLease })
      .createScope()

    expect(() => scope.resolve('shop')).to.throw(RegistrationError)
    expect(await begun.promise).to.be.instanceOf(ContextDisposedError)
    while (!dialect.log.includes('release')) await turn()

    expect(dialect.log).to.deep.equal(['init', 'acquire', 'begin', 'rollback', 'release'])
    expect(await failure(refused.users.toList())).to.be.instanceOf(ContextDisposedError)
  })
})

describe('contexts without validateScopes', () => {
  it('C6: one that the root gave ends with the root, before its dialect', async () => {
    const dialect = new RecordingDialect()
    const container = createContainer({ validateScopes: false }).addDbContext('shop', ShopContext, {
      dialect,
    })
    const shop = container.resolve('shop')
    await shop.beginTransaction()

    await container.dispose()

    expect(dialect.log).to.deep.equal([
      'init',
      'acquire',
      'begin',
      'rollback',
      'release',
      'destroy',
    ])
    expect(() => container.resolve('shop')).to.throw(ScopeEndedError)
  })
})
