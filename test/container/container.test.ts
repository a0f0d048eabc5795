import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import {
  aliasTo,
  asClass as awilixAsClass,
  asFunction as awilixAsFunction,
  asValue,
  AwilixResolutionError,
  AwilixTypeError,
  createContainer as createAwilixContainer,
  InjectionMode,
  Lifetime,
  RESOLVER,
  type AwilixContainer,
  type ContainerOptions,
  type Resolver,
} from 'awilix'
import { expect } from 'chai'
import { asClass, asFunction, createContainer, RegistrationError } from 'mayfly'

const require = createRequire(import.meta.url)

class Clock {
  readonly startedAt = 0
}

class Greeter {
  readonly name: string
  constructor({ name }: { name: string }) {
    this.name = name
  }
}

const both: Record<string, (options?: ContainerOptions) => AwilixContainer> = {
  Awilix: options => createAwilixContainer(options),
  Mayfly: options => createContainer(options),
}

for (const [whose, create] of Object.entries(both)) {
  describe(`the container (${whose})`, () => {
    it('registers one by one, several at once, and in a chain', () => {
      const container = create()
        .register('one', asValue(1))
        .register({ two: asFunction(() => 2), three: awilixAsFunction(() => 3) })

      const returned = container.register({ four: asValue(4) })

      expect(returned).to.equal(container)
      expect({ ...returned.cradle }).to.deep.equal({ one: 1, two: 2, three: 3, four: 4 })
    })

    it('takes symbols as names, alone and in an object', () => {
      const [a, b] = [Symbol('a'), Symbol('b')]
      const container = create().register(a, asValue('a'))
      container.register({ [b]: asFunction(() => 'b').scoped() })

      expect(container.resolve(a)).to.equal('a')
      expect(container.createScope().resolve(b)).to.equal('b')
      expect(container.hasRegistration(b)).to.equal(true)
      expect(() => container.resolve(Symbol('c'))).to.throw(AwilixResolutionError, 'Symbol(c)')
    })

    it('lets the last registration of a name win, and keeps what is in the cache', () => {
      const container = create().register({
        value: asValue(1),
        single: asFunction(() => 1).singleton(),
      })
      container.resolve('single')

      container.register({ value: asValue(2), single: asFunction(() => 2).singleton() })

      expect(container.resolve('value')).to.equal(2)
      expect(container.resolve('single')).to.equal(1)
    })

    it('resolves aliases, also of aliases, and of what is registered later', () => {
      const container = create().register({
        first: aliasTo<string>('second'),
        second: aliasTo<string>('service'),
      })
      container.register({ service: asFunction(() => 'service') })

      expect(container.resolve('first')).to.equal('service')
    })

    it('gives one singleton, one scoped instance per scope, and transients anew', () => {
      const container = create().register({
        single: asClass(Clock).singleton(),
        scoped: asClass(Clock).scoped(),
        transient: asClass(Clock),
      })
      const [scope, other] = [container.createScope(), container.createScope()]
      const inner = scope.createScope()

      expect(scope.resolve('single')).to.equal(container.resolve('single'))
      expect(scope.resolve('scoped')).to.equal(scope.resolve('scoped'))
      expect(scope.resolve('scoped')).not.to.equal(other.resolve('scoped'))
      expect(scope.resolve('scoped')).not.to.equal(inner.resolve('scoped'))
      expect(scope.resolve('transient')).not.to.equal(scope.resolve('transient'))
    })

    it('shows a scope the registrations of its parents, and keeps its own to itself', () => {
      const container = create().register({
        name: asValue<string>('root'),
        greeter: asClass(Greeter),
      })
      const scope = container.createScope().register('name', asValue<string>('scope'))
      const inner = scope.createScope()
      container.register({ late: asValue('late') })

      expect(inner.resolve('greeter').name).to.equal('scope')
      expect(container.resolve('greeter').name).to.equal('root')
      expect(inner.resolve('late')).to.equal('late')
    })

    it('works with methods that were taken off it', async () => {
      const { register, resolve, createScope, build, hasRegistration, getRegistration } = create()
      register({ name: asValue('Ada'), greeter: asClass(Greeter).scoped() })
      const { resolve: resolveInScope, dispose, inspect: print } = createScope()

      expect(resolve('name')).to.equal('Ada')
      expect(resolveInScope<Greeter>('greeter').name).to.equal('Ada')
      expect(build(Greeter).name).to.equal('Ada')
      expect(hasRegistration('greeter')).to.equal(true)
      expect(getRegistration('greeter')!.lifetime).to.equal(Lifetime.SCOPED)
      expect(print(0)).to.equal('[AwilixContainer (scoped, registrations: 2)]')
      expect(await dispose()).to.equal(undefined)
    })

    it('can be spread and listed, and what a copy has works on the container', () => {
      const container = create().register({ name: asValue('Ada') })
      const members = Object.keys(createAwilixContainer())
      const copy = { ...container, mine: 1 }
      copy.register({ greeter: asClass(Greeter) })

      expect(Object.keys(container)).to.include.members(members)
      expect(copy.resolve<Greeter>('greeter').name).to.equal('Ada')
      expect(copy.createScope().hasRegistration('greeter')).to.equal(true)
      expect(Object.keys(copy.registrations)).to.deep.equal(['name'])
      expect(Object.keys(container.registrations)).to.deep.equal(['name', 'greeter'])
      expect([copy.cradle, copy.cache]).to.deep.equal([container.cradle, container.cache])
      expect(copy.options).to.deep.equal(container.options)
    })

    it('lets a test replace a method, of a scope as well', () => {
      const container = create().register({ name: asValue('Ada') })
      const scope = container.createScope()
      for (const replaced of [container, scope]) replaced.resolve = () => 'a double' as never

      expect([container.resolve('name'), scope.resolve('name')]).to.deep.equal([
        'a double',
        'a double',
      ])
      expect([container.cradle.name, container.createScope().resolve('name')]).to.deep.equal([
        'Ada',
        'Ada',
      ])
    })

    it('builds classes, functions and resolvers without keeping them', () => {
      const container = create().register({ name: asValue('Ada') })
      const plain = function makeGreeting({ name }: { name: string }) {
        return `hello ${name}`
      }
      const classic = awilixAsFunction((name: string) => `dear ${name}`)
        .classic()
        .singleton()

      expect(container.build(Greeter)).to.be.instanceOf(Greeter)
      expect(container.build(Greeter)).not.to.equal(container.build(Greeter))
      expect(container.build(plain)).to.equal('hello Ada')
      expect(container.build(({ name }: { name: string }) => name)).to.equal('Ada')
      expect(container.build(classic)).to.equal('dear Ada')
      expect(
        container.build((name: string) => name, { injectionMode: InjectionMode.CLASSIC }),
      ).to.equal('Ada')
      expect(container.build(asClass(Greeter).scoped()).name).to.equal('Ada')
      expect(container.cache.size).to.equal(0)
    })

    it('builds nothing of what is no class, function or resolver', () => {
      const container = create()
      const refusal = (kind: string, given: string) =>
        `build: expected targetOrResolver to be ${kind}, but got ${given}.`

      for (const target of [undefined, null, '']) {
        expect(() => container.build(target as never)).to.throw(
          AwilixTypeError,
          refusal('a registration, function or class', String(target)),
        )
      }
      for (const target of ['name', 3, true]) {
        expect(() => container.build(target as never)).to.throw(
          AwilixTypeError,
          refusal('a function or class', String(target)),
        )
      }
      expect(() => container.build({} as never)).to.throw(AwilixTypeError)
    })

    it('takes a function whose name is in capitals for a class of old', () => {
      const container = create()
      const Old = function Old(this: { year: number }) {
        this.year = 2009
      }

      expect(container.build(Old as never))
        .to.be.instanceOf(Old)
        .and.to.include({ year: 2009 })
    })

    it('injects by parameter name in CLASSIC mode, with defaults for what is missing', () => {
      class Classic {
        readonly text: string
        constructor(name: string, punctuation = '!') {
          this.text = name + punctuation
        }
      }
      class Derived extends Classic {}
      const container = create({ injectionMode: InjectionMode.CLASSIC }).register({
        name: asValue('Ada'),
        classic: asClass(Classic),
        derived: awilixAsClass(Derived).scoped(),
        proxied: asFunction(({ name }: any) => name).proxy(),
      })

      expect(container.resolve('classic').text).to.equal('Ada!')
      expect(container.createScope().resolve('derived').text).to.equal('Ada!')
      expect(container.resolve('proxied')).to.equal('Ada')
    })

    it('hands out local injections', () => {
      const container = create().register({
        name: asValue('Ada'),
        greeting: asFunction(({ name, word }: any) => `${word} ${name}`).inject(() => ({
          word: 'hello',
        })),
        classic: asFunction((name: string, word: string) => `${word} ${name}`)
          .classic()
          .inject(() => ({ word: 'dear' })),
      })

      expect(container.resolve('greeting')).to.equal('hello Ada')
      expect(container.resolve('classic')).to.equal('dear Ada')
    })

    it('lists local injections with what is registered', () => {
      const container = create().register({
        name: asValue('Ada'),
        names: asFunction((cradle: object) => Object.keys(cradle)).inject(() => ({
          word: 1,
          name: 2,
        })),
      })

      expect(container.resolve('names')).to.deep.equal(['name', 'names', 'word'])
    })

    it('finds a cycle, and names the path', () => {
      const container = create().register({
        hen: asFunction(({ egg }: any) => ({ egg })),
        egg: asFunction(({ chick }: any) => ({ chick })),
        chick: aliasTo('hen'),
      })

      expect(() => container.resolve('hen')).to.throw(
        AwilixResolutionError,
        /Cyclic dependencies detected\.\s+Resolution path: hen -> egg -> chick -> hen$/,
      )
    })

    it('goes on after an error, and after a cycle', () => {
      const container = create().register({
        self: asFunction(({ self }: any) => ({ self })),
        broken: asFunction(({ missing }: any) => ({ missing })),
        whole: asFunction(() => 'whole'),
      })
      for (const name of ['self', 'broken', 'self'] as const) {
        expect(() => container.resolve(name)).to.throw(AwilixResolutionError)
      }

      expect(container.resolve('whole')).to.equal('whole')
      expect(() => container.resolve('broken')).to.throw('Resolution path: broken -> missing')
    })

    it('passes an error of a constructor on as it is, and tries again next time', () => {
      let tries = 0
      const error = new Error('not yet')
      const container = create().register({
        late: asFunction(() => {
          if (++tries === 1) throw error
          return tries
        }).singleton(),
      })

      expect(() => container.resolve('late')).to.throw(error)
      expect(container.resolve('late')).to.equal(2)
      expect(container.resolve('late')).to.equal(2)
    })

    it('leaves out what is not registered where that is allowed', () => {
      const container = create().register({ there: asValue(1) })

      expect(container.resolve('missing', { allowUnregistered: true })).to.equal(undefined)
      expect(container.resolve('there', { allowUnregistered: true })).to.equal(1)
      expect(() => container.resolve('missing')).to.throw(AwilixResolutionError)
    })

    it('refuses a lifetime that does not exist', () => {
      const container = create().register({
        odd: { lifetime: 'DAILY' as never, resolve: () => 1 } as never,
      })

      expect(() => container.resolve('odd')).to.throw(
        AwilixResolutionError,
        'Unknown lifetime "DAILY"',
      )
    })

    it('tells what is registered', () => {
      const resolver = asFunction(() => 1).scoped()
      const container = create().register({ service: resolver })
      const scope = container.createScope().register('own', asValue(2))

      expect(scope.hasRegistration('service')).to.equal(true)
      expect(container.hasRegistration('own')).to.equal(false)
      expect(scope.getRegistration('service')).to.equal(resolver)
      expect(scope.getRegistration('missing')).to.equal(null)
      expect(Object.keys(scope.registrations)).to.deep.equal(['service', 'own'])
      expect(Object.keys(container.registrations)).to.deep.equal(['service'])
      expect(scope.registrations['service']).to.equal(resolver)
    })

    it('shows its cache, with the resolver of each entry', () => {
      const container = create().register({
        single: asFunction(() => 1).singleton(),
        scoped: asFunction(() => 2).scoped(),
        transient: asFunction(() => 3),
      })
      const scope = container.createScope()
      for (const name of ['single', 'scoped', 'transient'] as const) scope.resolve(name)

      expect([...scope.cache.keys()]).to.deep.equal(['scoped'])
      expect([...container.cache.keys()]).to.deep.equal(['single'])
      expect(scope.cache.get('scoped')).to.deep.include({ value: 2 })
      expect(scope.cache.get('scoped')!.resolver).to.equal(container.getRegistration('scoped'))
    })

    it('prints itself in one line', () => {
      const container = create().register({ a: asValue(1), b: asValue(2) })
      const scope = container.createScope().register({ c: asValue(3) })

      expect(inspect(container)).to.equal('[AwilixContainer (registrations: 2)]')
      expect(inspect(scope)).to.equal('[AwilixContainer (scoped, registrations: 3)]')
      expect(scope.inspect(0)).to.equal(inspect(scope))
    })

    it('shows its options', () => {
      expect(create().options).to.deep.include({
        injectionMode: InjectionMode.PROXY,
        strict: false,
      })
      const container = create({ injectionMode: InjectionMode.CLASSIC, strict: true })
      expect(container.createScope().options).to.deep.include({
        injectionMode: InjectionMode.CLASSIC,
        strict: true,
      })
    })

    it('gives a promise of an async function as it is', async () => {
      const container = create().register({ settings: asFunction(async () => 1).singleton() })

      expect(container.resolve('settings')).to.be.instanceOf(Promise)
      expect(await container.cradle.settings).to.equal(1)
    })
  })

  describe(`loadModules (${whose})`, () => {
    let folder: string

    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'mayfly-modules-'))
      const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
      write(
        'user-service.cjs',
        'module.exports = class UserService { constructor({ name }) { this.name = name } }',
      )
      write('make-greeting.cjs', 'module.exports = ({ name }) => "hello " + name')
      write('nothing.cjs', 'module.exports = 1')
      write(
        'order-service.mjs',
        'export default class OrderService { constructor({ name }) { this.name = name } }',
      )
    })
    after(() => rmSync(folder, { recursive: true }))

    it('registers classes and functions by the names of their files', () => {
      const container = create({ require }).register({ name: asValue('Ada') })

      const returned = container.loadModules(['*.cjs'], { cwd: folder, formatName: 'camelCase' })

      expect(returned).to.equal(container)
      expect(Object.keys(container.registrations)).to.have.members([
        'name',
        'userService',
        'makeGreeting',
      ])
      expect(container.resolve<Greeter>('userService').name).to.equal('Ada')
      expect(container.resolve('makeGreeting')).to.equal('hello Ada')
    })

    it('takes the lifetime from its options, for all or for one pattern', () => {
      const container = create({ require }).register({ name: asValue('Ada') })

      container.loadModules([['user-*.cjs', Lifetime.SINGLETON], 'make-*.cjs'], {
        cwd: folder,
        resolverOptions: { lifetime: Lifetime.SCOPED },
      })

      expect(container.getRegistration('user-service')!.lifetime).to.equal(Lifetime.SINGLETON)
      expect(container.getRegistration('make-greeting')!.lifetime).to.equal(Lifetime.SCOPED)
    })

    it('reads what a module says about itself', () => {
      class Service {
        static readonly [RESOLVER] = { name: 'mailer', lifetime: Lifetime.SCOPED }
        readonly sent = 0
      }
      const makeClock = Object.assign(() => 'clock', { [RESOLVER]: {} })
      const container = create({
        require: id =>
          id.endsWith('user-service.cjs') ? { default: Service, makeClock, ignored: Clock } : 1,
      })

      container.loadModules(['*.cjs'], { cwd: folder })

      expect(Object.keys(container.registrations)).to.deep.equal(['mailer', 'makeClock'])
      expect(container.createScope().resolve('mailer')).to.be.instanceOf(Service)
      expect(container.resolve('makeClock')).to.equal('clock')
    })

    it('loads ES modules, and gives a promise of itself', async () => {
      const container = create().register({ name: asValue('Ada') })

      const returned = await container.loadModules(['*.mjs'], {
        cwd: folder,
        esModules: true,
        formatName: 'camelCase',
      })

      expect(returned).to.equal(container)
      expect(container.resolve<Greeter>('orderService').name).to.equal('Ada')
    })

    it('passes on what a module fails with', () => {
      const error = new Error('no module')
      const container = create({
        require: () => {
          throw error
        },
      })

      expect(() => container.loadModules(['*.cjs'], { cwd: folder })).to.throw(error)
      expect(Object.keys(container.registrations)).to.deep.equal([])
    })

    it('registers on the scope that it is called on', () => {
      const container = create({ require }).register({ name: asValue('Ada') })
      const scope = container.createScope()

      scope.loadModules(['user-*.cjs'], { cwd: folder, formatName: 'camelCase' })

      expect(scope.resolve<Greeter>('userService').name).to.equal('Ada')
      expect(container.hasRegistration('userService')).to.equal(false)
    })
  })
}

