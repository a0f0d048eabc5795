import { aliasTo, asClass as awilixAsClass, asValue, InjectionMode } from 'awilix'
import { expect } from 'chai'
import { asClass, asFunction, createContainer, DbContext, VerificationError } from 'mayfly'
import { FaultDatabase } from '../support/fault-dialect.js'

class ShopContext extends DbContext<{ rows: { key: number } }> {}

/** What verify finds, one text each. */
function findings(container: { verify(options?: object): unknown }, options?: object): string[] {
  try {
    container.verify(options)
  } catch (error) {
    expect(error).to.be.instanceOf(VerificationError)
    return (error as VerificationError).findings.map(({ text }) => text)
  }
  return []
}

describe('container.verify()', () => {
  const { dialect } = new FaultDatabase()
  let built = 0
  const shop = (lifetime: 'scoped' | 'transient' = 'scoped') =>
    createContainer()
      .addDbContext('shop', ShopContext, { dialect, lifetime })
      .addDbContextFactory('shop')

  class Orders {
    readonly cradle: object
    constructor({ shop: db, tenant: { id } }: { shop: ShopContext; tenant: { id: number } }) {
      built++
      this.cradle = { db, id }
    }
  }

  it('S7: finds nothing where everything is right, and runs no constructor', () => {
    const container = shop().register({
      orders: asClass(Orders as never).scoped(),
      report: asFunction(({ shopFactory }: { shopFactory: unknown }) => shopFactory).singleton(),
      limit: asValue(3),
    })

    const { checked, unreadable } = container.verify({ scopeValues: ['tenant'] })

    expect(checked).to.include.members(['shop', 'shopFactory', 'orders', 'report', 'limit'])
    expect(unreadable).to.deep.equal([])
    expect(built).to.equal(0)
  })

  it('S7: unknown names, cycles and captive contexts come in one error', () => {
    const container = shop().register({
      orders: asClass(Orders as never),
      job: asFunction(({ orders }: { orders: unknown }) => orders).singleton(),
      a: asFunction(({ b }: { b: unknown }) => b).scoped(),
      b: asFunction(({ a }: { a: unknown }) => a).scoped(),
    })

    expect(findings(container)).to.deep.equal([
      'orders asks for "tenant", which is not registered. Register it, correct its name, or name it in scopeValues.',
      'a -> b -> a is a cycle. Split one of them, or have it ask a factory later.',
      'job (singleton) -> orders (transient) -> shop (scoped): job (singleton) would keep it longer than its scope. Make it scoped, or for a ' +
        'context inject the factory.',
    ])
    expect(findings(container, { scopeValues: ['tenant'] })).to.contain(
      'job (singleton) -> orders (transient) -> tenant (of a scope): job (singleton) would keep it longer than its scope. Make it scoped, or ' +
        'for a context inject the factory.',
    )
    expect(() => container.verify()).to.throw(
      VerificationError,
      /^The container has 3 wrong registrations:\n {2}orders asks/,
    )
  })

  it('S7: a transient context that two services of one scope would get', () => {
    const ask = ({ shop: db }: { shop: unknown }) => db
    const container = shop('transient').register({
      one: asFunction(ask).scoped(),
      two: asFunction(ask).scoped(),
    })

    expect(findings(container)).to.have.length(1)
    expect(findings(container)[0]).to.match(
      /^one and two would each get a "shop" of their own in one scope/,
    )
  })

  it('S7: lists what it cannot read', () => {
    const container = createContainer().register({
      whole: asFunction((cradle: { x: unknown }) => cradle.x),
      rest: asFunction(({ ...others }: { x: unknown }) => others),
      bound: asFunction(Orders.bind(null) as never),
      plain: awilixAsClass(Orders as never),
      alias: aliasTo('whole'),
      injected: asFunction(({ x }: { x: unknown }) => x).inject(() => ({ x: 1 })),
    })

    const { unreadable } = container.verify()

    expect(unreadable.map(({ name, why }) => `${name}: ${why}`)).to.deep.equal([
      'whole: it takes the cradle as a whole',
      'rest: it takes the rest of the cradle',
      'bound: its source cannot be read',
      "plain: it was not made by Mayfly's asClass or asFunction",
      "alias: it was not made by Mayfly's asClass or asFunction",
      'injected: it has injections of its own',
    ])
  })

  it('S7: reads renames, defaults, nesting, quoted names, base classes, methods and CLASSIC parameters', () => {
    class Base {
      constructor({ a: renamed, b = 1, c: { deep }, 'd-e': quoted }: any) {
        void [renamed, b, deep, quoted]
      }
    }
    class Derived extends Base {
      readonly own = 1
    }
    const methods = {
      method({ f }: { f: unknown }) {
        return f
      },
    }
    const container = createContainer().register({
      derived: asClass(Derived as never),
      method: asFunction(methods.method),
      classic: asFunction((g: unknown, h = 2) => [g, h]).classic(),
      none: asClass(class {}),
    })

    expect(container.graph().edges).to.deep.equal([
      { from: 'derived', to: 'a', optional: false },
      { from: 'derived', to: 'b', optional: false },
      { from: 'derived', to: 'c', optional: false },
      { from: 'derived', to: 'd-e', optional: false },
      { from: 'method', to: 'f', optional: false },
      { from: 'classic', to: 'g', optional: false },
      { from: 'classic', to: 'h', optional: true },
    ])
    expect(findings(container)).to.have.length(6)
    expect(
      findings(
        createContainer({ injectionMode: InjectionMode.CLASSIC }).register({
          x: asFunction((y: unknown) => y),
        }),
      ),
    ).to.deep.equal([
      'x asks for "y", which is not registered. Register it, correct its name, or name it in scopeValues.',
    ])
  })

  it('graph() gives the same as Mermaid text, with lifetimes as colours', () => {
    const { mermaid, nodes } = shop()
      .register({
        report: asFunction(({ shopFactory, clock }: any) => [shopFactory, clock]).singleton(),
      })
      .graph()

    expect(nodes.map(({ name, lifetime, kind }) => [name, lifetime, kind])).to.deep.equal([
      ['shop', 'SCOPED', 'context'],
      ['shopFactory', 'SCOPED', 'factory'],
      ['report', 'SINGLETON', 'function'],
    ])
    expect(mermaid).to.equal(
      [
        'graph LR',
        '  n0[("shop")]:::scoped',
        '  n1[("shopFactory")]:::scoped',
        '  n2["report"]:::singleton',
        '  n3["clock ?"]:::unknown',
        '  n2 --> n1',
        '  n2 --> n3',
        '  classDef singleton fill:#dbeafe,stroke:#1d4ed8,color:#0f172a',
        '  classDef scoped fill:#dcfce7,stroke:#15803d,color:#0f172a',
        '  classDef transient fill:#fef9c3,stroke:#a16207,color:#0f172a',
        '  classDef unknown fill:#fee2e2,stroke:#b91c1c,color:#0f172a',
      ].join('\n'),
    )
  })
})
