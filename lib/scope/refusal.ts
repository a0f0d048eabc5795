import { channels, isHeard } from '../diagnostics/channels.js'
import { tellRefusal } from '../diagnostics/observe.js'
import { scopeEnded, type ScopeEndedError } from '../errors.js'

/** A scope, as messages name it. */
interface Named {
  readonly label: string
  readonly containerId: number
  readonly unitId: number | undefined
}

/** The error for what is asked of a scope that ends, or is within one that does (S3); the channel is told, too. */
export function refusal(scope: Named, ending: Named, wanted: string): ScopeEndedError {
  const { label, containerId, unitId } = scope
  const error = scopeEnded(ending === scope ? label : `${label} of ${ending.label}`, wanted)
  if (isHeard(channels.refused)) {
    const origin = { containerId, scopeId: unitId, scope: label }
    tellRefusal({ error, origin, wanted: { kind: wanted } })
  }
  return error
}
