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

  it('P2, P6: a create() that fails counts for nothing', () => {
    const failing = new Error('no session')
    const broken = {
      ...provider,
      create(): Session {
        throw failing
      },
    }
    for (const container of [
      createContainer().addDbContext('em', broken),
      createContainer().addDbContextPool('em', broken),
    ]) {
      for (let i = 0; i < 3; i++)
        expect(() => container.createScope().cradle.em).to.throw(failing.message)
      expect(container.stats().contexts['em']).to.deep.equal({
        leased: 0,
        idle: 0,
        created: 0,
        dropped: 0,
      })
    }
  })

  it('P6: an onLease that fails drops the session, and counts it', async () => {
    await using container = createContainer().addDbContext('em', provider, {
      onLease() {
        throw new Error('no tenant')
      },
    })
    await using scope = container.createScope()
    expect(() => scope.cradle.em).to.throw('no tenant')
    while (sessions[0]!.isOpen) await turn()

    expect(container.stats().contexts['em']).to.deep.equal({
      leased: 0,
      idle: 0,
      created: 1,
      dropped: 1,
    })
  })

  it('a create() that gives no session is refused, and what a promise gives is disposed', async () => {
    for (const [made, text] of [
      [null, "create() of the provider 'em' gave null"],
      [undefined, 'gave undefined'],
      [5, 'gave a number'],
    ] as const) {
      const container = createContainer().addDbContext('em', { create: () => made as never })
      expect(() => container.createScope().cradle.em).to.throw(RegistrationError, text)
      expect(container.stats().contexts['em']!.created).to.equal(0)
    }
    const late = createContainer().addDbContext('em', {
      ...provider,
      create: async () => provider.create(),
    } as never)
    expect(() => late.createScope().resolve('em')).to.throw(RegistrationError, 'gave a promise')
    while (sessions[0]?.isOpen !== false) await turn()

    const callable = Object.assign(() => 1, { query: () => 2 })
    const container = createContainer().addDbContext('knex', { create: () => callable })
    expect(container.createScope().cradle.knex).to.equal(callable)
  })

  it('S1: one session that cannot be disposed does not keep the pool from the others', async () => {
    const failures = [new Error('1'), new Error('2')]
    const container = createContainer().addDbContextPool('em', {
      ...provider,
      async dispose(session: Session) {
        session.isOpen = false
        throw failures[session.number - 1]
      },
    })
    const scopes = [container.createScope(), container.createScope()]
    for (const scope of scopes) scope.cradle.em.isOpen satisfies boolean
    for (const scope of scopes) await scope.dispose()
    const error = await failure(container.dispose())

    expect(new Set(error.errors)).to.deep.equal(new Set(failures))
    expect(sessions.map(({ isOpen }) => isOpen)).to.deep.equal([false, false])
  })

  it('S1: nor do contexts that their maker forgot', async () => {
    const failures = [new Error('1'), new Error('2')]
    const container = createContainer().addDbContextFactory('em', {
      ...provider,
      async dispose(session: Session) {
        session.isOpen = false
        throw failures[session.number - 1]
      },
    })
    const scope = container.createScope()
    for (let i = 0; i < 2; i++) scope.cradle.emFactory.createDbContext().isOpen satisfies boolean
    const error = await failure(scope.dispose())

    expect(error.errors).to.deep.equal(failures)
    expect(sessions.map(({ isOpen }) => isOpen)).to.deep.equal([false, false])
  })

  it('an option that only contexts have, or that belongs to another call, is refused', () => {
    expect(() => createContainer().addDbContext('em', provider, { dialect: {} } as never)).to.throw(
      RegistrationError,
      `addDbContext('em') has no option "dialect". It takes onLease, lifetime`,
    )
    expect(() => createContainer().addDbContext('em', provider, { poolSize: 5 } as never)).to.throw(
      RegistrationError,
      'poolSize must be given to addDbContextPool or addPooledDbContextFactory',
    )
  })

  it('P1, P7: a pooled session is never with two at once', async () => {
    await using container = createContainer().addDbContextPool('em', provider)
    await using first = container.createScope()
    first.cradle.em.isOpen satisfies boolean
    await first.dispose()
    await using one = container.createScope()
    await using other = container.createScope()

    expect([one.cradle.em.number, other.cradle.em.number]).to.deep.equal([1, 2])
  })
})