describe("the container beyond Awilix's", () => {
  it('S8: refuses what is no resolver when it is registered', () => {
    const wrong: [attempt: (container: any) => unknown, message: string][] = [
      [({ register }) => register(undefined), 'register() needs a name and a resolver'],
      [({ register }) => register(null), 'register() needs a name and a resolver'],
      [({ register }) => register(5, asValue(5)), 'register() needs a name and a resolver'],
      [({ register }) => register('a'), 'register(): "a" got no resolver. Use asClass(...)'],
      [({ register }) => register('a', 5), '"a" got a number, which is no resolver'],
      [({ register }) => register({ a: Clock }), '"a" got a function, which is no resolver'],
      [({ register }) => register({ a: null }), '"a" got null, which is no resolver'],
      [({ register }) => register(Symbol('a')), '"Symbol(a)" got no resolver'],
    ]
    const container = createContainer()

    for (const [attempt, message] of wrong)
      for (const given of [container, container.createScope()])
        expect(() => attempt(given)).to.throw(RegistrationError, message)
    expect(container.registrations).to.deep.equal({})
  })

  it('registers the exports of an ES module', async () => {
    const text = 'export const clock = { resolve: () => 12 }'
    const module = (await import(`data:text/javascript,${text}`)) as {
      readonly clock: Resolver<number>
    }

    expect(createContainer().register({ ...module }).cradle.clock).to.equal(12)
    expect(
      createContainer()
        .register(module as never)
        .resolve('clock'),
    ).to.equal(12)
  })

  it('S8: a scope has its members on its prototype, so a copy of it has none', () => {
    const scope = createContainer().createScope()

    expect({ ...scope }).to.deep.equal({})
    expect(Object.keys(scope)).to.deep.equal([])
  })

  it('takes methods of its own off as well', async () => {
    const { createScope, dispose } = createContainer()
    const scope = createScope()

    await dispose()

    expect(() => scope.build(Clock)).to.throw('the container')
  })

  it('has a signal, the same each time, that is not aborted', () => {
    const scope = createContainer().createScope()

    expect(scope.signal).to.be.instanceOf(AbortSignal)
    expect(scope.signal).to.equal(scope.signal)
    expect(scope.signal.aborted).to.equal(false)
  })
})
