import fc from 'fast-check'
import type { Concurrency } from 'mayfly'
import type { Fault, StepKind } from '../support/fault-dialect.js'

/** One thing that a flow does; what follows waits for it, but for `stray`. */
export type Step =
  | { readonly do: 'insert' | 'read' | 'fail' | 'dispose scope' }
  | { readonly do: 'pause'; readonly turns: number }
  /** Past Mayfly, which ends its transactions itself. */
  | { readonly do: 'raw'; readonly sql: 'begin' | 'commit' | 'rollback' }
  | { readonly do: 'try' | 'stray' | 'use' | 'connection'; readonly steps: readonly Step[] }
  | { readonly do: 'transaction'; readonly steps: readonly Step[]; readonly fails: boolean }
  | {
      readonly do: 'explicit'
      readonly steps: readonly Step[]
      readonly end: ExplicitEnd
    }
  | { readonly do: 'stream'; readonly steps: readonly Step[]; readonly rows: number }
  /** `each`: started one after the other, and nobody awaits or looks at any of them, as with `forEach(async ...)`. */
  | { readonly do: 'all' | 'each' | 'parallel'; readonly branches: readonly (readonly Step[])[] }
  | {
      readonly do: 'create'
      readonly steps: readonly Step[]
      readonly end: 'dispose' | 'dispose twice' | 'forget'
    }

/** How an explicit transaction ends; `not awaited`: its commit may wait in line while others go on. */
export type ExplicitEnd = (typeof EXPLICIT_ENDS)[number]

const EXPLICIT_ENDS = [
  'commit',
  'rollback',
  'forget',
  'commit twice',
  'rollback after commit',
  'commit and rollback',
  'not awaited',
] as const

/** Several scopes at the same time. */
export interface Program {
  readonly connections: number
  readonly scopes: readonly ScopeProgram[]
}

/** Flows that share the context of a scope. */
export interface ScopeProgram {
  readonly concurrency: Concurrency
  readonly flows: readonly (readonly Step[])[]
  /** `called off`: it is a job (`runInScope`) whose signal aborts. */
  readonly end: 'once' | 'twice' | 'while it runs' | 'called off'
}

/** The step of the conversation with the database at which something goes wrong. */
export interface InjectedFault {
  readonly kind: StepKind
  /** Counts the steps of this kind. */
  readonly nth: number
  readonly fault: Exclude<Fault, Promise<void>> | 'late'
}

const { step } = fc.letrec<{ step: Step; steps: Step[] }>(tie => ({
  steps: fc.array(tie('step'), { minLength: 1, maxLength: 3 }),
  step: fc.oneof(
    { maxDepth: 4, depthSize: 'small', withCrossShrink: true },
    { arbitrary: fc.record({ do: fc.constant('insert' as const) }), weight: 8 },
    { arbitrary: fc.record({ do: fc.constant('read' as const) }), weight: 3 },
    {
      arbitrary: fc.record({
        do: fc.constant('pause' as const),
        turns: fc.integer({ min: 1, max: 4 }),
      }),
      weight: 3,
    },
    { arbitrary: fc.record({ do: fc.constant('fail' as const) }), weight: 2 },
    { arbitrary: fc.record({ do: fc.constant('dispose scope' as const) }), weight: 1 },
    {
      arbitrary: fc.record({
        do: fc.constant('transaction' as const),
        steps: tie('steps'),
        fails: fc.boolean(),
      }),
      weight: 8,
    },
    {
      arbitrary: fc.record({
        do: fc.constant('explicit' as const),
        steps: tie('steps'),
        end: fc.constantFrom(...EXPLICIT_ENDS),
      }),
      weight: 4,
    },
    {
      arbitrary: fc.record({
        do: fc.constantFrom('try', 'stray', 'use', 'connection'),
        steps: tie('steps'),
      }),
      weight: 6,
    },
    {
      arbitrary: fc.record({
        do: fc.constant('stream' as const),
        steps: tie('steps'),
        rows: fc.integer({ min: 0, max: 3 }),
      }),
      weight: 2,
    },
    {
      arbitrary: fc.record({
        do: fc.constantFrom('all', 'each', 'parallel'),
        branches: fc.array(tie('steps'), { minLength: 2, maxLength: 3 }),
      }),
      weight: 5,
    },
    {
      arbitrary: fc.record({
        do: fc.constant('raw' as const),
        sql: fc.constantFrom('begin', 'commit', 'rollback'),
      }),
      weight: 1,
    },
    {
      arbitrary: fc.record({
        do: fc.constant('create' as const),
        steps: tie('steps'),
        end: fc.constantFrom('dispose', 'dispose twice', 'forget'),
      }),
      weight: 2,
    },
  ),
}))

const flow = fc.array(step, { minLength: 1, maxLength: 4 })

export const programs: fc.Arbitrary<Program> = fc.record({
  connections: fc.integer({ min: 1, max: 3 }),
  scopes: fc.array(
    fc.record({
      concurrency: fc.constantFrom<Concurrency>('refuse', 'refuse', 'queue', 'unchecked'),
      flows: fc.array(flow, { minLength: 1, maxLength: 2 }),
      end: fc.constantFrom(
        'once' as const,
        'twice' as const,
        'while it runs' as const,
        'called off' as const,
      ),
    }),
    { minLength: 1, maxLength: 3 },
  ),
})

export const faults: fc.Arbitrary<InjectedFault[]> = fc.array(
  fc.record({
    kind: fc.constantFrom<StepKind>(
      'connect',
      'statement',
      'statement',
      'begin',
      'commit',
      'rollback',
      'savepoint',
      'release savepoint',
      'rollback to savepoint',
      'release',
    ),
    nth: fc.integer({ min: 0, max: 4 }),
    fault: fc.constantFrom(
      'fail' as const,
      'deadlock' as const,
      'lose before' as const,
      'lose after' as const,
      'hang' as const,
      'late' as const,
    ),
  }),
  { maxLength: 3 },
)
