import { asFunction as awilixAsFunction } from 'awilix'
import { expect } from 'chai'
import { asClass, asFunction, createContainer, ScopeEndedError } from 'mayfly'
import { deferred, failure, turn } from '../support/deferred.js'

/** A scoped service whose disposer writes down when it begins and when it ends. */
function journaled(name: string, journal: string[]) {
  const disposer = async () => {
    journal.push(`${name} begins`)
    await turn()
    journal.push(`${name} ends`)
  }
  return asFunction(() => ({ name }))
    .scoped()
    .disposer(disposer)
}

/** A scoped service whose disposer fails with this. */
function failing(error: unknown) {
  return asFunction(() => ({}))
    .scoped()
    .disposer(async () => {
      await turn()
      throw error
    })
}

describe('disposal', () => {
  it('S1: what was created last is disposed first', async () => {
    const order: string[] = []
    const named = (name: string) =>
      asFunction(() => ({ name }))
        .scoped()
        .disposer(() => order.push(name))
    const scope = createContainer()
      .createScope()
      .register({ first: named('first'), second: named('second'), third: named('third') })
    scope.resolve('second')
    scope.resolve('first')
    scope.resolve('third')

    await scope.dispose()

    expect(order).to.deep.equal(['third', 'first', 'second'])
  })

  it('S1: a dependency outlives what was built on it', async () => {
    const order: string[] = []
    class Connection implements AsyncDisposable {
      async [Symbol.asyncDispose]() {
        order.push('connection')
      }
    }
    class Repository implements Disposable {
      constructor({ connection }: { connection: Connection }) {
        void connection
      }
      [Symbol.dispose]() {
        order.push('repository')
      }
    }
    class Handler {
      constructor({ repository }: { repository: Repository }) {
        void repository
      }
      async [Symbol.asyncDispose]() {
        order.push('handler')
      }
    }
    const scope = createContainer()
      .register({
        handler: asClass(Handler).scoped(),
        repository: asClass(Repository).transient(),
        connection: asClass(Connection).scoped(),
      })
      .createScope()
    scope.resolve('handler')

    await scope.dispose()

    expect(order).to.deep.equal(['handler', 'repository', 'connection'])
  })

  it('S1: disposers run one after the other, and dispose() waits for the last', async () => {
    const journal: string[] = []
    const scope = createContainer()
      .createScope()
      .register({ a: journaled('a', journal), b: journaled('b', journal) })
    scope.resolve('a')
    scope.resolve('b')

    await scope.dispose()

    expect(journal).to.deep.equal(['b begins', 'b ends', 'a begins', 'a ends'])
  })

  it('S1: a disposer that fails stops no other, and its error is the one that is thrown', async () => {
    const journal: string[] = []
    const error = new Error('flush failed')
    const scope = createContainer()
      .createScope()
      .register({ a: journaled('a', journal), b: failing(error), c: journaled('c', journal) })
    scope.resolve('a')
    scope.resolve('b')
    scope.resolve('c')

    expect(await failure(scope.dispose())).to.equal(error)
    expect(journal).to.deep.equal(['c begins', 'c ends', 'a begins', 'a ends'])
  })

  it('S1: a disposer that throws synchronously is no different', async () => {
    const journal: string[] = []
    const error = new Error('close failed')
    const broken = asFunction(() => ({}))
      .scoped()
      .disposer(() => {
        throw error
      })
    const scope = createContainer()
      .createScope()
      .register({ a: journaled('a', journal), broken })
    scope.resolve('a')
    scope.resolve('broken')

    expect(await failure(scope.dispose())).to.equal(error)
    expect(journal).to.deep.equal(['a begins', 'a ends'])
  })

  it('S1: several errors arrive as an AggregateError, in the order in which they happened', async () => {
    const [first, second, third] = [new Error('1'), new Error('2'), new Error('3')]
    const container = createContainer()
    const scope = container
      .createScope()
      .register({ c: failing(third), b: failing(second), a: failing(first) })
    scope.resolve('c')
    scope.resolve('b')
    scope.resolve('a')

    const error: AggregateError = await failure(scope.dispose())

    expect(error).to.be.instanceOf(AggregateError)
    expect(error.errors).to.deep.equal([first, second, third])
    expect(error.message).to.equal('3 disposers failed when a scope was disposed.')
  })

  it('S1: errors of child scopes come before those of their parent', async () => {
    const [ofChild, ofParent] = [new Error('child'), new Error('parent')]
    const parent = createContainer()
      .createScope()
      .register({ service: failing(ofParent) })
    const child = parent.createScope().register({ service: failing(ofChild) })
    parent.resolve('service')
    child.resolve('service')

    const error: AggregateError = await failure(parent.dispose())

    expect(error.errors).to.deep.equal([ofChild, ofParent])
  })

  it('S1: thrown values that are no errors survive', async () => {
    const values = ['text', undefined, null, 0, { code: 1 }]
    const scope = createContainer().createScope()
    values.forEach((value, i) => scope.register(`service${i}`, failing(value)))
    values.forEach((_, i) => scope.resolve(`service${i}`))

    const error: AggregateError = await failure(scope.dispose())

    expect(error.errors).to.deep.equal(values.toReversed())
  })

  it('S1: a single thrown value that is no error is thrown as it is, even undefined', async () => {
    for (const value of ['text', undefined, null, 0]) {
      const scope = createContainer()
        .createScope()
        .register({ service: failing(value) })
      scope.resolve('service')

      expect(await failure(scope.dispose())).to.equal(value)
    }
  })

  it('S1: the disposers of the container follow the same rules', async () => {
    const journal: string[] = []
    const error = new Error('flush failed')
    const container = createContainer().register({
      a: journaled('a', journal).singleton(),
      b: failing(error).singleton(),
      c: journaled('c', journal).singleton(),
    })
    container.resolve('a')
    container.resolve('b')
    container.createScope().resolve('c')

    expect(await failure(container.dispose())).to.equal(error)
    expect(journal).to.deep.equal(['c begins', 'c ends', 'a begins', 'a ends'])
  })

  it('S2: every call returns the same promise, while the disposal runs and after it', async () => {
    const gate = deferred()
    let calls = 0
    const scope = createContainer()
      .createScope()
      .register(
        'service',
        asFunction(() => ({}))
          .scoped()
          .disposer(() => {
            calls++
            return gate.promise
          }),
      )
    scope.resolve('service')

    const first = scope.dispose()
    const second = scope.dispose()
    await turn()
    const third = scope[Symbol.asyncDispose]()
    gate.resolve()
    await first

    expect(second).to.equal(first)
    expect(third).to.equal(first)
    expect(scope.dispose()).to.equal(first)
    expect(calls).to.equal(1)
  })

  it('S2: a scope that owns nothing gives the same promise as well', async () => {
    const scope = createContainer().createScope()

    const first = scope.dispose()

    expect(scope.dispose()).to.equal(first)
    await first
    expect(scope.dispose()).to.equal(first)
  })

  it('S2: a disposal that failed fails again with the same error, and runs no disposer again', async () => {
    let calls = 0
    const scope = createContainer()
      .createScope()
      .register(
        'service',
        asFunction(() => ({}))
          .scoped()
          .disposer(() => {
            throw new Error(`call ${++calls}`)
          }),
      )
    scope.resolve('service')

    const first = await failure(scope.dispose())
    const second = await failure(scope.dispose())

    expect(first.message).to.equal('call 1')
    expect(second).to.equal(first)
  })

  it('S2: a disposal by the parent and one by the owner of a scope are one', async () => {
    const journal: string[] = []
    const container = createContainer().register({ service: journaled('service', journal) })
    const scope = container.createScope()
    scope.resolve('service')

    await Promise.all([container.dispose(), scope.dispose()])

    expect(journal).to.deep.equal(['service begins', 'service ends'])
  })

  for (const [whose, levels] of [
    ['its own scope', 0],
    ["its scope's parent", 1],
    ['the container', 2],
  ] as const) {
    it(`S2: a disposer that awaits the disposal of ${whose} gets an error and no deadlock`, async () => {
      const container = createContainer()
      const parent = container.createScope()
      const scope = parent.createScope()
      const awaited = [scope, parent, container][levels]!
      let seen: unknown
      scope.register(
        'service',
        asFunction(() => ({}))
          .scoped()
          .disposer(async () => {
            await turn()
            seen = await failure(awaited.dispose())
          }),
      )
      scope.resolve('service')

      await scope.dispose()

      expect(seen).to.be.instanceOf(ScopeEndedError)
      expect(seen).to.have.property('message').that.contains('A disposer awaits the disposal of')
    })
  }

  it('S2: a disposer that lets that error pass makes the disposal fail with it', async () => {
    const container = createContainer()
    const scope = container.createScope()
    scope.register(
      'service',
      asFunction(() => ({}))
        .scoped()
        .disposer(() => container.dispose()),
    )
    scope.resolve('service')

    const error = await failure(container.dispose())

    expect(error).to.be.instanceOf(ScopeEndedError)
    expect(error.message).to.contain('the container')
  })

  it('S2: two disposers of different scopes cannot wait for each other in a ring', async () => {
    const container = createContainer()
    const [a, b] = [container.createScope(), container.createScope()]
    const ending = (other: typeof a) =>
      awilixAsFunction(() => ({}))
        .scoped()
        .disposer(() => other.dispose())
    a.register('service', ending(b)).resolve('service')
    b.register('service', ending(a)).resolve('service')

    expect(await failure(a.dispose())).to.be.instanceOf(ScopeEndedError)
  })

  it('S2: a disposer may await the end of a scope that does not wait for it', async () => {
    const journal: string[] = []
    const container = createContainer()
    const scope = container.createScope()
    const other = container.createScope().register('service', journaled('other', journal))
    other.resolve('service')
    scope.register(
      'service',
      asFunction(() => ({}))
        .scoped()
        .disposer(() => other.dispose()),
    )
    scope.resolve('service')

    await scope.dispose()

    expect(journal).to.deep.equal(['other begins', 'other ends'])
  })

  it('S2: work that a disposer left behind may end the container, once the disposer has ended', async () => {
    const disposed = deferred()
    const shutdown = deferred()
    const container = createContainer()
    const scope = container.createScope()
    scope.register(
      'service',
      asFunction(() => ({}))
        .scoped()
        .disposer(() => {
          void disposed.promise
            .then(() => container.dispose())
            .then(shutdown.resolve, shutdown.reject)
        }),
    )
    scope.resolve('service')

    await scope.dispose()
    disposed.resolve()

    await shutdown.promise
  })

  it('S2: a disposer that only starts the disposal of its scope leaves no unhandled rejection', async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown) => unhandled.push(error)
    process.on('unhandledRejection', note)
    const scope = createContainer().createScope()
    scope.register(
      'service',
      asFunction(() => ({}))
        .scoped()
        .disposer(() => {
          void scope.dispose()
        }),
    )
    scope.resolve('service')

    await scope.dispose()
    await turn()
    process.off('unhandledRejection', note)

    expect(unhandled).to.deep.equal([])
  })

  it('S1, S2: await using ends a scope', async () => {
    const journal: string[] = []
    const container = createContainer().register({ service: journaled('service', journal) })

    {
      await using scope = container.createScope()
      scope.resolve('service')
    }

    expect(journal).to.deep.equal(['service begins', 'service ends'])
  })
})
