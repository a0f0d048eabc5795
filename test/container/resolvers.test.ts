import {
  aliasTo,
  asClass as awilixAsClass,
  asFunction as awilixAsFunction,
  asValue,
  createBuildResolver,
  createDisposableResolver,
  Lifetime,
  RESOLVER,
} from 'awilix'
import { expect } from 'chai'
import { asClass, asFunction, createContainer, DbContext } from 'mayfly'
import { RecordingDialect } from '../support/recording-dialect.js'

/** Counts how often it was disposed. */
class Disposable {
  disposed = 0
  async [Symbol.asyncDispose]() {
    this.disposed++
  }
}

class SyncDisposable {
  disposed = 0;
  [Symbol.dispose]() {
    this.disposed++
  }
}

class Both {
  readonly calls: string[] = [];
  [Symbol.dispose]() {
    this.calls.push('dispose')
  }
  async [Symbol.asyncDispose]() {
    this.calls.push('asyncDispose')
  }
}

describe('who is disposed', () => {
  it('S5: a scope disposes what it built with asClass, scoped and transient', async () => {
    const scope = createContainer()
      .register({ scoped: asClass(Disposable).scoped(), transient: asClass(SyncDisposable) })
      .createScope()
    const instances = [
      scope.resolve('scoped'),
      scope.resolve('transient'),
      scope.resolve('transient'),
    ]

    await scope.dispose()

    expect(instances.map(instance => instance.disposed)).to.deep.equal([1, 1, 1])
  })

  it('S5: Symbol.asyncDispose goes before Symbol.dispose', async () => {
    const scope = createContainer()
      .createScope()
      .register({ both: asClass(Both).scoped() })
    const both = scope.resolve('both')

    await scope.dispose()

    expect(both.calls).to.deep.equal(['asyncDispose'])
  })

  it('S5: a disposer goes before the symbols, and gets the instance', async () => {
    const seen: unknown[] = []
    const scope = createContainer()
      .createScope()
      .register({
        both: asClass(Both)
          .scoped()
          .disposer(value => seen.push(value)),
      })
    const both = scope.resolve('both')

    await scope.dispose()

    expect(seen).to.deep.equal([both])
    expect(both.calls).to.deep.equal([])
  })

  it("S5: a method that is only called dispose is nobody's business", async () => {
    class Disposer {
      calls = 0
      dispose() {
        this.calls++
      }
    }
    const scope = createContainer()
      .createScope()
      .register({ disposer: asClass(Disposer).scoped() })
    const disposer = scope.resolve('disposer')

    await scope.dispose()

    expect(disposer.calls).to.equal(0)
  })

  for (const [call, fluent] of [
    ['asClass', () => asClass(Disposable).singleton().classic().proxy().scoped()],
    ['options', () => asClass(Disposable, { lifetime: Lifetime.SCOPED })],
    [
      'inject',
      () =>
        asClass(Disposable)
          .inject(() => ({}))
          .scoped(),
    ],
  ] as const) {
    it(`S5: asClass remembers through Awilix's fluent methods: ${call}`, async () => {
      const scope = createContainer().createScope().register({ service: fluent() })
      const service = scope.resolve('service')

      await scope.dispose()

      expect(service.disposed).to.equal(1)
    })
  }

  it('S5: singletons are disposed by the container, not by the scope that asked first', async () => {
    const container = createContainer().register({ service: asClass(Disposable).singleton() })
    const scope = container.createScope()
    const service = scope.resolve('service')

    await scope.dispose()
    const afterScope = service.disposed
    await container.dispose()

    expect(afterScope).to.equal(0)
    expect(service.disposed).to.equal(1)
  })

  it('S5: the container does not dispose transients', async () => {
    let disposed = 0
    const container = createContainer().register({
      service: asClass(Disposable),
      made: asFunction(() => ({})).disposer(() => disposed++),
    })
    const service = container.resolve('service')
    container.resolve('made')
    const built = container.build(asClass(Disposable))

    await container.dispose()

    expect([service.disposed, built.disposed]).to.deep.equal([0, 0])
    expect(disposed).to.equal(0)
  })

  it('S5: a transient that a singleton is built on belongs to the singleton', async () => {
    class Job {
      readonly part: Disposable
      constructor({ part }: { part: Disposable }) {
        this.part = part
      }
    }
    const container = createContainer().register({
      part: asClass(Disposable),
      job: asClass(Job).singleton(),
    })
    const scope = container.createScope()
    const { part } = scope.resolve('job')

    await scope.dispose()
    await container.dispose()

    expect(part.disposed).to.equal(0)
  })

  it('S5: values are never disposed, aliases never twice', async () => {
    const value = new Disposable()
    const scope = createContainer()
      .createScope()
      .register({
        value: asValue(value),
        service: asClass(Disposable).scoped(),
        alias: aliasTo<Disposable>('service'),
        aliasOfAlias: aliasTo<Disposable>('alias'),
        aliasOfValue: aliasTo<Disposable>('value'),
      })
    const service = scope.resolve('aliasOfAlias')
    scope.resolve('alias')
    scope.resolve('value')
    scope.resolve('aliasOfValue')

    await scope.dispose()

    expect(value.disposed).to.equal(0)
    expect(service.disposed).to.equal(1)
  })

  it('S5: what a plain function returns is not disposed, whatever symbols it has', async () => {
    const pool = new Disposable()
    const scope = createContainer()
      .createScope()
      .register({
        ours: asFunction(() => pool).scoped(),
        awilix: awilixAsFunction(() => pool).scoped(),
        transient: asFunction(() => pool),
        custom: { lifetime: 'SCOPED' as const, resolve: () => pool },
      })
    scope.resolve('ours')
    scope.resolve('awilix')
    scope.resolve('transient')
    scope.resolve('custom')
    scope.build(() => pool)

    await scope.dispose()

    expect(pool.disposed).to.equal(0)
  })

  it("S5: Awilix's own asClass keeps Awilix's rule: only with a disposer", async () => {
    const scope = createContainer()
      .createScope()
      .register({
        plain: awilixAsClass(Disposable).scoped(),
        withDisposer: awilixAsClass(Disposable)
          .scoped()
          .disposer(value => void value.disposed++),
        transient: awilixAsClass(Disposable)
          .transient()
          .disposer(value => void value.disposed++),
        made: awilixAsFunction(() => ({ disposed: 0 }))
          .scoped()
          .disposer(value => void value.disposed++),
      })
    const { plain, withDisposer, transient, made } = scope.cradle

    await scope.dispose()

    expect(plain.disposed).to.equal(0)
    expect(withDisposer.disposed).to.equal(1)
    expect(transient.disposed).to.equal(1)
    expect(made.disposed).to.equal(1)
  })

  it("S5: a resolver made with Awilix's tools is disposed by its disposer", async () => {
    const made = new Disposable()
    const custom = createDisposableResolver<Disposable, any>(
      createBuildResolver<Disposable, any>({ resolve: () => made }),
    )
    const scope = createContainer()
      .createScope()
      .register({ made: custom.scoped().disposer((value: Disposable) => void value.disposed++) })
    scope.resolve('made')

    await scope.dispose()

    expect(made.disposed).to.equal(1)
  })

  it('S5: a disposer in [RESOLVER] counts', async () => {
    const seen: unknown[] = []
    class Service {
      static readonly [RESOLVER] = {
        lifetime: Lifetime.SCOPED,
        dispose: (value: unknown) => seen.push(value),
      }
      readonly name = 'service'
    }
    const scope = createContainer()
      .createScope()
      .register({ service: asClass(Service) })
    const service = scope.resolve('service')

    await scope.dispose()

    expect(seen).to.deep.equal([service])
  })

  it('S5: an object that is registered twice is disposed once', async () => {
    const shared = new Disposable()
    const disposing = asFunction(() => shared)
      .scoped()
      .disposer(value => void value.disposed++)
    class Singular extends Disposable {
      constructor() {
        super()
        return shared
      }
    }
    const scope = createContainer()
      .createScope()
      .register({ one: disposing, other: disposing, third: asClass(Singular).scoped() })
    scope.resolve('one')
    scope.resolve('other')
    scope.resolve('third')

    await scope.dispose()

    expect(shared.disposed).to.equal(1)
  })

  it('S5: equal values that are no objects are not the same thing', async () => {
    const closed: string[] = []
    const handle = (name: string, value: unknown) =>
      asFunction(() => value)
        .scoped()
        .disposer(() => closed.push(name))
    const scope = createContainer()
      .createScope()
      .register({
        a: handle('a', undefined),
        b: handle('b', undefined),
        c: handle('c', 3),
        d: handle('d', 3),
        e: handle('e', 'tmp'),
        f: handle('f', 'tmp'),
      })
    for (const name of 'abcdef') scope.resolve(name)

    await scope.dispose()

    expect(closed.join('')).to.equal('fedcba')
  })

  it('S5: what was never built is not built to be disposed', async () => {
    let built = 0
    class Service extends Disposable {
      constructor() {
        super()
        built++
      }
    }
    const container = createContainer().register({
      scoped: asClass(Service).scoped(),
      singleton: asClass(Service).singleton(),
    })
    const scope = container.createScope()
    scope.resolve('scoped')
    const other = container.createScope()

    await scope.dispose()
    await other.dispose()
    await container.dispose()

    expect(built).to.equal(1)
  })

  it('S5: an instance whose constructor failed is not disposed; what it was built on is', async () => {
    class Broken extends Disposable {
      constructor({ part }: { part: Disposable }) {
        super()
        throw new Error(`${part.disposed}: no`)
      }
    }
    const scope = createContainer()
      .createScope()
      .register({ part: asClass(Disposable).scoped(), broken: asClass(Broken).scoped() })
    expect(() => scope.resolve('broken')).to.throw('0: no')
    const part = scope.resolve('part')

    await scope.dispose()

    expect(part.disposed).to.equal(1)
  })

  it('S5: a scope disposes what it built without a name', async () => {
    let disposed = 0
    const scope = createContainer().createScope()
    const built = [
      scope.build(asClass(Disposable)),
      scope.build(Disposable),
      scope.build<SyncDisposable>(SyncDisposable),
    ]
    const given = scope.build(() => new Disposable())
    scope.build(asFunction(() => 1).disposer(() => disposed++))
    scope.build(Both, { dispose: () => disposed++ })

    await scope.dispose()

    expect(built.map(instance => instance.disposed)).to.deep.equal([1, 1, 1])
    expect(given.disposed).to.equal(0)
    expect(disposed).to.equal(2)
  })

  it('S5: a context that asClass built by hand is disposed with its scope, and so is its dialect', async () => {
    const dialect = new RecordingDialect()
    class HandMade extends DbContext<{ users: { id: number } }> {
      readonly users = this.set('users', { key: 'id' })
      constructor() {
        super({ dialect })
      }
    }
    const scope = createContainer()
      .createScope()
      .register({ db: asClass(HandMade).scoped() })
    await scope.resolve('db').users.toList()

    await scope.dispose()

    expect(dialect.log).to.deep.equal([
      'init',
      'acquire',
      'select `users`.* from `users`',
      'release',
      'destroy',
    ])
  })
})
