import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import {
  asClass,
  asFunction,
  CaptiveDependencyError,
  createContainer,
  DbContext,
  Lifetime,
  RESOLVER,
  VerificationError,
} from 'mayfly'
import { FaultDatabase } from '../support/fault-dialect.js'

interface Ended {
  readonly disposed: number
}

const require = createRequire(import.meta.url)
/** The copy of Awilix that `require` gives has a `RESOLVER` of its own. */
const AWILIX = { cjs: require.resolve('awilix'), mjs: import.meta.resolve('awilix') }
const DISPOSABLE = 'disposed = 0; async [Symbol.asyncDispose]() { this.disposed++ }'

describe('what loadModules registers', () => {
  let folder: string
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text)

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mayfly-loaded-'))
    write('mailer.cjs', `module.exports = class Mailer { ${DISPOSABLE} }`)
    write('queue.mjs', `export default class Queue { ${DISPOSABLE} }`)
    write(
      'report.cjs',
      'module.exports = class Report { constructor({ shop }) { this.shop = shop } }',
    )
    write('pool.cjs', `class Pool { ${DISPOSABLE} }\nmodule.exports = () => new Pool()`)
    write(
      'inline.cjs',
      `const { RESOLVER } = require(${JSON.stringify(AWILIX.cjs)})
       exports.Clock = class Clock { ${DISPOSABLE} }
       exports.Clock[RESOLVER] = { name: 'clock', lifetime: 'SCOPED' }
       exports.LateClock = class LateClock extends exports.Clock {}
       exports.LateClock[RESOLVER] = { lifetime: 'SINGLETON' }
       exports.Derived = class Derived extends exports.Clock {}
       exports.ignored = class Ignored {}`,
    )
    write(
      'inline.mjs',
      `import { RESOLVER } from ${JSON.stringify(AWILIX.mjs)}
       export class Timer { ${DISPOSABLE} static [RESOLVER] = { lifetime: 'SCOPED' } }
       export const makeTimer = Object.assign(() => 'made', { [RESOLVER]: { name: 'timerMade' } })`,
    )
  })
  after(() => rmSync(folder, { recursive: true }))

  const LIFETIMES = ['SCOPED', 'TRANSIENT'] as const
  for (const lifetime of LIFETIMES) {
    it(`S5: a scope disposes what a loaded class built, ${lifetime.toLowerCase()}`, async () => {
      const options = { cwd: folder, resolverOptions: { lifetime } }
      const container = createContainer().loadModules(['mailer.cjs'], options)
      await container.loadModules(['queue.mjs'], { ...options, esModules: true })
      const scope = container.createScope()
      const built = [scope.resolve<Ended>('mailer'), scope.resolve<Ended>('queue')]

      await scope.dispose()

      expect(built.map(({ disposed }) => disposed)).to.deep.equal([1, 1])
    })
  }

  it('S5: the container disposes a loaded singleton, and what a loaded function returns is left alone', async () => {
    const container = createContainer().loadModules(['mailer.cjs', 'pool.cjs'], {
      cwd: folder,
      resolverOptions: { lifetime: Lifetime.SINGLETON },
    })
    const [mailer, pool] = [container.resolve<Ended>('mailer'), container.resolve<Ended>('pool')]

    await container.dispose()

    expect([mailer.disposed, pool.disposed]).to.deep.equal([1, 0])
  })

  it('S7: verify reads a loaded module, and finds what running it would find', () => {
    class ShopContext extends DbContext<{ rows: { key: number } }> {}
    const container = createContainer()
      .addDbContext('shop', ShopContext, { dialect: new FaultDatabase().dialect })
      .loadModules([['report.cjs', Lifetime.SINGLETON]], { cwd: folder })
    const chain = 'report (singleton) -> shop (scoped)'

    expect(() => container.verify()).to.throw(VerificationError, chain)
    expect(() => container.createScope().resolve('report')).to.throw(CaptiveDependencyError, chain)
  })

  for (const esModules of [false, true]) {
    it(`S8: what a module says under the RESOLVER of either copy of Awilix counts, ${esModules ? 'imported' : 'required'}`, async () => {
      const options = { cwd: folder, esModules, resolverOptions: { lifetime: Lifetime.TRANSIENT } }
      const container = createContainer()
      await container.loadModules(['inline.*'], options)

      expect(
        Object.entries(container.registrations).map(([name, { lifetime }]) => [name, lifetime]),
      ).to.have.deep.members([
        ['clock', Lifetime.SCOPED],
        ['LateClock', Lifetime.SINGLETON],
        ['Timer', Lifetime.SCOPED],
        ['timerMade', Lifetime.TRANSIENT],
      ])
    })
  }

  it('S8: a register function is asked, wherever it is given, and gets class and options', () => {
    const asked: unknown[] = []
    const register = (by: string) => (target: Function, options: object) => {
      asked.push([by, target.name, 'lifetime' in options])
      return asFunction(() => by)
    }
    const Inline = class Inline {
      static readonly [RESOLVER] = { name: 'inline', register: register('the module') }
    }
    const container = createContainer({
      require: id => (id.endsWith('mailer.cjs') ? Inline : class Loaded {}),
    }).loadModules(['mailer.cjs', 'report.cjs', ['pool.cjs', { register: register('a glob') }]], {
      cwd: folder,
      formatName: name => `my-${name}`,
      resolverOptions: { lifetime: Lifetime.SCOPED, register: register('all') },
    })

    expect({ ...container.cradle }).to.deep.equal({
      inline: 'the module',
      'my-report': 'all',
      'my-pool': 'a glob',
    })
    expect(asked).to.deep.equal([
      ['the module', 'Inline', true],
      ['all', 'Loaded', true],
      ['a glob', 'Loaded', true],
    ])
  })

  it('S8: asClass and asFunction read the RESOLVER of either copy, also of a frozen class', async () => {
    const inline = (await import(pathToFileURL(join(folder, 'inline.cjs')).href)) as {
      readonly Derived: new () => Ended
    }
    const { RESOLVER: TWIN } = require('awilix') as { RESOLVER: symbol }
    const frozen = Object.freeze(Object.assign(class {}, { [TWIN]: { lifetime: 'SCOPED' } }))
    const make = Object.assign(() => 1, { [TWIN]: { lifetime: Lifetime.SINGLETON } })

    expect(TWIN).not.to.equal(RESOLVER)
    expect(asClass(inline.Derived).lifetime).to.equal(Lifetime.SCOPED)
    expect(asFunction(make).lifetime).to.equal(Lifetime.SINGLETON)
    expect(asClass(frozen).lifetime).to.equal(Lifetime.TRANSIENT)
  })
})
