import { asValue, createContainer as createAwilixContainer } from 'awilix'
import { expect } from 'chai'
import {
  AbortedError,
  asClass,
  asFunction,
  ContextDisposedError,
  createContainer,
  DbContext,
  RegistrationError,
  runInScope,
  ScopeEndedError,
  type Container,
} from 'mayfly'
import { listen } from '../support/channel-log.js'
import { deferred, failure, turn } from '../support/deferred.js'
import { FaultDatabase } from '../support/fault-dialect.js'
import { RecordingDialect } from '../support/recording-dialect.js'

class ShopContext extends DbContext<{ users: { id: number; name: string } }> {
  readonly users = this.set('users', { key: 'id' })
}

class Session {
  ended = false
  async [Symbol.asyncDispose]() {
    await turn()
    this.ended = true
  }
}

function failing(error: unknown) {
  return asFunction(() => ({}))
    .scoped()
    .disposer(() => {
      throw error
    })
}

describe('runInScope', () => {
  it('gives what the work gives, after its scope has ended', async () => {
    const container = createContainer().register({ session: asClass(Session).scoped() })

    const session = await runInScope(container, scope => {
      expect(scope.cradle.session.ended).to.equal(false)
      return scope.cradle.session
    })

    expect(session.ended).to.equal(true)
  })

  it('waits for work that takes its time, and takes what is no promise', async () => {
    const gate = deferred<number>()
    const container = createContainer()

    const slow = runInScope(container, () => gate.promise)
    const quick = runInScope(container, () => 'done')
    gate.resolve(7)

    expect(await slow).to.equal(7)
    expect(await quick).to.equal('done')
  })

  it('gives each run a scope of its own', async () => {
    const container = createContainer().register({ session: asClass(Session).scoped() })

    const [one, other] = await Promise.all([
      runInScope(container, scope => scope.resolve('session')),
      runInScope(container, scope => scope.resolve('session')),
    ])

    expect(one).not.to.equal(other)
  })

  it('C6: runs queries on a context, and ends it', async () => {
    const dialect = new RecordingDialect(() => [{ id: 1, name: 'Ada' }])
    const container = createContainer().addDbContext('shop', ShopContext, { dialect })
    let shop!: ShopContext

    const names = await runInScope(container, { name: 'export' }, async scope => {
      shop = scope.resolve('shop')
      return (await shop.users.toList()).map(user => user.name)
    })

    expect(names).to.deep.equal(['Ada'])
    const error = await failure(shop.users.toList())
    expect(error).to.be.instanceOf(ContextDisposedError)
    expect(error.message).to.contain('it was ended with scope export')
  })

  it('S1: throws what the work throws, after its scope has ended', async () => {
    const error = new Error('no paper')
    const container = createContainer().register({ session: asClass(Session).scoped() })
    let session!: Session

    const thrown = await failure(
      runInScope(container, async scope => {
        session = scope.resolve('session')
        throw error
      }),
    )

    expect(thrown).to.equal(error)
    expect(thrown).not.to.have.property('suppressed')
    expect(session.ended).to.equal(true)
  })

  it('S1: a synchronous throw is no different', async () => {
    const error = new Error('no paper')
    const container = createContainer().register({ session: asClass(Session).scoped() })
    let session!: Session

    const run = runInScope(container, scope => {
      session = scope.resolve('session')
      throw error
    })

    expect(await failure(run)).to.equal(error)
    expect(session.ended).to.equal(true)
  })

  it('S1: errors of disposers are in the suppressed of what the work threw', async () => {
    const [error, first, second] = [new Error('work'), new Error('first'), 'second']
    const container = createContainer().register({ a: failing(second), b: failing(first) })

    const thrown = await failure(
      runInScope(container, scope => {
        scope.resolve('a')
        scope.resolve('b')
        throw error
      }),
    )

    expect(thrown).to.equal(error)
    expect(thrown.suppressed).to.deep.equal([first, second])
  })

  it('S1: what can carry no suppressed comes first in an AggregateError', async () => {
    const late = new Error('late')
    const container = createContainer().register({ a: failing(late) })

    const thrown: AggregateError = await failure(
      runInScope(container, scope => {
        scope.resolve('a')
        // oxlint-disable-next-line typescript/only-throw-error
        throw 'text'
      }),
    )

    expect(thrown).to.be.instanceOf(AggregateError)
    expect(thrown.errors).to.deep.equal(['text', late])
  })

  it('S1: errors of disposers are thrown when the work was good', async () => {
    const [first, second] = [new Error('first'), new Error('second')]
    const container = createContainer().register({ a: failing(second), b: failing(first) })

    const one = await failure(runInScope(container, scope => scope.resolve('a')))
    const both = await failure(
      runInScope(container, { name: 'nightly report' }, scope => ({ ...scope.cradle })),
    )

    expect(one).to.equal(second)
    expect(both.errors).to.deep.equal([first, second])
    expect(both.message).to.equal('2 disposers failed when scope nightly report was disposed.')
  })

  it('S3: its name is in the messages', async () => {
    const container = createContainer().register({ session: asClass(Session).scoped() })
    let named!: Container<{ session: Session }>
    let unnamed!: Container<{ session: Session }>
    await runInScope(container, { name: 'nightly report' }, scope => void (named = scope))
    await runInScope(container, scope => void (unnamed = scope))

    expect(() => named.resolve('session')).to.throw(ScopeEndedError, 'scope nightly report')
    expect(() => unnamed.resolve('session')).to.throw(ScopeEndedError, 'scope runInScope')
  })

  it('registers what only this scope has', async () => {
    const key = Symbol('key')
    const container = createContainer<{ tenant: string }>().register({
      greeting: asFunction(({ tenant }: { tenant: string }) => `hello ${tenant}`).scoped(),
    })

    const seen = await runInScope(
      container,
      { register: { tenant: asValue('north'), [key]: asValue(1) } },
      scope => [scope.cradle.greeting, scope.cradle.tenant, scope.resolve(key)],
    )

    expect(seen).to.deep.equal(['hello north', 'north', 1])
    expect(container.hasRegistration('tenant')).to.equal(false)
  })

  it('S6: a singleton cannot be registered for one scope', async () => {
    const register = { job: asFunction(() => 1).singleton() }

    const error = await failure(runInScope(createContainer(), { register }, () => 1))

    expect(error).to.be.instanceOf(RegistrationError)
  })

  it('D1: a scope that could not be given what it needs has ended', async () => {
    const container = createContainer()
    const register = { tenant: undefined as never }

    const events = await listen('mayfly:scope', async () => {
      const error = await failure(runInScope(container, { name: 'job', register }, () => {}))
      expect(error).to.be.instanceOf(RegistrationError)
    })

    expect(events.map(([event]) => event)).to.deep.equal(['start', 'end'])
  })

  it('hands the signal on, with its reason', async () => {
    const controller = new AbortController()
    const reason = new Error('shutdown')

    const seen = await runInScope(createContainer(), { signal: controller.signal }, scope => {
      const before = scope.signal.aborted
      controller.abort(reason)
      return { before, after: scope.signal.aborted, reason: scope.signal.reason as unknown }
    })

    expect(seen).to.deep.equal({ before: false, after: true, reason })
  })

  it('starts with an aborted signal when its own is aborted already', async () => {
    const reason = new Error('too late')

    const scopeReason = await runInScope(
      createContainer(),
      { signal: AbortSignal.abort(reason) },
      scope => scope.signal.reason as unknown,
    )

    expect(scopeReason).to.equal(reason)
  })

  it('leaves the signal alone when the work has ended', async () => {
    const controller = new AbortController()
    let signal!: AbortSignal
    const error = new Error('no')
    await runInScope(createContainer(), { signal: controller.signal }, scope => {
      signal = scope.signal
    })
    await failure(
      runInScope(createContainer(), { signal: controller.signal }, () => {
        throw error
      }),
    )

    controller.abort()

    expect(signal.aborted).to.equal(false)
  })

  it('S4: runs inside another scope, and ends with it at the latest', async () => {
    const container = createContainer().register({ session: asClass(Session).scoped() })
    const gate = deferred()
    const outer = container.createScope().register({ user: asValue('Ada') })
    let session!: Session

    const run = runInScope(outer, async scope => {
      session = scope.resolve('session')
      await gate.promise
      return scope.cradle.user
    })
    await outer.dispose()
    const endedWithOuter = session.ended
    gate.resolve()

    expect(endedWithOuter).to.equal(true)
    expect(await run).to.equal('Ada')
  })

  it('S3: is refused by a container that has ended', async () => {
    const container = createContainer()
    await container.dispose()

    const error = await failure(runInScope(container, () => 1))

    expect(error).to.be.instanceOf(ScopeEndedError)
    expect(error.message).to.contain('createScope() was asked of the container')
  })

  it('S2: work that ends its own scope is no harm', async () => {
    const container = createContainer().register({ session: asClass(Session).scoped() })

    const session = await runInScope(container, async scope => {
      const resolved = scope.resolve('session')
      await scope.dispose()
      return resolved
    })

    expect(session.ended).to.equal(true)
  })

  it('F1: its signal calls off what its contexts have not started, in parallel too', async () => {
    const { dialect } = new FaultDatabase()
    const container = createContainer()
      .addDbContext('shop', ShopContext, { dialect })
      .addDbContextFactory('shop')
    const controller = new AbortController()
    const reason = new Error('enough')

    const errors = await runInScope(
      container,
      { signal: controller.signal },
      async ({ cradle, signal }) => {
        await cradle.shop.users.toList()
        const parallel = failure(
          cradle.shopFactory.parallel([
            async db => {
              controller.abort(reason)
              await db.users.toList()
            },
          ]),
        )
        return [await parallel, await failure(cradle.shop.users.toList()), signal.reason]
      },
    )

    for (const error of errors.slice(0, 2)) {
      expect(error).to.be.instanceOf(AbortedError)
      expect(error.cause).to.equal(reason)
    }
    expect(errors[2]).to.equal(reason)
    await container.dispose()
  })

  it("needs one of Mayfly's containers", async () => {
    const error = await failure(runInScope(createAwilixContainer() as never, () => 1))

    expect(error).to.be.instanceOf(RegistrationError)
    expect(error.message).to.contain("createContainer() of 'mayfly'")
  })
})
