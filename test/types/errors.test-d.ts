// Comparing `error.code` narrows an error of Mayfly to its class. Never run.
import {
  isMayflyError,
  type AnyMayflyError,
  type ConnectionLostError,
  type DatabaseErrorKind,
  type DependencyStep,
  type GateReport,
  type MayflyErrorCode,
  type OperationFacts,
} from 'mayfly'
import { exactly } from './equal.js'

declare const error: AnyMayflyError
declare const anything: unknown

/** The union has a class for each code. */
export const codes = [
  (code: MayflyErrorCode): AnyMayflyError['code'] => code,
  (code: AnyMayflyError['code']): MayflyErrorCode => code,
]

export function narrows() {
  if (error.code === 'MAYFLY_DATABASE') exactly<DatabaseErrorKind>()(error.kind)
  if (error.code === 'MAYFLY_CONNECTION_LOST') exactly<ConnectionLostError>()(error)
  if (error.code === 'MAYFLY_CONNECTION_TIMEOUT') exactly<GateReport>()(error.report)
  if (error.code === 'MAYFLY_CAPTIVE_DEPENDENCY') exactly<readonly DependencyStep[]>()(error.chain)
  if (error.code === 'MAYFLY_CONCURRENT_OPERATION') exactly<OperationFacts>()(error.running)
  // @ts-expect-error another code has another class
  if (error.code === 'MAYFLY_ABORTED') return error.kind
  // @ts-expect-error without a code nothing is known
  return error.kind
}

export function guards() {
  if (isMayflyError(anything) && anything.code === 'MAYFLY_DATABASE') return anything.kind
  // @ts-expect-error no such code
  return isMayflyError(anything) && anything.code === 'MAYFLY_DATBASE'
}

/** Every code has a class, so that nothing is left over. */
export function statusOf(failed: AnyMayflyError): number {
  switch (failed.code) {
    case 'MAYFLY_DATABASE':
    case 'MAYFLY_CONNECTION_LOST':
      return failed.kind === 'unique' ? 409 : 503
    case 'MAYFLY_CONNECTION_TIMEOUT':
      return failed.report.isSelfDeadlock ? 500 : 503
    case 'MAYFLY_INVALID_ARGUMENT':
      return failed.position === undefined ? 400 : 500
    case 'MAYFLY_ABORTED':
      return 499
    case 'MAYFLY_CAPTIVE_DEPENDENCY':
    case 'MAYFLY_COMMIT_UNCERTAIN':
    case 'MAYFLY_CONCURRENT_OPERATION':
    case 'MAYFLY_CONTEXT_DISPOSED':
    case 'MAYFLY_REGISTRATION':
    case 'MAYFLY_SCOPE_ENDED':
    case 'MAYFLY_TRANSACTION_ENDED':
    case 'MAYFLY_TRANSACTION_STATE':
    case 'MAYFLY_IDENTITY_CONFLICT':
    case 'MAYFLY_ROW_COUNT':
    case 'MAYFLY_UPDATE_CONCURRENCY':
    case 'MAYFLY_VERIFICATION':
      return 500
    default:
      return exactly<never>()(failed) as never
  }
}
