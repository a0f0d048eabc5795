import type { Defect } from '../defect.js'

const OURS = 'test/query/ours.test.ts'

export const statements: readonly Defect[] = [
  {
    id: 'users-statement-as-ours',
    breaks: 'A statement with an expression of the user is marked as one of ours.',
    rule: 'U12',
    file: 'lib/query/plan.ts',
    find: 'if (!this.#shape) return this.toSelect().compile()',
    replace: 'if (!this.#shape) return { ...this.toSelect().compile(), ours: true }',
    caughtBy: [OURS],
  },
  {
    id: 'list-of-any-size',
    breaks: 'Each length of a list is a text of its own, which is prepared.',
    rule: 'U12',
    file: 'lib/query/padded.ts',
    find: '2 ** Math.ceil(Math.log2(length))',
    replace: 'length',
    caughtBy: [OURS],
  },
  {
    id: 'list-padded-with-nothing',
    breaks: 'What fills a list up is not in it.',
    rule: 'U12',
    file: 'lib/query/padded.ts',
    find: 'list.push(last)',
    replace: 'list.push(undefined as T)',
    caughtBy: [OURS],
  },
]
