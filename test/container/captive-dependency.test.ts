import {
  aliasTo,
  asClass as awilixAsClass,
  asFunction as awilixAsFunction,
  asValue,
  AwilixRegistrationError,
  createContainer as createAwilixContainer,
  InjectionMode,
  Lifetime,
} from 'awilix'
import { expect } from 'chai'
import {
  asClass,
  asFunction,
  CaptiveDependencyError,
  createContainer,
  DbContext,
  type ContainerOptions,
} from 'mayfly'
import { RecordingDialect } from '../support/recording-dialect.js'

class ShopContext extends DbContext<{ users: { id: number } }> {}

class OrderService {
  readonly shop: ShopContext
  constructor({ shop }: { shop: ShopContext }) {
    this.shop = shop
  }
}

class ReportJob {
  readonly orders: OrderService
  constructor({ orderService }: { orderService: OrderService }) {
    this.orders = orderService
  }
}

/** Keeps the cradle and reads it when it is asked to. */
class LazyJob<Cradle> {
  readonly #cradle: Cradle
  constructor(cradle: Cradle) {
    this.#cradle = cradle
  }
  read<K extends keyof Cradle>(name: K): Cradle[K] {
    return this.#cradle[name]
  }
}

function shopContainer(options?: ContainerOptions) {
  return createContainer(options)
    .addDbContext('shop', ShopContext, { dialect: new RecordingDialect() })
    .addDbContextFactory('shop')
    .register({
      orderService: asClass(OrderService),
      reportJob: asClass(ReportJob).singleton(),
      lazyJob: asClass(LazyJob<{ shop: ShopContext; orderService: OrderService }>).singleton(),
    })
}

const CHAIN = 'reportJob (singleton) -> orderService (transient) -> shop (scoped)'
const ADVICE =
  'is built from the root container and would keep what lives only as long as a scope. ' +
  'Make it scoped, or for a context let it depend on the factory.'

