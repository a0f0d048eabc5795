import { asValue } from 'awilix'
import { expect } from 'chai'
import { asClass, asFunction, createContainer, DbContext, type Container } from 'mayfly'
import { collectGarbage, heapInUse } from '../support/garbage.js'
import { RecordingDialect } from '../support/recording-dialect.js'

class ShopContext extends DbContext<{ users: { id: number } }> {
  readonly users = this.set('users', { key: 'id' })
}

class Session {
  async [Symbol.asyncDispose]() {}
}

class Handler {
  readonly request: object
  constructor({ request }: { request: object }) {
    this.request = request
  }
}

function appContainer() {
  return createContainer()
    .addDbContext('shop', ShopContext, { dialect: new RecordingDialect() })
    .addDbContextFactory('shop')
    .register({
      session: asClass(Session).scoped(),
      handler: asClass(Handler).scoped(),
      helper: asFunction(() => ({})),
    })
}

/** Uses a scope, and gives nothing out but weak references. */
function refsOf(container: Container<any>, ...names: string[]): WeakRef<object>[] {
  const scope = container.createScope().register({ request: asValue({}) })
  const made = names.map(name => scope.resolve<object>(name))
  return [scope, scope.cradle, ...made].map(object => new WeakRef(object))
}

function alive(refs: readonly WeakRef<object>[]): number {
  return refs.filter(ref => ref.deref() !== undefined).length
}

describe('the memory of scopes', () => {
  it('S4: a dropped scope that owns nothing to dispose is collected', async () => {
    const container = appContainer()
    const refs = refsOf(container, 'handler', 'helper', 'shopFactory')

    await collectGarbage()

    expect(alive(refs)).to.equal(0)
    expect(container.resolve('shopFactory')).to.be.an('object')
  })

  it('S4: a disposed scope leaves nothing behind in its parent', async () => {
    const container = appContainer()
    const refs = await (async () => {
      const scope = container.createScope().register({ request: asValue({}) })
      const { session, handler, shop, shopFactory } = scope.cradle as any
      const made = shopFactory.createDbContext() as object
      await scope.dispose()
      return [scope, scope.cradle, session, handler, shop, shopFactory, made].map(
        object => new WeakRef<object>(object as object),
      )
    })()

    await collectGarbage()

    expect(alive(refs)).to.equal(0)
    expect(container.createScope().resolve('session')).to.be.instanceOf(Session)
  })

  it('S4: a disposed grandchild leaves nothing behind, nor does the scope between', async () => {
    const container = appContainer()
    const refs = await (async () => {
      const scope = container.createScope()
      const inner = scope.createScope()
      inner.resolve('session')
      await inner.dispose()
      return [new WeakRef<object>(scope), new WeakRef<object>(inner)]
    })()

    await collectGarbage()

    expect(alive(refs)).to.equal(0)
    expect(container.createScope()).to.be.an('object')
  })

  it('S4: a singleton that was first resolved in a scope does not keep the scope', async () => {
    const container = appContainer().register({ clock: asClass(Handler).singleton() })
    container.register({ request: asValue({}) })
    const refs = refsOf(container, 'clock').slice(0, 2)

    await collectGarbage()

    expect(alive(refs)).to.equal(0)
    expect(container.resolve('clock')).to.be.instanceOf(Handler)
  })

  it('S4: the container does not keep transients', async () => {
    const container = createContainer().register({ session: asClass(Session) })
    const ref = (() => new WeakRef(container.resolve('session')))()

    await collectGarbage()

    expect(ref.deref()).to.equal(undefined)
    expect(container.resolve('session')).to.be.instanceOf(Session)
  })

  const lives: Record<string, (container: Container<any>) => unknown> = {
    'dropped unused': container => container.createScope(),
    'used and dropped': container => {
      container
        .createScope()
        .register({ request: asValue({}) })
        .resolve('handler')
    },
    'disposed unused': container => container.createScope().dispose(),
    'used and disposed': async container => {
      const scope = container.createScope().register({ request: asValue({}) })
      scope.resolve('session')
      scope.resolve('shop')
      await scope.dispose()
    },
  }
  const SCOPES = 200_000

  for (const [life, live] of Object.entries(lives)) {
    it(`S4: ${SCOPES} scopes, ${life}, leave the heap flat`, async () => {
      const container = appContainer()
      for (let i = 0; i < 1000; i++) await live(container)
      const before = await heapInUse()

      for (let i = 0; i < SCOPES; i++) {
        const end = live(container)
        if (end instanceof Promise) await end
      }
      const bytesPerScope = ((await heapInUse()) - before) / SCOPES

      // A reference in a set is 8 bytes at least, and what it holds a hundred.
      expect(bytesPerScope).to.be.below(8)
    }).timeout(60_000)
  }
})
