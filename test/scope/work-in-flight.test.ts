import { expect } from 'chai'
import {
  asClass,
  createContainer,
  DbContext,
  RegistrationError,
  runInScope,
  ScopeEndedError,
} from 'mayfly'
import { deferred, failure, turn } from '../support/deferred.js'
import { RecordingDialect } from '../support/recording-dialect.js'

class ShopContext extends DbContext<{ users: { id: number } }> {
  readonly users = this.set('users', { key: 'id' })
}

class Session {
  ended = false
  async [Symbol.asyncDispose]() {
    this.ended = true
  }
}

/** A container, and work that runs in it until the test lets it end. */
function atWork(gracePeriod?: number) {
  const dialect = new RecordingDialect()
  const gate = deferred()
  const container = createContainer(gracePeriod === undefined ? {} : { gracePeriod })
    .addDbContext('shop', ShopContext, { dialect })
    .register({ session: asClass(Session).scoped() })
  return { container, dialect, gate }
}

describe('the end of a container with work in flight', () => {
  it('S9: waits for the work, which goes on as before', async () => {
    const { container, dialect, gate } = atWork()
    const order: string[] = []
    const work = runInScope(container, async scope => {
      await gate.promise
      await scope.cradle.shop.users.toList()
      order.push('work')
      return scope.cradle.session
    })

    const end = container.dispose().then(() => order.push('container'))
    await turn()
    gate.resolve()
    const session = await work
    await end

    expect(order).to.deep.equal(['work', 'container'])
    expect(session.ended).to.equal(true)
    expect(dialect.log.slice(-2)).to.deep.equal(['release', 'destroy'])
  })

  it('S9: refuses new scopes at once', async () => {
    const { container, gate } = atWork()
    const work = runInScope(container, () => gate.promise)

    const end = container.dispose()

    expect(() => container.createScope()).to.throw(ScopeEndedError, 'the container')
    expect(await failure(runInScope(container, () => 1))).to.be.instanceOf(ScopeEndedError)
    gate.resolve()
    await Promise.all([work, end])
  })

  it('S9: waits for work that fails, too', async () => {
    const { container, gate } = atWork()
    const error = new Error('no paper')
    const work = failure(
      runInScope(container, async () => {
        await gate.promise
        throw error
      }),
    )

    const end = container.dispose()
    gate.resolve()

    expect(await work).to.equal(error)
    await end
  })

  it('S9: calls off what still runs after the grace period, and waits for it once more', async () => {
    const { container } = atWork(0)
    let session!: Session
    const work = runInScope(container, async scope => {
      session = scope.resolve('session')
      const aborted = deferred()
      scope.signal.addEventListener('abort', () => aborted.resolve())
      await aborted.promise
      return { reason: scope.signal.reason as Error, endedBefore: session.ended }
    })

    const end = container.dispose()
    const { reason, endedBefore } = await work
    await end

    expect(reason).to.have.property('code', 'MAYFLY_ABORTED')
    expect(endedBefore).to.equal(false)
    expect(session.ended).to.equal(true)
  })

  it('S9: waits for nothing when nothing runs, also after work has ended', async () => {
    const { container } = atWork()
    const session = await runInScope(container, scope => scope.resolve('session'))
    const open = container.createScope().resolve('session')

    await container.dispose()

    expect([session.ended, open.ended]).to.deep.equal([true, true])
  })

  it('S9: takes a grace period that is a whole number of ms, 0 or more', () => {
    for (const gracePeriod of [-1, 0.5, NaN, Infinity, '5' as never]) {
      expect(() => createContainer({ gracePeriod })).to.throw(RegistrationError, 'gracePeriod')
    }
    createContainer({ gracePeriod: 0 })
  })
})
