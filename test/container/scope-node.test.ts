import { aliasTo, asValue } from 'awilix'
import { expect } from 'chai'
import {
  asClass,
  asFunction,
  createContainer,
  DbContext,
  runInScope,
  ScopeEndedError,
  type Container,
} from 'mayfly'
import { deferred, failure } from '../support/deferred.js'
import { RecordingDialect } from '../support/recording-dialect.js'

class ShopContext extends DbContext<{ users: { id: number } }> {
  readonly users = this.set('users', { key: 'id' })
}

class Clock {
  readonly startedAt = 0
}

class Mailer {
  sent = 0
}

function shopContainer() {
  return createContainer()
    .addDbContext('shop', ShopContext, { dialect: new RecordingDialect() })
    .addDbContextFactory('shop')
    .register({
      mailer: asClass(Mailer).scoped(),
      clock: asClass(Clock).singleton(),
      helper: asFunction(() => ({})),
      limit: asValue(50),
      maximum: aliasTo<number>('limit'),
      post: aliasTo<Mailer>('mailer'),
    })
}

/** A scope that ended with its work, and what it had made. */
async function endedScope() {
  let ended!: ReturnType<typeof shopContainer>
  const made = await runInScope(shopContainer(), { name: 'nightly report' }, scope => {
    ended = scope
    return { shopFactory: scope.cradle.shopFactory }
  })
  return { scope: ended, ...made }
}

