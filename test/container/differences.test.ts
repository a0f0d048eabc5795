import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as awilix from 'awilix'
import { expect } from 'chai'
import * as mayfly from 'mayfly'

interface Side {
  create(options?: object): awilix.AwilixContainer<any>
  readonly asClass: typeof awilix.asClass
  readonly asFunction: typeof awilix.asFunction
}

const AWILIX: Side = {
  create: awilix.createContainer as never,
  asClass: awilix.asClass,
  asFunction: awilix.asFunction,
}
const MAYFLY: Side = {
  create: mayfly.createContainer as never,
  asClass: mayfly.asClass,
  asFunction: mayfly.asFunction,
}

/** What happens, and what that is on Awilix and on Mayfly. */
interface Difference {
  readonly observe: (side: Side) => unknown
  readonly awilix: unknown
  readonly mayfly: unknown
}

class Disposable {
  static disposed = 0
  async [Symbol.asyncDispose]() {
    Disposable.disposed++
  }
}

/** The name of the error, or what came instead. */
async function outcome(attempt: () => unknown): Promise<unknown> {
  try {
    return await attempt()
  } catch (error) {
    return (error as Error).name
  }
}

async function disposedBy(attempt: (side: Side) => awilix.AwilixContainer, side: Side) {
  Disposable.disposed = 0
  await attempt(side).dispose()
  return Disposable.disposed
}

function scopeWith({ create, asFunction }: Side, end: (name: string) => unknown) {
  const made = (name: string) =>
    asFunction(() => name)
      .scoped()
      .disposer(() => end(name))
  const scope = create()
    .createScope()
    .register({ a: made('a'), b: made('b') })
  scope.resolve('a')
  scope.resolve('b')
  return scope
}

/**
 * What Awilix registers of a module, in a process of its own: the loader of the tests gives every module a `require`, and may give these tests the
 * copy of Awilix that CommonJS modules get.
 */
function loadedByAwilix(file: string, options: string, cwd: string): string {
  const program = `
    import { createRequire } from 'node:module'
    import { createContainer } from 'awilix'
    try {
      const container = createContainer(${options}).loadModules(['${file}'], { cwd: ${JSON.stringify(cwd)} })
      for (const { lifetime } of Object.values(container.registrations)) console.log(lifetime)
    } catch (error) {
      console.log(error.name)
    }`
  const args = ['--input-type=module', '--eval', program]
  const root = new URL('../..', import.meta.url)
  return execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }).trim()
}

function loadedByMayfly(file: string, options: object, cwd: string): string | undefined {
  const { registrations } = mayfly.createContainer(options).loadModules([file], { cwd })
  return Object.values(registrations)[0]?.lifetime
}

