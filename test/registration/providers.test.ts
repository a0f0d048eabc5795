import { expect } from 'chai'
import { createContainer, RegistrationError, type ContextProvider } from 'mayfly'
import { failure, turn } from '../support/deferred.js'

/** A session of somebody else's library. */
class Session {
  readonly number: number
  tenant: string | undefined
  isOpen = true
  constructor(number: number) {
    this.number = number
  }
}

describe("contexts that are not Mayfly's", () => {
  let sessions: Session[]
  const provider = {
    create() {
      const session = new Session(sessions.length + 1)
      sessions.push(session)
      return session
    },
    reset(session: Session) {
      session.tenant = undefined
    },
    async dispose(session: Session) {
      await turn()
      session.isOpen = false
    },
  } satisfies ContextProvider<Session>

  beforeEach(() => {
    sessions = []
  })

  it('one per scope, disposed with it', async () => {
    await using container = createContainer().addDbContext('em', provider)
    const scope = container.createScope()
    const { em } = scope.cradle

    expect(scope.cradle.em).to.equal(em)
    expect(em.number).to.equal(1)
    await scope.dispose()
    expect(em.isOpen).to.equal(false)
    expect(() => container.cradle.em).to.throw('resolved from the root container')
  })

  it('create sees the cradle, onLease runs, and a factory makes more', async () => {
    await using container = createContainer()
      .register({ limit: { resolve: () => 3 } as never })
      .addDbContextFactory(
        'em',
        {
          ...provider,
          create({ limit }: { limit: number }) {
            const session = provider.create()
            session.tenant = `limit ${limit}`
            return session
          },
        },
        { onLease: session => void (session.tenant += ', leased') },
      )
    const { emFactory } = container.cradle
    const results = await emFactory.parallel([async em => em.tenant, async em => em.number])

    expect(results).to.deep.equal(['limit 3, leased', 2])
    expect(sessions.map(({ isOpen }) => isOpen)).to.deep.equal([false, false])
  })

  it('P7: pooled sessions are reset and used again, and their pool is emptied with the container', async () => {
    const container = createContainer().addDbContextPool('em', provider, { poolSize: 1 })
    for (let i = 0; i < 3; i++) {
      await using scope = container.createScope()
      expect(scope.cradle.em.tenant).to.equal(undefined)
      scope.cradle.em.tenant = String(i)
    }
    expect(container.stats().contexts['em']).to.deep.equal({
      leased: 0,
      idle: 1,
      created: 1,
      dropped: 0,
    })
    await container.dispose()

    expect(sessions.map(({ isOpen }) => isOpen)).to.deep.equal([false])
  })

  it('P2, P3: one that finds no place, or cannot be reset, is disposed', async () => {
    const failing = new Error('cannot reset')
    let fails = false
    const container = createContainer().addDbContextPool(
      'em',
      {
        ...provider,
        reset() {
          if (fails) throw failing
        },
      },
      { poolSize: 1 },
    )
    const scopes = [container.createScope(), container.createScope()]
    for (const scope of scopes) void scope.cradle.em
    for (const scope of scopes) await scope.dispose()
    expect(sessions.map(({ isOpen }) => isOpen)).to.deep.equal([true, false])

    fails = true
    const scope = container.createScope()
    void scope.cradle.em
    expect(await failure(scope.dispose())).to.equal(failing)
    expect(container.stats().contexts['em']).to.deep.equal({
      leased: 0,
      idle: 0,
      created: 2,
      dropped: 2,
    })
    await container.dispose()
  })

  it('P7: a pool of sessions without reset is refused', () => {
    const { create } = provider
    for (const call of [
      () => createContainer().addDbContextPool('em', { create } as never),
      () => createContainer().addPooledDbContextFactory('em', { create } as never),
      () =>
        createContainer()
          .addDbContext('em', { create })
          .addPooledDbContextFactory('em' as never),
    ]) {
      expect(call).to.throw(RegistrationError, 'needs reset(session)')
    }
  })
})