describe('the end of a scope', () => {
  const waysToBuild: Record<string, (scope: ReturnType<typeof shopContainer>) => unknown> = {
    'resolve of a scoped service': scope => scope.resolve('mailer'),
    'resolve of a context': scope => scope.resolve('shop'),
    'resolve of a factory': scope => scope.resolve('shopFactory'),
    'resolve of a transient': scope => scope.resolve('helper'),
    'resolve of an unbuilt singleton': scope => scope.resolve('clock'),
    'resolve of an alias': scope => scope.resolve('post'),
    'a cradle property': scope => scope.cradle.mailer,
    'build of a class': scope => scope.build(Mailer),
    'build of a function': scope => scope.build(() => ({})),
    'build of a resolver': scope => scope.build(asClass(Mailer)),
    createScope: scope => scope.createScope(),
  }

  for (const [way, build] of Object.entries(waysToBuild)) {
    it(`S3: after it ${way} is a ScopeEndedError that names the scope`, async () => {
      const { scope } = await endedScope()

      expect(() => build(scope))
        .to.throw(ScopeEndedError, 'scope nightly report, which has ended')
        .with.property('code', 'MAYFLY_SCOPE_ENDED')
    })
  }

  it('S3: after it a factory makes no context', async () => {
    const { shopFactory } = await endedScope()

    const names = 'shopFactory was asked of scope nightly report, which has ended'
    expect(() => shopFactory.createDbContext()).to.throw(ScopeEndedError, names)
    expect(await failure(shopFactory.use(async () => 1))).to.be.instanceOf(ScopeEndedError)
    expect(await failure(shopFactory.parallel([async () => 1]))).to.be.instanceOf(ScopeEndedError)
  })

  it('S3: the message says what was asked, and what to do', async () => {
    const { scope } = await endedScope()

    expect(() => scope.resolve('mailer')).to.throw(
      '"mailer" was asked of scope nightly report, which has ended. Await all work before the end of its scope; ' +
        'for work that goes on longer, use runInScope(container, work).',
    )
  })

  it('S3: values, their aliases and built singletons still resolve', async () => {
    const container = shopContainer()
    const clock = container.resolve('clock')
    const scope = container.createScope()

    await scope.dispose()

    expect(scope.resolve('limit')).to.equal(50)
    expect(scope.cradle.maximum).to.equal(50)
    expect(scope.cradle.clock).to.equal(clock)
  })

  it('S3: a registration that is missing is still reported as missing', async () => {
    const { scope } = await endedScope()

    expect(() => scope.resolve('mailman')).to.throw("Could not resolve 'mailman'.")
    expect(scope.resolve('mailman', { allowUnregistered: true })).to.equal(undefined)
  })

  it('S3: nothing is built from the moment at which dispose() was called', async () => {
    const gate = deferred()
    const scope = createContainer()
      .createScope()
      .register({
        first: asFunction(() => 'first')
          .scoped()
          .disposer(() => gate.promise),
        second: asFunction(() => 'second').scoped(),
      })
    scope.resolve('first')

    const disposal = scope.dispose()

    expect(() => scope.resolve('second')).to.throw(ScopeEndedError)
    expect(() => scope.createScope()).to.throw(ScopeEndedError)
    gate.resolve()
    await disposal
  })

  it('S3: during the disposal an instance resolves until its own turn has come', async () => {
    const seen: string[] = []
    const scope = createContainer().createScope()
    const look = (name: string) => {
      try {
        return scope.resolve<string>(name)
      } catch (error) {
        return (error as Error).name
      }
    }
    const looking = (name: string) =>
      asFunction(() => name)
        .scoped()
        .disposer(() => seen.push(`${look('a')} ${look('b')} ${look('c')} ${look('plain')}`))
    scope.register({ a: looking('a'), b: looking('b'), c: looking('c') })
    scope.register('plain', asFunction(() => 'plain').scoped())
    for (const name of ['a', 'plain', 'b', 'c']) scope.resolve(name)

    await scope.dispose()

    expect(seen).to.deep.equal([
      'a b ScopeEndedError plain',
      'a ScopeEndedError ScopeEndedError plain',
      'ScopeEndedError ScopeEndedError ScopeEndedError plain',
    ])
    expect(look('plain')).to.equal('ScopeEndedError')
  })

  it('S3: a disposer can use the context that it was built on, but make no new one', async () => {
    const dialect = new RecordingDialect(() => [{ count: 7 }])
    const seen: unknown[] = []
    class Outbox {
      readonly shop: ShopContext
      readonly #cradle: { shop: ShopContext; audit: ShopContext }
      constructor(cradle: { shop: ShopContext; audit: ShopContext }) {
        this.#cradle = cradle
        this.shop = cradle.shop
      }
      async [Symbol.asyncDispose]() {
        seen.push(await this.#cradle.shop.users.count())
        this.#cradle.audit satisfies ShopContext
      }
    }
    const container = createContainer()
      .addDbContext('shop', ShopContext, { dialect })
      .addDbContext('audit', ShopContext, { dialect })
      .register({ outbox: asClass(Outbox).scoped() })
    const scope = container.createScope()
    scope.resolve('outbox')

    const error = await failure(scope.dispose())

    expect(seen).to.deep.equal([7])
    expect(error).to.be.instanceOf(ScopeEndedError)
    expect(error.message).to.contain('"audit" was asked of a scope')
  })

  it('S3: the container ends in the same way', async () => {
    const container = shopContainer()
    const clock = container.resolve('clock')
    const shopFactory = container.resolve('shopFactory')

    await container.dispose()

    expect(container.resolve('clock')).to.equal(clock)
    expect(() => container.resolve('helper')).to.throw(ScopeEndedError, 'the container')
    expect(() => container.createScope()).to.throw(ScopeEndedError, 'the container')
    expect(() => container.build(Mailer)).to.throw(ScopeEndedError, 'the container')
    expect(() => shopFactory.createDbContext()).to.throw(ScopeEndedError, 'the container')
    expect(container.resolve('limit')).to.equal(50)
  })

  for (const [way, build] of Object.entries(waysToBuild)) {
    it(`S3, S4: an unused scope ends with its parent: ${way}`, async () => {
      const container = shopContainer()
      const scope = container.createScope() as typeof container
      const grandchild = scope.createScope() as typeof container

      await container.dispose()

      expect(() => build(scope)).to.throw(ScopeEndedError, 'a scope of the container')
      expect(() => build(grandchild)).to.throw(ScopeEndedError, 'a scope of the container')
    })
  }

  it('S3, S4: while its parent ends, a scope whose turn has not come builds nothing that would be left', async () => {
    const gate = deferred()
    const container = shopContainer().register({
      slow: asFunction(() => ({}))
        .scoped()
        .disposer(() => gate.promise),
    })
    const unused = container.createScope()
    const used = container.createScope()
    const waiting = container.createScope()
    waiting.resolve('slow')
    used.resolve('slow')

    const disposal = container.dispose()

    expect(() => unused.resolve('slow')).to.throw(ScopeEndedError)
    expect(() => waiting.resolve('shop')).to.throw(ScopeEndedError)
    gate.resolve()
    await disposal
  })

  it('S3, S5: what a constructor makes that ends its own scope is disposed all the same', async () => {
    const disposed: string[] = []
    let disposal: Promise<void> | undefined
    class Quitter {
      constructor({ quit }: { quit: () => void }) {
        quit()
      }
      async [Symbol.asyncDispose]() {
        disposed.push('quitter')
      }
    }
    const scope: Container<{ quitter: Quitter }> = createContainer()
      .createScope()
      .register({
        quit: asValue(() => void (disposal = scope.dispose())),
        quitter: asClass(Quitter).scoped(),
      })

    scope.resolve('quitter')
    await disposal

    expect(disposed).to.deep.equal(['quitter'])
  })

  it('S3, S5: and so is what a factory makes for it', async () => {
    const dialect = new RecordingDialect()
    let disposal: Promise<void> | undefined
    const container = createContainer<{ quit: () => void }>()
      .addDbContext('shop', ShopContext, { dialect, onLease: (_, { quit }) => quit() })
      .addDbContextFactory('shop')
    const scope = container.createScope().register({
      quit: asValue(() => void (disposal = scope.dispose())),
    }) as typeof container

    const shop = scope.resolve('shopFactory').createDbContext()
    await disposal

    expect(await failure(shop.users.toList())).to.have.property('name', 'ContextDisposedError')
  })
})

describe('a scope and its parent', () => {
  const tracked = (name: string, order: string[]) =>
    asFunction(() => ({ name }))
      .scoped()
      .disposer(() => order.push(name))

  it('S4: disposing a parent disposes its live child scopes first, the youngest first', async () => {
    const order: string[] = []
    const container = createContainer().register({ own: tracked('container', order).singleton() })
    const first = container.createScope().register({ own: tracked('first', order) })
    const inner = first.createScope().register({ own: tracked('inner', order) })
    const second = container.createScope().register({ own: tracked('second', order) })
    for (const scope of [first, inner, second, container]) scope.resolve('own')

    await container.dispose()

    expect(order).to.deep.equal(['second', 'inner', 'first', 'container'])
  })

  it('S4: a grandchild is reached through a scope that owns nothing', async () => {
    const order: string[] = []
    const container = createContainer()
    const grandchild = container.createScope().createScope()
    grandchild.register({ own: tracked('grandchild', order) }).resolve('own')

    await container.dispose()

    expect(order).to.deep.equal(['grandchild'])
  })

  it('S4: a child that has ended is not disposed again', async () => {
    const order: string[] = []
    const container = createContainer().register({ own: tracked('own', order) })
    const child = container.createScope()
    child.resolve('own')

    await child.dispose()
    await container.dispose()

    expect(order).to.deep.equal(['own'])
  })

  it('S4: disposing a child leaves its parent and its siblings alone', async () => {
    const order: string[] = []
    const container = createContainer().register({ own: tracked('own', order) })
    const [one, other] = [container.createScope(), container.createScope()]
    one.resolve('own')
    const kept = other.resolve('own')

    await one.dispose()

    expect(order).to.deep.equal(['own'])
    expect(other.resolve('own')).to.equal(kept)
    expect(container.createScope().resolve('own')).to.deep.equal({ name: 'own' })
  })

  it('S4: a child that is already being disposed is waited for', async () => {
    const order: string[] = []
    const gate = deferred()
    const container = createContainer().register({
      own: tracked('container', order).singleton(),
      slow: asFunction(() => ({}))
        .scoped()
        .disposer(async () => {
          await gate.promise
          order.push('child')
        }),
    })
    container.resolve('own')
    const child = container.createScope()
    child.resolve('slow')

    const ofChild = child.dispose()
    const ofContainer = container.dispose()
    gate.resolve()
    await Promise.all([ofChild, ofContainer])

    expect(order).to.deep.equal(['child', 'container'])
  })

  it('S4: a failing child stops neither its siblings nor its parent', async () => {
    const order: string[] = []
    const error = new Error('flush failed')
    const broken = asFunction(() => ({}))
      .scoped()
      .disposer(() => {
        throw error
      })
    const container = createContainer().register({ own: tracked('own', order) })
    const sibling = container.createScope()
    sibling.resolve('own')
    container.createScope().register({ broken }).resolve('broken')

    expect(await failure(container.dispose())).to.equal(error)
    expect(order).to.deep.equal(['own'])
  })

  it('S4: 10,000 scopes within each other resolve, own and end without a deep stack', async () => {
    const ended: number[] = []
    const container = createContainer().register({
      own: asFunction(({ depth }: { depth: number }) => depth)
        .scoped()
        .disposer(depth => void ended.push(depth)),
    })
    let scope: Container<any> = container
    for (let depth = 0; depth < 10_000; depth++) {
      scope = scope.createScope().register({ depth: asValue(depth) })
      if (depth % 100 === 99) scope.resolve('own')
    }

    expect(scope.cradle.own).to.equal(9999)
    expect(Object.keys(scope.registrations)).to.include.members(['own', 'depth'])
    await container.dispose()

    expect(ended).to.deep.equal(Array.from({ length: 100 }, (_, i) => 9999 - i * 100))
  })

  it('S3: a built singleton still resolves when the container has ended, unless it was disposed', async () => {
    const container = createContainer().register({
      clock: asFunction(() => ({ now: 1 })).singleton(),
      late: asFunction(() => ({})).singleton(),
      closed: asFunction(() => ({}))
        .singleton()
        .disposer(() => {}),
      answer: asValue(42),
    })
    const scope = container.createScope()
    const { clock, closed } = container.cradle
    await container.dispose()

    expect(closed).to.be.an('object')
    for (const asked of [container, scope]) {
      expect(asked.resolve('clock')).to.equal(clock)
      expect(asked.cradle.answer).to.equal(42)
      expect(() => asked.resolve('late')).to.throw(ScopeEndedError)
      expect(() => asked.resolve('closed')).to.throw(ScopeEndedError)
    }
  })
})
