import type { Defect } from '../defect.js'

const VERIFY = 'test/container/verify.test.ts'
const CRADLE = 'test/container/cradle.test.ts'
const CONTEXTS = 'test/registration/add-db-context.test.ts'
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
  {
    id: 'alias-not-followed',
    breaks: 'verify() does not see what an alias stands for.',
    rule: 'S7',
    file: 'lib/container/verify/graph.ts',
    find: "return [known('asks', labels.of(targetOf(resolver)))]",
    replace: 'return []',
    caughtBy: [VERIFY],
  },
  {
    id: 'context-constructor-unread',
    breaks: 'verify() does not read what the constructor of a context asks for.',
    rule: 'S7',
    file: 'lib/container/contexts.ts',
    find: "{ kind: 'context', readers, needsScope: true }",
    replace: "{ kind: 'context', needsScope: true }",
    caughtBy: [VERIFY],
  },
  {
    id: 'factory-asks-nobody',
    breaks:
      'verify() does not see what the contexts ask for that a singleton makes with a factory.',
    rule: 'S7',
    file: 'lib/container/verify/captives.ts',
    find: 'this.#graph.asks.get(this.#graph.made.get(name) ?? name)',
    replace: 'this.#graph.asks.get(name)',
    caughtBy: [VERIFY],
  },
  {
    id: 'verify-looks-everywhere',
    breaks: 'verify() looks from each singleton through all that is built for it, wrong or not.',
    rule: 'S7',
    file: 'lib/container/verify/captives.ts',
    find: '} else if (this.#leads.has(to)) cameFrom.set(to, by)',
    replace: "} else if (this.#graph.nodes.get(to)?.lifetime !== 'SINGLETON') cameFrom.set(to, by)",
    caughtBy: [VERIFY],
  },
  {
    id: 'stale-transient-accepted',
    breaks: 'verify() keeps quiet about an exception that is none any more.',
    rule: 'S7',
    file: 'lib/container/verify/verify.ts',
    find: '    if (!shared.has(name)) findings.push(',
    replace: '    if (!name) findings.push(',
    caughtBy: [VERIFY],
  },
  {
    id: 'proto-lost',
    breaks: 'A registration called __proto__ is in no list.',
    rule: 'S8',
    file: 'lib/container/scope-node.ts',
    find: 'return Object.fromEntries(seen) as',
    replace: 'return [...seen].reduce((all: any, [name, it]) => ((all[name] = it), all), {}) as',
    caughtBy: [CRADLE],
  },
  {
    id: 'factory-tells-no-name',
    breaks:
      'What fails in the constructor of a context tells neither the context nor the factory that made it.',
    rule: 'S7',
    file: 'lib/registration/registration.ts',
    find: 'return scope.building(what, () => this.lease(request))',
    replace: 'return this.lease(request)',
    caughtBy: [CONTEXTS],
  },
  {
    id: 'answered-name-accepted',
    breaks: 'A context can have a name that a cradle answers by itself, and is never got.',
    rule: 'S8',
    file: 'lib/container/contexts.ts',
    find: '  if (ANSWERED.has(name)) throw nameAnswered(call, name)\n',
    replace: '',
    caughtBy: [CONTEXTS],
  },
  {
    id: 'no-resolver-registered',
    breaks: 'What is no resolver is registered, and fails only when it is asked for.',
    rule: 'S8',
    file: 'lib/container/scope-node.ts',
    find: "if (typeof resolver?.resolve !== 'function') throw",
    replace: 'if (!name) throw',
    caughtBy: ['test/container/container.test.ts'],
  },
]
