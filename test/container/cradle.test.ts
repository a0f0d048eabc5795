import { inspect } from 'node:util'
import {
  aliasTo,
  asValue,
  AwilixResolutionError,
  createContainer as createAwilixContainer,
  type AwilixContainer,
} from 'awilix'
import { expect } from 'chai'
import { asClass, asFunction, createContainer } from 'mayfly'

const both: Record<string, [create: () => AwilixContainer, its: object]> = {
  Awilix: [() => createAwilixContainer(), createAwilixContainer],
  Mayfly: [() => createContainer(), createContainer],
}

for (const [whose, [create, its]] of Object.entries(both)) {
  describe(`the cradle (${whose})`, () => {
    const filled = () =>
      create().register({
        limit: asValue<number>(1),
        made: asFunction(() => 'made'),
        alias: aliasTo<number>('limit'),
      })

    it('has every registration as a property', () => {
      const { limit, made, alias } = filled().cradle

      expect([limit, made, alias]).to.deep.equal([1, 'made', 1])
    })

    it('can be taken apart, spread and listed, with the registrations of the parents', () => {
      const parent = filled()
      const scope = parent
        .createScope()
        .register({ user: asValue('Ada'), limit: asValue<number>(2) })

      expect({ ...scope.cradle }).to.deep.equal({ limit: 2, made: 'made', alias: 2, user: 'Ada' })
      expect(Object.keys(scope.cradle)).to.deep.equal(['limit', 'made', 'alias', 'user'])
      expect(Array.from(scope.cradle as never)).to.deep.equal(Object.keys(scope.cradle))
      expect(Object.keys(parent.cradle)).to.deep.equal(['limit', 'made', 'alias'])
      expect(Object.hasOwn(scope.cradle, 'user')).to.equal(true)
      expect(Object.hasOwn(scope.cradle, 'missing')).to.equal(false)
      const names: string[] = []
      for (const name in scope.cradle) names.push(name)
      expect(names).to.deep.equal(Object.keys(scope.cradle))
    })

    it('has symbols as properties, but does not list them', () => {
      const name = Symbol('name')
      const container = create().register(name, asValue('by symbol'))

      expect(container.cradle[name]).to.equal('by symbol')
      expect(Reflect.ownKeys(container.cradle)).to.deep.equal([])
    })

    it('is the same object each time', () => {
      const container = filled()

      expect(container.cradle).to.equal(container.cradle)
      expect(container.createScope().cradle).not.to.equal(container.cradle)
    })

    it('can be printed, turned into JSON and awaited', async () => {
      const { cradle } = filled()

      expect(inspect(cradle)).to.equal('[object AwilixContainerCradle]')
      expect(Object.prototype.toString.call(cradle)).to.equal('[object AwilixContainerCradle]')
      expect(JSON.stringify(cradle)).to.equal('"[object AwilixContainerCradle]"')
      expect(JSON.stringify({ cradle })).to.equal('{"cradle":"[object AwilixContainerCradle]"}')
      expect(await Promise.resolve(cradle)).to.equal(cradle)
    })

    it('gives registrations that have the names of such properties', () => {
      const container = create()
        .register('then', asValue('then'))
        .register('inspect', asValue('inspect'))

      expect((container.cradle as any).then).to.equal('then')
      expect((container.cradle as any).inspect).to.equal('inspect')
    })

    it('gives the function that makes containers as its constructor, and prints itself as JSON, whatever is registered', () => {
      const container = create()
      const before = [container.cradle.constructor, container.resolve('constructor')]
      container.register('constructor', asValue(1)).register('toJSON', asValue(2))

      expect([...before, container.resolve('constructor')]).to.deep.equal([its, its, its])
      expect(container.resolve<() => string>('toJSON')()).to.equal('[object AwilixContainerCradle]')
    })

    it('has nothing of its own for `in` to find', () => {
      const { cradle } = filled()

      expect(['limit', 'container', 'name'].filter(name => name in cradle)).to.deep.equal([])
    })

    it('refuses to be written to', () => {
      const { cradle } = filled()

      expect(() => ((cradle as any).limit = 2)).to.throw(
        'Attempted setting property "limit" on container cradle - this is not allowed.',
      )
      expect(cradle.limit).to.equal(1)
    })

    it('fails for names that are not registered, with the path', () => {
      const container = create().register({
        outer: asFunction(({ inner }: any) => inner),
        inner: asFunction(({ missing }: any) => missing),
      })

      expect(() => (container.cradle as any).missing).to.throw("Could not resolve 'missing'.")
      expect(() => container.cradle.outer).to.throw('Resolution path: outer -> inner -> missing')
    })

    it('can be kept without `this`', () => {
      const { cradle } = filled()
      const read = ({ made }: { made: string }) => made

      expect(read(cradle)).to.equal('made')
    })
  })
}

describe("the cradle beyond Awilix's", () => {
  it('S8: a registration called __proto__ is one like any other', () => {
    const container = createContainer().register({
      ['__proto__']: asValue('in between'),
      heir: asFunction(({ ['__proto__']: inherited }: any) => `from ${inherited}`),
    })
    const { cradle } = container.createScope().register('own', asValue(1))

    expect(Object.keys(cradle)).to.deep.equal(['__proto__', 'heir', 'own'])
    expect(Object.keys(container.registrations)).to.deep.equal(['__proto__', 'heir'])
    expect(Object.getPrototypeOf(container.registrations)).to.equal(Object.prototype)
    expect((cradle as any)['__proto__']).to.equal('in between')
    expect((cradle as any).heir).to.equal('from in between')
    expect(container.graph().nodes.map(({ name }) => name)).to.deep.equal(['__proto__', 'heir'])
    expect(container.graph().edges).to.deep.equal([
      { from: 'heir', to: '__proto__', optional: false, kind: 'asks' },
    ])
    expect(container.verify().checked).to.deep.equal(['__proto__', 'heir'])
  })

  it('S8: names of Object.prototype are not registered until somebody registers them', () => {
    const container = createContainer()

    expect(['valueOf', 'toString'].map(name => container.hasRegistration(name))).to.deep.equal([
      false,
      false,
    ])
    expect(container.register('valueOf', asValue(1)).cradle.valueOf).to.equal(1)
  })

  it('tells a constructor with one parameter for each dependency that it got the cradle', () => {
    class Positional {
      readonly shop: any
      constructor(shop: any) {
        this.shop = shop
      }
      list() {
        return this.shop.users
      }
    }
    class Eager {
      readonly users: unknown
      constructor(shop: any, _mailer: any) {
        this.users = shop.users
      }
    }
    const container = createContainer().register({
      positional: asClass(Positional),
      eager: asClass(Eager),
      named: asFunction(({ users }: any) => users),
      classic: asClass(Positional).classic(),
      shop: asValue({ users: ['Ada'] }),
    })
    const hint = "Could not resolve 'users'. If a constructor took it for one of its dependencies"

    expect(() => container.resolve('positional').list()).to.throw(AwilixResolutionError, hint)
    expect(() => container.resolve('eager')).to.throw(AwilixResolutionError, hint)
    for (const plain of [() => container.resolve('named'), () => container.resolve('users')])
      expect(plain).to.throw("Could not resolve 'users'.\n\nResolution path: ")
    expect(container.resolve('classic').list()).to.deep.equal(['Ada'])
    expect(container.verify({ scopeValues: ['users'] }).unreadable).to.deep.equal([
      { name: 'positional', why: 'it takes the cradle as a whole' },
      {
        name: 'eager',
        why: 'it takes the cradle as the first of several parameters (is it for CLASSIC?)',
      },
    ])
  })
})
