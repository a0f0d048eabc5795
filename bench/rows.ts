import { row as contextOf50Sets } from './rows/context-of-50-sets.js'
import { row as fairness } from './rows/fairness.js'
import { rows as leases } from './rows/leases.js'
import { row as dashboard } from './rows/dashboard.js'
import { rows as kysely } from './rows/kysely.js'
import { rows as reads } from './rows/reads.js'
import { rows as requests } from './rows/requests.js'
import { row as scope } from './rows/scope.js'
import { row as sessionReset } from './rows/session-reset.js'
import type { Row } from './row.js'

/** Everything that `npm run bench` measures, in the order of its table. */
export const rows: readonly Row[] = [
  scope,
  contextOf50Sets,
  ...leases,
  ...reads,
  ...kysely,
  ...requests,
  dashboard,
  fairness,
  sessionReset,
]
