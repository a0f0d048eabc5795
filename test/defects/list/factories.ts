import { HISTORIES, type Defect } from '../defect.js'

const FACTORY = 'test/context/factory.test.ts'

export const factories: readonly Defect[] = [
  {
    id: 'use-leaves-context-on-error',
    breaks: 'use() does not end its context when its work fails.',
    rule: 'F2',
    file: 'lib/context/factory.ts',
    find: `      const late = await leased.lease.dispose('ended with the work of its factory').then(
        () => [],
        (failure: unknown) => [failure],
      )
      throw withSuppressed(error, late)`,
    replace: '      throw error',
    caughtBy: [HISTORIES, FACTORY],
  },
  {
    id: 'parallel-does-not-wait',
    breaks: 'parallel() throws its first failure while the other entries still run.',
    rule: 'F2',
    file: 'lib/context/factory.ts',
    find: '          controller.abort(error)\n',
    replace: '          controller.abort(error)\n          throw error\n',
    caughtBy: [HISTORIES, FACTORY],
  },
  {
    id: 'parallel-does-not-abort',
    breaks: 'The first failure in parallel() does not call the other entries off.',
    rule: 'F2',
    file: 'lib/context/factory.ts',
    find: '          controller.abort(error)\n',
    replace: '',
    caughtBy: [FACTORY],
  },
  {
    id: 'parallel-goes-on',
    breaks: 'parallel() starts further entries after a failure.',
    rule: 'F2',
    file: 'lib/context/factory.ts',
    find: 'while (next < tasks.length && failures.length === 0) {',
    replace: 'while (next < tasks.length) {',
    caughtBy: [FACTORY],
  },
  {
    id: 'parallel-results-mixed',
    breaks: 'parallel() gives the results in the order in which they came.',
    rule: 'F2, F3',
    file: 'lib/context/factory.ts',
    find: '          results[i] = await this.#use(',
    replace: '          results[tasks.length - 1 - i] = await this.#use(',
    caughtBy: [FACTORY],
  },
  {
    id: 'parallel-shares-context',
    breaks: 'The contexts of parallel() do not know its signal.',
    rule: 'F2',
    file: 'lib/context/factory.ts',
    find: 'results[i] = await this.#use(controller.signal, db',
    replace: 'results[i] = await this.#use(undefined, db',
    caughtBy: [FACTORY],
  },
  {
    id: 'on-lease-skipped',
    breaks: "A context that a factory made does not get its scope's tenant.",
    rule: 'P5, F1',
    file: 'lib/registration/registration.ts',
    find: 'options.onLease?.(context, holder)',
    replace: "(lease as any).owner === 'scope' && options.onLease?.(context, holder)",
    caughtBy: [FACTORY, 'test/registration/context-registrations.test.ts'],
  },
]
