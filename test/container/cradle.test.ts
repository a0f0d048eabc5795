import { inspect } from 'node:util'
import {
  aliasTo,
  asFunction,
  asValue,
  createContainer as createAwilixContainer,
  type AwilixContainer,
} from 'awilix'
import { expect } from 'chai'
import { createContainer } from 'mayfly'

const both: Record<string, () => AwilixContainer> = {
  Awilix: () => createAwilixContainer(),
  Mayfly: () => createContainer(),
}

for (const [whose, create] of Object.entries(both)) {
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
