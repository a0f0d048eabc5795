import fc from 'fast-check'
import type { Concurrency } from 'mayfly'
import { faults, type InjectedFault, type Program, type Step } from './program.js'

const { calm } = fc.letrec<{ calm: Step; calmSteps: Step[] }>(tie => ({
  calmSteps: fc.array(tie('calm'), { minLength: 1, maxLength: 3 }),
  calm: fc.oneof(
    { maxDepth: 4, depthSize: 'small', withCrossShrink: true },
    { arbitrary: fc.record({ do: fc.constant('insert' as const) }), weight: 4 },
    { arbitrary: fc.record({ do: fc.constant('read' as const) }), weight: 2 },
    {
      arbitrary: fc.record({
        do: fc.constant('transaction' as const),
        steps: tie('calmSteps'),
        fails: fc.boolean(),
      }),
      weight: 4,
    },
    {
      arbitrary: fc.record({
        do: fc.constant('explicit' as const),
        // Left by an error it would stay open.
        steps: fc.tuple(fc.record({ do: fc.constant('try' as const), steps: tie('calmSteps') })),
        end: fc.constantFrom('commit', 'rollback'),
      }),
      weight: 2,
    },
    {
      arbitrary: fc.record({
        do: fc.constantFrom('try', 'use', 'connection'),
        steps: tie('calmSteps'),
      }),
      weight: 6,
    },
    {
      arbitrary: fc.record({
        do: fc.constant('create' as const),
        steps: tie('calmSteps'),
        end: fc.constantFrom('dispose', 'dispose twice'),
      }),
      weight: 2,
    },
  ),
}))

/** One flow that awaits everything it does: nothing of it may be refused. */
export const calmPrograms: fc.Arbitrary<Program> = fc.record({
  connections: fc.constant(6),
  scopes: fc.tuple(
    fc.record({
      concurrency: fc.constantFrom<Concurrency>('refuse', 'queue', 'unchecked'),
      flows: fc.tuple(fc.array(calm, { minLength: 1, maxLength: 4 })),
      end: fc.constant('once' as const),
    }),
  ),
})

/** Mostly none, because then every error is a wrong one. */
export const calmFaults: fc.Arbitrary<readonly InjectedFault[]> = fc.oneof(
  { arbitrary: fc.constant([]), weight: 2 },
  { arbitrary: faults, weight: 1 },
)