/** The tables of docs/awilix.md, line by line. */
const differences = (folder: string): Record<string, Difference> => ({
  'the order of disposal': {
    async observe(side) {
      const order: string[] = []
      await scopeWith(side, name => order.push(name)).dispose()
      return order.join('')
    },
    awilix: 'ab',
    mayfly: 'ba',
  },
  'several disposers that fail': {
    observe: side =>
      outcome(() =>
        scopeWith(side, name => {
          throw Object.assign(new Error(name), { name })
        }).dispose(),
      ),
    awilix: 'a',
    mayfly: 'AggregateError',
  },
  'a second `dispose()`': {
    observe(side) {
      const scope = scopeWith(side, () => {})
      return scope.dispose() === scope.dispose()
    },
    awilix: false,
    mayfly: true,
  },
  'a scope after its end': {
    async observe(side) {
      const scope = scopeWith(side, () => {})
      await scope.dispose()
      return outcome(() => scope.resolve('a'))
    },
    awilix: 'a',
    mayfly: 'ScopeEndedError',
  },
  'child scopes': {
    async observe({ create, asClass }) {
      const parent = create().register({ it: asClass(Disposable).scoped() })
      const scope = parent.createScope()
      const child = scope.createScope()
      child.resolve('it')
      await scope.dispose()
      return outcome(() => child.resolve('it') instanceof Disposable)
    },
    awilix: true,
    mayfly: 'ScopeEndedError',
  },
  'transients with a disposer': {
    async observe({ create, asFunction }) {
      let disposed = 0
      const scope = create().createScope()
      scope.register({ it: asFunction(() => 1).disposer(() => disposed++) }).resolve('it')
      await scope.dispose()
      return disposed
    },
    awilix: 0,
    mayfly: 1,
  },
  '`[Symbol.asyncDispose]`': {
    observe: given =>
      disposedBy(({ create, asClass }) => {
        const scope = create().createScope()
        scope.register({ it: asClass(Disposable).scoped() }).resolve('it')
        return scope
      }, given),
    awilix: 0,
    mayfly: 1,
  },
  '`loadModules`': {
    observe: given =>
      disposedBy(({ create }) => {
        const scope = create({ require: () => Disposable }).createScope()
        scope.loadModules(['loaded.cjs'], { cwd: folder }).resolve('loaded')
        return scope
      }, given),
    awilix: 0,
    mayfly: 1,
  },
  '`build(Class)`': {
    observe: given =>
      disposedBy(({ create }) => {
        const scope = create().createScope()
        scope.build(Disposable)
        return scope
      }, given),
    awilix: 0,
    mayfly: 1,
  },
  'a scoped registration, asked of the root': {
    observe: ({ create, asFunction }) =>
      outcome(() =>
        create()
          .register({ it: asFunction(() => 'built').scoped() })
          .resolve('it'),
      ),
    awilix: 'built',
    mayfly: 'CaptiveDependencyError',
  },
  'a singleton': {
    observe: ({ create, asFunction }) =>
      outcome(() =>
        create()
          .register({
            user: awilix.asValue('nobody'),
            job: asFunction(({ user }) => user as unknown).singleton(),
          })
          .createScope()
          .register({ user: awilix.asValue('Ada') })
          .resolve('job'),
      ),
    awilix: 'Ada',
    mayfly: 'nobody',
  },
  'a singleton on a scope': {
    observe: ({ create, asFunction }) =>
      outcome(() =>
        create()
          .createScope()
          .register({ it: asFunction(() => 'built').singleton() })
          .resolve('it'),
      ),
    awilix: 'built',
    mayfly: 'RegistrationError',
  },
  '`register` without a resolver': {
    observe: ({ create }) =>
      outcome(() =>
        create()
          .register('it', 5 as never)
          .hasRegistration('it'),
      ),
    awilix: true,
    mayfly: 'RegistrationError',
  },
  '`{ ...scope }`, `Object.keys(scope)`': {
    observe: ({ create }) => 'resolve' in { ...create().createScope() },
    awilix: true,
    mayfly: false,
  },
  '`loadModules` in an ES module': {
    observe: side =>
      side === AWILIX
        ? loadedByAwilix('loaded.cjs', '', folder)
        : loadedByMayfly('loaded.cjs', {}, folder),
    awilix: 'ReferenceError',
    mayfly: 'TRANSIENT',
  },
  '`RESOLVER` in a CommonJS module': {
    observe: side =>
      side === AWILIX
        ? loadedByAwilix('inline.cjs', "{ require: createRequire('/') }", folder)
        : loadedByMayfly('inline.cjs', {}, folder),
    awilix: 'TRANSIENT',
    mayfly: 'SCOPED',
  },
  'names of `Object.prototype`': {
    observe: ({ create }) => {
      const container = create().register({ ['__proto__']: awilix.asValue(1) })
      return [container.hasRegistration('toString'), Object.keys(container.registrations)]
    },
    awilix: [true, []],
    mayfly: [false, ['__proto__']],
  },
  'a name that nobody registered': {
    observe({ create }) {
      try {
        return create().cradle.missing as unknown
      } catch (error) {
        const { name, message } = error as Error
        return [name, message.includes('it got the cradle')]
      }
    },
    awilix: ['AwilixResolutionError', false],
    mayfly: ['AwilixResolutionError', true],
  },
})

/** The first cell of each line of the tables. */
function rowsOf(page: string): string[] {
  return page
    .split('\n')
    .filter(line => /^\| (?!what |-)/.test(line))
    .map(line => line.split('|')[1]!.trim())
}

describe('what differs from Awilix', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-differences-'))
  writeFileSync(join(folder, 'loaded.cjs'), 'module.exports = class Loaded {}')
  writeFileSync(
    join(folder, 'inline.cjs'),
    `const { RESOLVER } = require(${JSON.stringify(createRequire(import.meta.url).resolve('awilix'))})
     module.exports = class Loaded {}
     module.exports[RESOLVER] = { lifetime: 'SCOPED' }`,
  )
  after(() => rmSync(folder, { recursive: true }))

  it('S8: is what docs/awilix.md says, line by line', () => {
    const page = readFileSync(new URL('../../docs/awilix.md', import.meta.url), 'utf8')

    expect(rowsOf(page)).to.deep.equal(Object.keys(differences(folder)))
  })

  it('S8: nothing of Awilix that a program needs must be imported from it', () => {
    expect(mayfly).to.include({
      aliasTo: awilix.aliasTo,
      asValue: awilix.asValue,
      AwilixError: awilix.AwilixError,
      AwilixRegistrationError: awilix.AwilixRegistrationError,
      AwilixResolutionError: awilix.AwilixResolutionError,
      AwilixTypeError: awilix.AwilixTypeError,
      InjectionMode: awilix.InjectionMode,
      Lifetime: awilix.Lifetime,
      RESOLVER: awilix.RESOLVER,
    })
    const docs = new URL('../../docs/', import.meta.url)
    const pages = ['../README.md', ...readdirSync(docs)].filter(name => name.endsWith('.md'))
    const importing = pages.filter(name =>
      /from 'awilix'|require\('awilix'\)/.test(readFileSync(new URL(name, docs), 'utf8')),
    )
    expect(importing).to.deep.equal([])
  })

  for (const [what, difference] of Object.entries(differences(folder))) {
    it(`S8: ${what}`, async () => {
      expect(await difference.observe(AWILIX)).to.deep.equal(difference.awilix)
      expect(await difference.observe(MAYFLY)).to.deep.equal(difference.mayfly)
    })
  }
})