describe('captive dependencies', () => {
  it('S6: a singleton that reaches a context through a transient is refused with the chain', () => {
    const container = shopContainer()

    expect(() => container.resolve('reportJob'))
      .to.throw(CaptiveDependencyError)
      .that.includes({
        code: 'MAYFLY_CAPTIVE_DEPENDENCY',
        message: `${CHAIN}: reportJob (singleton) ${ADVICE}`,
      })
  })

  it('S6: in a scope as well, and through the cradle', () => {
    const scope = shopContainer().createScope()

    expect(() => scope.resolve('reportJob')).to.throw(CaptiveDependencyError, CHAIN)
    expect(() => scope.cradle.reportJob).to.throw(CaptiveDependencyError, CHAIN)
  })

  it('S6: a context that its scope has already does not help', () => {
    const scope = shopContainer().createScope()
    scope.resolve('shop')
    scope.resolve('orderService')

    expect(() => scope.resolve('reportJob')).to.throw(CaptiveDependencyError, CHAIN)
  })

  it('S6: the chain begins at what is built from the root, not at the scoped service that asked', () => {
    const scope = shopContainer()
      .register({ controller: asFunction(({ reportJob }: any) => ({ reportJob })).scoped() })
      .createScope()

    expect(() => scope.resolve('controller')).to.throw(
      CaptiveDependencyError,
      new RegExp(`^${CHAIN.replace(/[()]/g, '\\$&')}: reportJob \\(singleton\\) is built`),
    )
  })

  it('S6: a chain of singletons is shown from the first', () => {
    const container = shopContainer().register({
      scheduler: asFunction(({ reportJob }: any) => ({ reportJob })).singleton(),
    })

    expect(() => container.createScope().resolve('scheduler')).to.throw(
      CaptiveDependencyError,
      `scheduler (singleton) -> ${CHAIN}: scheduler (singleton) is built`,
    )
  })

  it('S6: aliases are steps of the chain', () => {
    const container = shopContainer().register({
      db: aliasTo<ShopContext>('shop'),
      job: asFunction(({ db }: any) => ({ db })).singleton(),
    })

    expect(() => container.createScope().resolve('job')).to.throw(
      CaptiveDependencyError,
      /^job \(singleton\) -> db \(transient\) -> shop \(scoped\): job /,
    )
  })

  it('S6: symbols are names like others', () => {
    const job = Symbol('job')
    const container = shopContainer()
    container.register(job, asFunction(({ shop }: any) => ({ shop })).singleton())

    expect(() => container.resolve(job)).to.throw(
      CaptiveDependencyError,
      'Symbol(job) (singleton) -> shop (scoped)',
    )
  })

  it('S6: a stored cradle that is read later is refused, and the chain names who stored it', () => {
    const container = shopContainer()
    const lazyJob = container.resolve('lazyJob')

    expect(() => lazyJob.read('shop')).to.throw(
      CaptiveDependencyError,
      `lazyJob (singleton) -> shop (scoped): lazyJob (singleton) ${ADVICE}`,
    )
  })

  it('S6: a stored cradle that reaches the context through a transient gives the whole chain', () => {
    const lazyJob = shopContainer().createScope().resolve('lazyJob')

    expect(() => lazyJob.read('orderService')).to.throw(
      CaptiveDependencyError,
      /^lazyJob \(singleton\) -> orderService \(transient\) -> shop \(scoped\): lazyJob /,
    )
  })

  it('S6: a stored cradle and an alias', () => {
    const container = shopContainer().register({ db: aliasTo<ShopContext>('shop') })
    const lazyJob = container.resolve('lazyJob') as unknown as LazyJob<{ db: ShopContext }>

    expect(() => lazyJob.read('db')).to.throw(
      CaptiveDependencyError,
      /^lazyJob \(singleton\) -> db \(transient\) -> shop \(scoped\): lazyJob /,
    )
  })

  it('S6: a stored cradle of a singleton whose name is a symbol', () => {
    const name = Symbol('job')
    const container = shopContainer()
    container.register(name, asClass(LazyJob<{ shop: ShopContext }>).singleton())
    const job = container.resolve<LazyJob<{ shop: ShopContext }>>(name)

    expect(() => job.read('shop')).to.throw(
      CaptiveDependencyError,
      'Symbol(job) (singleton) -> shop (scoped)',
    )
  })

  it('S6: a stored cradle that is read while something else is built blames the one that stored it', () => {
    const container = shopContainer().register({
      controller: asFunction(({ lazyJob }: any) => lazyJob.read('shop')).scoped(),
      otherJob: asFunction(({ lazyJob }: any) => lazyJob.read('shop')).singleton(),
    })
    const onlyLazyJob = /^lazyJob \(singleton\) -> shop \(scoped\): lazyJob /

    expect(() => container.createScope().resolve('controller')).to.throw(
      CaptiveDependencyError,
      onlyLazyJob,
    )
    expect(() => container.resolve('otherJob')).to.throw(CaptiveDependencyError, onlyLazyJob)
  })

  it('S6: the cradle of a transient that the root built is no way around', () => {
    const container = shopContainer().register({
      helper: asClass(LazyJob<{ shop: ShopContext }>),
    })
    const helper = container.resolve('helper')

    expect(() => helper.read('shop')).to.throw(
      CaptiveDependencyError,
      'helper (transient) -> shop (scoped): helper (transient) is built from the root',
    )
  })

  it('S6: instances that make each other later do not make the chain longer and longer', () => {
    const container = shopContainer().register({
      ping: asClass(LazyJob<any>),
      pong: asClass(LazyJob<any>),
    })
    let last: LazyJob<any> = container.resolve('ping')
    for (let i = 0; i < 5; i++) last = last.read('pong').read('ping')

    expect(() => last.read('shop')).to.throw(
      CaptiveDependencyError,
      /^ping \(transient\) -> shop \(scoped\): ping /,
    )
  })

  it('S6: nor is a cradle that is taken apart later', () => {
    const container = shopContainer().register({
      job: asFunction((cradle: { shop: ShopContext }) => ({
        open: () => ({ ...cradle }),
      })).singleton(),
    })
    const job = container.resolve('job')

    expect(() => job.open()).to.throw(CaptiveDependencyError, 'job (singleton) -> shop (scoped)')
  })

  for (const [way, resolve] of Object.entries({
    resolve: (container: ReturnType<typeof shopContainer>) => container.resolve('shop'),
    cradle: (container: ReturnType<typeof shopContainer>) => container.cradle.shop,
    build: (container: ReturnType<typeof shopContainer>) =>
      container.build(({ shop }: { shop: ShopContext }) => shop),
  })) {
    it(`S6: a scoped registration cannot be resolved from the root: ${way}`, () => {
      const container = shopContainer()

      expect(() => resolve(container))
        .to.throw(CaptiveDependencyError)
        .with.property(
          'message',
          'shop (scoped) was resolved from the root container, where it would live as long as the app. Resolve it from a scope: ' +
            'scopePerRequest, runInScope(container, work) or container.createScope().',
        )
    })
  }

  it('S6: a scoped service that asks the root itself is told so', () => {
    const container = shopContainer()
    const scope = container.createScope()
    scope.register({ controller: asFunction(() => container.resolve('shop')).scoped() })

    expect(() => scope.resolve('controller')).to.throw(
      CaptiveDependencyError,
      /^shop \(scoped\) was resolved from the root container/,
    )
  })

  it('S6: a transient context cannot be resolved from the root either, nor captured by a singleton', () => {
    const container = createContainer()
      .addDbContext('shop', ShopContext, { dialect: new RecordingDialect(), lifetime: 'transient' })
      .register({
        orderService: asClass(OrderService),
        reportJob: asClass(ReportJob).singleton(),
      })

    expect(() => container.resolve('shop')).to.throw(
      CaptiveDependencyError,
      'shop (transient) was resolved from the root container',
    )
    expect(() => container.createScope().resolve('reportJob')).to.throw(
      CaptiveDependencyError,
      'reportJob (singleton) -> orderService (transient) -> shop (transient)',
    )
    expect(container.createScope().resolve('orderService').shop).to.be.instanceOf(ShopContext)
  })

  it('S6: what the root refused is built in a scope', () => {
    const container = shopContainer()
    expect(() => container.resolve('shop')).to.throw(CaptiveDependencyError)

    expect(container.createScope().resolve('shop')).to.be.instanceOf(ShopContext)
  })

  it('S6: every scoped registration is checked, not only contexts', () => {
    const container = createContainer().register({
      user: awilixAsFunction(() => ({ name: 'Ada' })).scoped(),
      audit: awilixAsClass(
        class Audit {
          readonly user: object
          constructor({ user }: { user: object }) {
            this.user = user
          }
        },
      ).singleton(),
      custom: { lifetime: Lifetime.SCOPED, resolve: () => 1 },
    })

    expect(() => container.resolve('audit')).to.throw(
      CaptiveDependencyError,
      'audit (singleton) -> user (scoped)',
    )
    expect(() => container.resolve('custom')).to.throw(CaptiveDependencyError, 'custom (scoped)')
  })

  it('S6: scoped -> transient is fine, and so is scoped -> singleton', () => {
    const container = shopContainer().register({
      clock: asFunction(() => ({ now: 1 })).singleton(),
      controller: asFunction(({ orderService, clock }: any) => ({ orderService, clock })).scoped(),
    })
    const scope = container.createScope()

    const { orderService, clock } = scope.resolve('controller')

    expect(orderService.shop).to.equal(scope.resolve('shop'))
    expect(clock).to.equal(container.resolve('clock'))
  })

  it('S6: a singleton on transients, values and singletons is fine', () => {
    const container = createContainer().register({
      limit: asValue(3),
      helper: asFunction(({ limit }: any) => ({ limit })),
      base: asFunction(() => 'base').singleton(),
      job: asFunction(({ helper, base }: any) => ({ helper, base })).singleton(),
    })

    expect(container.createScope().resolve('job')).to.deep.equal({
      helper: { limit: 3 },
      base: 'base',
    })
  })

  it('S6: a singleton may depend on a factory', () => {
    const container = shopContainer().register({
      job: asFunction(({ shopFactory }: any) => ({ shopFactory })).singleton(),
    })

    const { shopFactory } = container.createScope().resolve('job')

    expect(shopFactory).to.equal(container.resolve('shopFactory'))
  })

  it('S6: a singleton that is first resolved in a scope is built from the root', () => {
    const container = createContainer()
      .register({ name: asValue('root') })
      .register({
        helper: asFunction(({ name }: any) => `helper of ${name}`),
        job: asFunction(({ name, helper }: any) => `job of ${name}, ${helper}`).singleton(),
      })
    const scope = container.createScope().register('name', asValue('scope'))

    expect(scope.resolve('helper')).to.equal('helper of scope')
    expect(scope.resolve('job')).to.equal('job of root, helper of root')
    expect(container.resolve('job')).to.equal('job of root, helper of root')
  })

  it('S6: what only a scope has, a singleton cannot see', () => {
    const scope = createContainer<{ user: string }>()
      .register({ job: asFunction(({ user }: any) => ({ user })).singleton() })
      .createScope()
      .register('user', asValue('Ada'))

    expect(() => scope.resolve('job')).to.throw("Could not resolve 'user'")
  })

  it('S6: a resolution error that was caught does not hide a later one', () => {
    const container = shopContainer().register({
      job: asFunction((cradle: any) => {
        const errors: unknown[] = []
        for (const name of ['missing', 'orderService', 'missing', 'shop']) {
          try {
            errors.push(cradle[name])
          } catch (error) {
            errors.push((error as Error).message.split(/(?<=\.) |[:\n]/)[0])
          }
        }
        return errors
      }).singleton(),
    })

    expect(container.createScope().resolve('job')).to.deep.equal([
      "Could not resolve 'missing'.",
      'job (singleton) -> orderService (transient) -> shop (scoped)',
      "Could not resolve 'missing'.",
      'job (singleton) -> shop (scoped)',
    ])
  })

  it('S6: nor one that was caught in a dependency', () => {
    const container = shopContainer().register({
      careless: asFunction(({ broken }: any) => ({ broken })),
      broken: asFunction(() => {
        throw new Error('no')
      }),
      job: asFunction((cradle: any) => {
        try {
          return cradle.careless
        } catch {
          return cradle.orderService
        }
      }).singleton(),
    })

    expect(() => container.createScope().resolve('job')).to.throw(
      CaptiveDependencyError,
      'job (singleton) -> orderService (transient) -> shop (scoped)',
    )
  })

  it('S6: nothing that was refused is kept: the next try is refused as well', () => {
    const container = shopContainer()

    for (let i = 0; i < 2; i++) {
      expect(() => container.resolve('reportJob')).to.throw(CaptiveDependencyError, CHAIN)
    }
    expect(container.cache.size).to.equal(0)
  })

  it('S6: CLASSIC injection is checked in the same way', () => {
    class ClassicOrders {
      readonly shop: ShopContext
      constructor(shop: ShopContext) {
        this.shop = shop
      }
    }
    class ClassicJob {
      readonly orders: ClassicOrders
      constructor(orderService: ClassicOrders) {
        this.orders = orderService
      }
    }
    const container = createContainer({ injectionMode: InjectionMode.CLASSIC })
      .addDbContext('shop', ShopContext, { dialect: new RecordingDialect() })
      .register({
        orderService: asClass(ClassicOrders),
        reportJob: asClass(ClassicJob).singleton(),
      })
    const scope = container.createScope()

    expect(() => scope.resolve('reportJob')).to.throw(CaptiveDependencyError, CHAIN)
    expect(scope.resolve('orderService').shop).to.equal(scope.resolve('shop'))
  })

  it('S6: a singleton on a scope is refused', () => {
    const scope = createContainer().createScope()

    expect(() => scope.register({ job: asFunction(() => 1).singleton() }))
      .to.throw('"job" is a singleton, and was registered on a scope')
      .with.property('code', 'MAYFLY_REGISTRATION')
  })
})

