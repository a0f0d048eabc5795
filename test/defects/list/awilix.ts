import type { Defect } from '../defect.js'

const LOAD_MODULES = 'test/container/load-modules.test.ts'

/** What a container owes to those who know Awilix. */
export const awilix: readonly Defect[] = [
  {
    id: 'loaded-class-not-disposed',
    breaks:
      "What loadModules registered is Awilix's: no scope ends it, and verify() cannot read it.",
    rule: 'S5, S7',
    file: 'lib/container/load-modules.ts',
    find: 'options.resolverOptions?.register ?? resolverOfModule',
    replace: 'options.resolverOptions?.register',
    caughtBy: [LOAD_MODULES],
  },
  {
    id: 'built-class-not-disposed',
    breaks: 'An instance of build(Class) is not disposed by its scope.',
    rule: 'S5',
    file: 'lib/container/container.ts',
    find: 'return this.#node.buildUnnamed(resolverFor(target, options), this)',
    replace: 'return resolverFor(target, options).resolve(this as never)',
    caughtBy: ['test/container/resolvers.test.ts'],
  },
  {
    id: 'other-resolver-symbol-ignored',
    breaks: 'A CommonJS module that names its lifetime is loaded as a transient.',
    rule: 'S8',
    file: 'lib/container/inline-options.ts',
    find: 'if (!twin) continue',
    replace: 'if (twin !== RESOLVER) continue',
    caughtBy: [LOAD_MODULES],
  },
]
