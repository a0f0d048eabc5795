import type { Holder } from '../../lib/connection/holder.js'

/** Somebody who takes connections from a gate, without a context. */
export function holder(label: string, overrides: Partial<Holder> = {}): Holder {
  return {
    contextLabel: label,
    scopeLabel: 'scope GET /orders',
    scope: {},
    operation: undefined,
    origin: () => ({
      containerId: 1,
      scopeId: 2,
      scope: 'scope GET /orders',
      contextId: 3,
      context: label,
    }),
    idlesInTransaction: true,
    activity: () => 'idle in a transaction',
    line: () => 'src/report.ts:14:20',
    ...overrides,
  }
}