describe('the strict mode of Awilix', () => {
  it('S6: refuses scoped -> transient, as Awilix does', () => {
    const register = {
      helper: asFunction(() => 1),
      service: asFunction(({ helper }: any) => helper).scoped(),
    }
    const strict = createContainer({ strict: true }).register(register)
    const awilix = createAwilixContainer({ strict: true }).register(register)

    const message = messageOf(() => strict.createScope().resolve('service'))

    expect(message).to.equal(messageOf(() => awilix.createScope().resolve('service')))
    expect(message).to.contain(
      "Dependency 'helper' has a shorter lifetime than its ancestor: 'service'",
    )
  })

  it('S6: checks what is in the cache already', () => {
    const container = createContainer({ strict: true, validateScopes: false }).register({
      user: asFunction(() => 'Ada').scoped(),
      job: asFunction(({ user }: any) => user).singleton(),
    })
    container.resolve('user')

    expect(() => container.resolve('job')).to.throw("'user' has a shorter lifetime")
  })

  it('S6: leaves leak-safe registrations, values and factories alone', () => {
    const container = createContainer({ strict: true })
      .addDbContext('shop', ShopContext, { dialect: new RecordingDialect() })
      .addDbContextFactory('shop')
      .register({
        limit: asValue(1),
        helper: asFunction(() => 2, { isLeakSafe: true }),
        job: asFunction(({ limit, helper, shopFactory }: any) => [
          limit,
          helper,
          typeof shopFactory,
        ]).singleton(),
      })

    expect(container.createScope().resolve('job')).to.deep.equal([1, 2, 'object'])
  })

  it('S6: a resolution error that was caught does not hide a later one', () => {
    const scope = createContainer({ strict: true, validateScopes: false })
      .register({
        helper: asFunction(() => 1),
        broken: asFunction(({ missing }: any) => ({ missing })).scoped(),
        service: asFunction((cradle: any) => {
          expect(() => cradle.broken).to.throw("Could not resolve 'missing'")
          return cradle.helper
        }).scoped(),
      })
      .createScope()

    expect(messageOf(() => scope.resolve('service'))).to.contain(
      "Dependency 'helper' has a shorter lifetime than its ancestor: 'service'",
    )
  })

  it('S6: looks through aliases', () => {
    const register = {
      service: asFunction(({ helper }: any) => helper).scoped(),
      helper: aliasTo('made'),
      made: asFunction(() => 1),
    }
    const strict = createContainer({ strict: true }).register(register)
    const awilix = createAwilixContainer({ strict: true }).register(register)

    const message = messageOf(() => strict.createScope().resolve('service'))

    expect(message).to.equal(messageOf(() => awilix.createScope().resolve('service')))
    expect(message).to.contain('Resolution path: service -> helper -> made')
  })

  it('S6: without validateScopes a singleton on a scope is refused as Awilix does', () => {
    const register = { job: asFunction(() => 1).singleton() }
    const strict = createContainer({ strict: true, validateScopes: false }).createScope()
    const awilix = createAwilixContainer({ strict: true }).createScope()

    expect(() => strict.register(register)).to.throw(
      AwilixRegistrationError,
      messageOf(() => awilix.register(register)),
    )
  })

  it('S6: without validateScopes it builds singletons from the root', () => {
    const container = createContainer({ strict: true, validateScopes: false }).register({
      name: asValue('root'),
      job: asFunction(({ name }: any) => name).singleton(),
    })

    expect(container.createScope().register('name', asValue('scope')).resolve('job')).to.equal(
      'root',
    )
  })
})

