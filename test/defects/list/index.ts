import type { Defect } from '../defect.js'
import { adoptedPools } from './adopted-pools.js'
import { awilix } from './awilix.js'
import { connections } from './connections.js'
import { diagnostics } from './diagnostics.js'
import { drivers } from './drivers.js'
import { factories } from './factories.js'
import { guard } from './guard.js'
import { names } from './names.js'
import { options } from './options.js'
import { pools } from './pools.js'
import { postgres } from './postgres.js'
import { queries } from './queries.js'
import { requests } from './requests.js'
import { scopes } from './scopes.js'
import { states } from './states.js'
import { statements } from './statements.js'
import { transactions } from './transactions.js'
import { unitOfWork } from './unit-of-work.js'
import { values } from './values.js'

export const defects: readonly Defect[] = [
  ...guard,
  ...connections,
  ...transactions,
  ...scopes,
  ...awilix,
  ...factories,
  ...options,
  ...pools,
  ...requests,
  ...queries,
  ...diagnostics,
  ...drivers,
  ...statements,
  ...adoptedPools,
  ...values,
  ...postgres,
  ...names,
  ...unitOfWork,
  ...states,
]
