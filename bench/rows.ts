import { row as contextOf50Sets } from './rows/context-of-50-sets.js'
import { row as fairness } from './rows/fairness.js'
import { rows as leases } from './rows/leases.js'
import { dashboardRow } from './rows/dashboard.js'
import { kyselyRows } from './rows/kysely.js'
import { readRows } from './rows/reads.js'
import { requestRows, scopeRows } from './rows/requests.js'
import { saveRows } from './rows/saves.js'
import { row as scope } from './rows/scope.js'
import { row as sessionReset } from './rows/session-reset.js'
import { mysqlEngine } from './engines/mysql.js'
import { postgresEngine } from './engines/postgres.js'
import type { Engine } from './engine.js'
import type { Row } from './row.js'

function rowsOf(engine: Engine): Row[] {
  return [
    ...readRows(engine),
    ...kyselyRows(engine),
    ...saveRows(engine),
    ...requestRows(engine),
    dashboardRow(engine),
  ]
}

/** Everything that `npm run bench` measures, in the order of its table. */
export const rows: readonly Row[] = [
  scope,
  contextOf50Sets,
  ...leases,
  ...scopeRows,
  ...rowsOf(mysqlEngine),
  fairness,
  sessionReset,
  ...rowsOf(postgresEngine),
]