describe('without validateScopes', () => {
  const both = {
    Awilix: () => createAwilixContainer(),
    Mayfly: () => createContainer({ validateScopes: false }),
  }

  for (const [whose, create] of Object.entries(both)) {
    it(`S6: a scoped registration resolves from the root and is cached there (${whose})`, () => {
      const container = create().register({ service: awilixAsFunction(() => ({})).scoped() })

      const ofRoot = container.resolve('service')

      expect(container.resolve('service')).to.equal(ofRoot)
      expect(container.createScope().resolve('service')).not.to.equal(ofRoot)
    })

    it(`S6: a singleton captures what its first scope has (${whose})`, () => {
      const container = create().register({
        user: awilixAsFunction(() => ({})).scoped(),
        job: awilixAsFunction(({ user, name }: any) => ({ user, name })).singleton(),
      })
      const first = container.createScope().register('name', asValue('first'))
      const second = container.createScope().register('name', asValue('second'))

      const job = first.resolve('job')

      expect(job).to.deep.equal({ user: {}, name: 'first' })
      expect(job.user).to.equal(first.resolve('user'))
      expect(second.resolve('job')).to.equal(job)
      expect(container.resolve('job')).to.equal(job)
    })

    it(`S6: a stored cradle reads whatever it wants (${whose})`, () => {
      const container = create().register({
        user: awilixAsFunction(() => ({ name: 'Ada' })).scoped(),
        job: awilixAsClass(LazyJob<{ user: object }>).singleton(),
      })

      expect(container.resolve('job').read('user')).to.deep.equal({ name: 'Ada' })
    })

    it(`S6: a singleton may be registered on a scope, and is cached in the root (${whose})`, () => {
      const container = create()
      const scope = container
        .createScope()
        .register({ job: awilixAsFunction(() => ({})).singleton() })

      const job = scope.resolve('job')

      expect(scope.resolve('job')).to.equal(job)
      expect(container.cache.get('job')!.value).to.equal(job)
      expect(container.hasRegistration('job')).to.equal(false)
    })
  }
})

function messageOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('This should have failed.')
}
