import { createRequire } from 'node:module'
import { asClass as awilixAsClass } from 'awilix'
import { expect } from 'chai'
import {
  aliasTo,
  asClass,
  asFunction,
  asValue,
  createContainer,
  DbContext,
  InjectionMode,
  VerificationError,
  type GraphEdge,
  type GraphNode,
} from 'mayfly'
import { verifyGraph } from '../../lib/container/verify/verify.js'
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
      { from: 'derived', to: 'a', optional: false, kind: 'asks' },
      { from: 'derived', to: 'b', optional: false, kind: 'asks' },
      { from: 'derived', to: 'c', optional: false, kind: 'asks' },
      { from: 'derived', to: 'd-e', optional: false, kind: 'asks' },
      { from: 'method', to: 'f', optional: false, kind: 'asks' },
      { from: 'classic', to: 'g', optional: false, kind: 'asks' },
      { from: 'classic', to: 'h', optional: true, kind: 'asks' },
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
        '  n1 -. makes .-> n0',
        '  n2 --> n1',
        '  n2 --> n3',
        '  classDef singleton fill:#dbeafe,stroke:#1d4ed8,color:#0f172a',
        '  classDef scoped fill:#dcfce7,stroke:#15803d,color:#0f172a',
        '  classDef transient fill:#fef9c3,stroke:#a16207,color:#0f172a',
        '  classDef unknown fill:#fee2e2,stroke:#b91c1c,color:#0f172a',
      ].join('\n'),
    )
  })

  describe('aliases', () => {
    it('S7: a context behind an alias is a captive of a singleton, whichever copy of Awilix made the alias', () => {
      const { aliasTo: otherAliasTo } = createRequire(import.meta.url)('awilix') as {
        aliasTo: typeof aliasTo
      }
      const container = shop().register({
        db: aliasTo('connection'),
        connection: otherAliasTo('shop'),
        report: asFunction(({ db }: { db: unknown }) => db).singleton(),
      })

      expect(findings(container)).to.deep.equal([
        'report (singleton) -> db (alias) -> connection (alias) -> shop (scoped): report (singleton) would keep it longer than its scope. ' +
          'Make it scoped, or for a context inject the factory.',
      ])
    })

    it('S7: an alias of a factory, a value or a singleton is fine, and one of what scopes register', () => {
      const container = shop().register({
        makeShop: aliasTo('shopFactory'),
        limit: aliasTo('three'),
        three: asValue(3),
        user: aliasTo('tenant'),
        report: asFunction(({ makeShop, limit }: any) => [makeShop, limit]).singleton(),
        again: aliasTo('report'),
      })

      const { checked, unreadable } = container.verify({ scopeValues: ['tenant'] })

      expect(checked).to.include.members(['makeShop', 'limit', 'user', 'again'])
      expect(unreadable).to.deep.equal([])
    })

    it('S7: an alias of nothing, an alias of itself, and one of a symbol', () => {
      const hidden = Symbol('hidden')
      const container = shop().register({
        nothing: aliasTo('nobody'),
        a: aliasTo('b'),
        b: aliasTo('a'),
        secret: aliasTo(hidden),
        report: asFunction(({ secret }: { secret: unknown }) => secret).singleton(),
      })
      container.register(
        hidden,
        asFunction(({ shop: db }: { shop: unknown }) => db),
      )

      expect(findings(container)).to.deep.equal([
        'nothing is an alias of "nobody", which is not registered. Register it, correct its name, or name it in scopeValues.',
        'a -> b -> a is a cycle. Split one of them, or have it ask a factory later.',
        'report (singleton) -> secret (alias) -> Symbol(hidden) (transient) -> shop (scoped): report (singleton) would keep it longer than ' +
          'its scope. Make it scoped, or for a context inject the factory.',
      ])
    })

    it('graph() shows symbols that look alike apart, and aliases as what they are', () => {
      const container = createContainer()
        .register(Symbol('x'), asValue(1))
        .register(Symbol('x'), asValue(2))
        .register({ y: aliasTo('z') })

      const { nodes, edges, mermaid } = container.graph()

      expect(nodes.map(({ name, kind }) => [name, kind])).to.deep.equal([
        ['y', 'alias'],
        ['Symbol(x)', 'value'],
        ['Symbol(x) 2', 'value'],
      ])
      expect(edges).to.deep.equal([{ from: 'y', to: 'z', optional: false, kind: 'asks' }])
      expect(mermaid).to.contain('  n0(["y"]):::transient\n')
    })
  })

  describe('transient contexts on purpose', () => {
    const ask = ({ shop: db }: { shop: unknown }) => db

    it('S7: transientContexts names them', () => {
      const container = shop('transient').register({
        one: asFunction(ask).scoped(),
        two: asFunction(({ db }: { db: unknown }) => db).scoped(),
        db: aliasTo('shop'),
      })

      expect(findings(container)).to.have.length(1)
      expect(findings(container)[0]).to.match(/^one and two would each get a "shop" of their own/)
      expect(findings(container, { transientContexts: ['shop'] })).to.deep.equal([])
    })

    it('S7: an entry that accepts nothing is a finding', () => {
      const container = shop('transient').register({ one: asFunction(ask).scoped() })

      expect(findings(container, { transientContexts: ['shop', 'one', 'store'] })).to.deep.equal([
        'transientContexts names "shop", which no two services of a scope ask for. Take it off the list.',
        'transientContexts names "one", which is no transient context. Take it off the list.',
        'transientContexts names "store", which is not registered. Take it off the list.',
      ])
    })
  })

  describe('what contexts ask for', () => {
    class Asking extends DbContext<{ rows: { key: number } }> {
      readonly asked: unknown
      constructor(options: never, { clock, user }: { clock: unknown; user: unknown }) {
        super(options)
        this.asked = [clock, user]
      }
    }
    class Derived extends Asking {}
    const UNKNOWN =
      'which is not registered. Register it, correct its name, or name it in scopeValues.'

    it('S7: the constructor of a context is read, also where a factory makes it', () => {
      const container = createContainer()
        .register({ user: asValue('Ada') })
        .addDbContext('plain', DbContext, { dialect })
        .addDbContext('asking', Asking as never, { dialect })
        .addDbContextFactory('derived', Derived as never, { dialect })

      expect(findings(container)).to.deep.equal([
        `asking asks for "clock", ${UNKNOWN}`,
        `derived, also when derivedFactory makes it, asks for "clock", ${UNKNOWN}`,
      ])
      expect(container.register({ clock: asValue(1) }).verify().unreadable).to.deep.equal([])
    })

    it('S7: so are onLease, the create of a provider, and the function that makes a dialect', () => {
      const container = createContainer<any>()
        .addDbContext('shop', ShopContext, {
          dialect: ({ settings }) => settings.dialect,
          onLease: (_db, { tenant }) => tenant,
        })
        .addDbContext('session', { create: ({ manager }) => manager.fork() })

      expect(findings(container)).to.deep.equal([
        'The function that makes the dialect of shop asks for "settings", which is not registered. Register it on the container, or correct its name.',
        `shop asks for "tenant", ${UNKNOWN}`,
        `session asks for "manager", ${UNKNOWN}`,
      ])
    })

    it('S7: a dialect that asks for what only scopes have', () => {
      const container = createContainer<any>()
        .addDbContext('shop', ShopContext, { dialect: ({ url }) => url })
        .register({ url: asFunction(({ tenant }: { tenant: string }) => tenant) })

      const [found, ...others] = findings(container, { scopeValues: ['tenant'] })

      expect(found).to.match(
        /^dialect of shop -> url \(transient\) -> tenant \(of a scope\): .* cannot ask for what only scopes have\./,
      )
      expect(others).to.deep.equal([])
    })

    it('S7: a factory in a singleton makes contexts that ask the container', () => {
      const container = createContainer()
        .addDbContextFactory('asking', Asking as never, { dialect })
        .register({
          clock: asValue(1),
          reader: asFunction(({ askingFactory }: any) => askingFactory),
          report: asFunction(({ reader }: any) => reader).singleton(),
          service: asFunction(({ askingFactory }: any) => askingFactory).scoped(),
        })

      expect(findings(container, { scopeValues: ['user'] })).to.deep.equal([
        'report (singleton) -> reader (transient) -> askingFactory (factory) -> asking (scoped) -> user (of a scope): contexts that ' +
          'askingFactory makes for report (singleton) ask the container, and this is only in scopes. Set what they need after they are made, ' +
          'or make report (singleton) scoped.',
      ])
    })

    it('S7: a factory asks later, so it closes no cycle; a context does', () => {
      const { service, ...registrations } = {
        service: asFunction(({ askingFactory }: any) => askingFactory).scoped(),
        clock: aliasTo('service'),
        user: asValue('Ada'),
      }
      const container = createContainer()
        .addDbContextFactory('asking', Asking as never, { dialect })
        .register({ ...registrations, service })

      expect(findings(container)).to.deep.equal([])
      expect(
        findings(container.register({ service: asFunction(({ asking }: any) => asking).scoped() })),
      ).to.deep.equal([
        'asking -> clock -> service -> asking is a cycle. Split one of them, or have it ask a factory later.',
      ])
    })

    it('S7: lists the contexts that it cannot read', () => {
      class Whole extends DbContext {
        constructor(options: never, cradle: object) {
          super(options, cradle)
          void cradle
        }
      }
      class Rest extends DbContext {
        constructor(...rest: [never]) {
          super(...rest)
          void rest
        }
      }
      const container = createContainer<any>()
        .addDbContext('whole', Whole as never, { dialect })
        .addDbContext('rest', Rest as never, { dialect })
        .addDbContext('shop', ShopContext, { dialect, onLease: (_db, cradle) => void cradle })
        .addDbContext('session', { create: cradle => cradle })

      const { checked, unreadable } = container.verify()

      expect(checked).to.deep.equal([])
      expect(unreadable.map(({ name, why }) => `${name}: ${why}`)).to.deep.equal([
        'whole: it takes the cradle as a whole',
        'rest: it takes its parameters as a whole',
        'shop: onLease: it takes the cradle as a whole',
        'session: create: it takes the cradle as a whole',
      ])
    })
  })

  describe('large containers', () => {
    const LENGTH = 20_000
    const edge = (from: number | string, to: number | string): GraphEdge => ({
      from: `s${from}`,
      to: `s${to}`,
      optional: false,
      kind: 'asks',
    })
    const nodes = (length: number, first: GraphNode['lifetime'], last: GraphNode['lifetime']) =>
      Array.from({ length }, (_, i): GraphNode => {
        const lifetime = i === 0 ? first : i === length - 1 ? last : 'TRANSIENT'
        return { name: `s${i}`, lifetime, kind: 'class', unreadable: undefined }
      })
    const chain = (length: number) => Array.from({ length: length - 1 }, (_, i) => edge(i, i + 1))
    const textOf = (graph: { nodes: GraphNode[]; edges: GraphEdge[] }) =>
      findings({ verify: () => verifyGraph({ ...graph, mermaid: '' }, {}) })

    it('S7: a chain of 20,000 and a circle of 20,000 are read to their end, and shown in short', () => {
      const straight = chain(LENGTH)
      const round = [...straight, edge(LENGTH - 1, 0)]

      expect(
        textOf({ nodes: nodes(LENGTH, 'SINGLETON', 'SCOPED'), edges: straight }),
      ).to.deep.equal([
        's0 (singleton) -> s1 (transient) -> s2 (transient) -> s3 (transient) -> s4 (transient) -> s5 (transient) -> (19989 more) -> ' +
          's19995 (transient) -> s19996 (transient) -> s19997 (transient) -> s19998 (transient) -> s19999 (scoped): s0 (singleton) would ' +
          'keep it longer than its scope. Make it scoped, or for a context inject the factory.',
      ])
      expect(textOf({ nodes: nodes(LENGTH, 'SCOPED', 'SCOPED'), edges: round })).to.deep.equal([
        's0 -> s1 -> s2 -> s3 -> s4 -> s5 -> (19990 more) -> s19996 -> s19997 -> s19998 -> s19999 -> s0 is a cycle. Split one of them, or ' +
          'have it ask a factory later.',
      ])
    })

    it('S7: each edge is looked at a few times, however many singletons share a chain', () => {
      let looks = 0
      const counted = (from: GraphEdge): GraphEdge => ({
        ...from,
        get to() {
          if (++looks > 10 * edges.length) throw new Error('looked too often')
          return from.to
        },
      })
      const starts = Array.from({ length: LENGTH }, (_, i): GraphNode => ({
        name: `s-${i}`,
        lifetime: 'SINGLETON',
        kind: 'class',
        unreadable: undefined,
      }))
      const edges = [...chain(LENGTH), ...starts.map((_, i) => edge(`-${i}`, i))]

      const { checked } = verifyGraph(
        {
          nodes: [...nodes(LENGTH, 'TRANSIENT', 'TRANSIENT'), ...starts],
          edges: edges.map(counted),
          mermaid: '',
        },
        {},
      )

      expect(checked).to.have.length(2 * LENGTH)
    })
  })
})
