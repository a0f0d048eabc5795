import type { DatabaseFailure } from '../../lib/connection/driver.js'
import { isUnreachable, meansUnreachable } from '../../lib/connection/unreachable.js'
import type { DatabaseErrorKind } from '../../lib/errors.js'
import { rowAdvice, tlsAdvice } from './advice.js'

/**
 * An error of the server (`errno`, `sqlState`), of the socket (`syscall`), or of mysql2 (`code`,
 * `fatal`, or a mere message).
 */
interface DriverError extends Error {
  readonly code?: string
  readonly errno?: number
  readonly sqlState?: string
  readonly fatal?: boolean
  readonly syscall?: string
}

interface ServerFailure {
  readonly kind: DatabaseErrorKind
  readonly numbers: readonly number[]
  /**
   * Finds identifiers in the message. What stands before them may be a user's value, so only its
   * end is trusted.
   */
  readonly detail?: RegExp
  /** What the message must say where servers use a number differently. */
  readonly only?: RegExp
}

const COLUMN_AT_END = /column (?:'([^']*)'|(?:`[^`]*`\.)*`([^`]*)`)(?: at row \d+)?\.?$/
const ACCOUNT = /'([^']*)'(@)'([^']*)'/

const SERVER_FAILURES: readonly ServerFailure[] = [
  { kind: 'unique', numbers: [1022, 1062, 1586, 1761, 1859], detail: /for key '([^']*)'$/ },
  {
    kind: 'foreignKey',
    numbers: [1216, 1217, 1451, 1452, 1701, 1834],
    detail: /CONSTRAINT `([^`]*)`/,
  },
  { kind: 'foreignKey', numbers: [3730], detail: /constraint '([^']*)'/ },
  { kind: 'notNull', numbers: [1048, 1138, 1263, 1364], detail: /^(?:Column|Field) '([^']*)'/ },
  { kind: 'check', numbers: [3819], detail: /^Check constraint '([^']*)'/ },
  { kind: 'check', numbers: [4025], only: /^CONSTRAINT /, detail: /^CONSTRAINT `([^`]*)`/ },
  { kind: 'deadlock', numbers: [1213, 1614, 3058] },
  { kind: 'lockTimeout', numbers: [1205, 3572] },
  { kind: 'serialization', numbers: [1020, 3101] },
  { kind: 'cancelled', numbers: [1317] },
  { kind: 'timeout', numbers: [1969, 3024] },
  { kind: 'unknownTable', numbers: [1051, 1109, 1146], detail: /[Tt]able '([^']*)'/ },
  { kind: 'unknownColumn', numbers: [1054], detail: /^Unknown column '([^']*)'/ },
  { kind: 'unknownDatabase', numbers: [1044, 1049], detail: /database '([^']*)'/ },
  {
    kind: 'accessDenied',
    numbers: [1045, 1142, 1143, 1227, 1251, 1370, 1698, 1820, 1862, 3118, 4151],
    detail: ACCOUNT,
  },
  { kind: 'accessDenied', numbers: [1130], detail: /^Host '([^']*)'/ },
  { kind: 'readOnly', numbers: [1290], only: /read[-_]only/i },
  { kind: 'readOnly', numbers: [1792, 1836] },
  { kind: 'tooManyConnections', numbers: [1040, 1203, 1226] },
  { kind: 'tooLarge', numbers: [1153, 1301, 1390, 1436] },
  // Of a node of a cluster; elsewhere it means an unknown command.
  { kind: 'notReady', numbers: [1047], only: /WSREP|prepared/i },
  {
    kind: 'connectionLost',
    numbers: [1053, 1077, 1079, 1080, 1152, 1156, 1157, 1158, 1159, 1160, 1161, 1184, 1927, 3169],
  },
  { kind: 'connectionLost', numbers: [4031], only: /inactivity/ },
  { kind: 'syntax', numbers: [1064, 1149], detail: /at (line \d+)$/ },
  {
    kind: 'value',
    numbers: [
      1264, 1265, 1292, 1365, 1366, 1367, 1406, 1411, 1441, 1525, 1690, 3140, 3141, 3144, 3156,
      3988,
    ],
    detail: COLUMN_AT_END,
  },
]

const serverFailures = new Map(
  SERVER_FAILURES.flatMap(failure => failure.numbers.map(n => [n, failure])),
)

/** A statement that this server prepares never. */
const UNSUPPORTED = 1295
/** That; too many placeholders, no prepared statement left, must be prepared anew: nothing has run. */
const NOT_PREPARED = new Set<number | undefined>([UNSUPPORTED, 1390, 1461, 1615])
const PACKET_REFUSED = new Set([1153, 1156, 1157])
/** Refused to a transaction that was begun so. */
const READ_ONLY_TRANSACTION = 1792
const POOL_EXHAUSTED = new Set(['Queue limit reached.', 'No connections available.'])

/**
 * Sorts an error of mysql2 into a kind; `undefined` for what is none. The detail holds identifiers
 * only.
 * @param connecting The `host:port` that was being connected to, if the error came from opening a
 * connection.
 */
export function classify(
  error: unknown,
  connecting: string | undefined,
): DatabaseFailure | undefined {
  if (!isDriverError(error))
    return connecting ? { kind: 'connectionRefused', detail: connecting } : undefined
  const failure = isServerError(error) ? serverFailure(error) : { kind: clientFailure(error) }
  const told = tlsAdvice(error) ?? rowAdvice(error)
  if (told !== undefined) {
    const kind = connecting === undefined ? 'other' : 'connectionRefused'
    return { kind, advice: told, ...(connecting !== undefined && { detail: connecting }) }
  }
  if (connecting === undefined || !meansUnreachable(failure.kind)) return failure
  return { kind: 'connectionRefused', detail: connecting }
}

/** Whether the server answered with this error, and the connection goes on. */
export function isServerError(error: unknown): error is DriverError & { errno: number } {
  return isDriverError(error) && error.errno! > 0 && error.sqlState !== undefined && !error.fatal
}

/**
 * Whether nobody else must get the connection: the server closes it after a packet that it could
 * not take, or it writes no more. Behind the same name there may be a server that does.
 */
export function endsConnection(error: unknown): boolean {
  if (!isServerError(error)) return false
  if (PACKET_REFUSED.has(error.errno)) return true
  return serverFailure(error).kind === 'readOnly' && error.errno !== READ_ONLY_TRANSACTION
}

/** From here on MariaDB's numbers are its own, and mysql2 knows only those of MySQL. */
const OWN_NUMBERS = 1900

/**
 * mysql2 keeps the text of a statement with its error, values and all, which a log of a crash would
 * show; and it names MariaDB's own numbers as MySQL would.
 */
export function tidy(error: unknown, isMariadb: boolean): void {
  if (!isServerError(error)) return
  const { errno } = error
  const kept: { sql?: unknown; code?: unknown } = error
  delete kept.sql
  if (isMariadb && errno >= OWN_NUMBERS) delete kept.code
}

/** Whether the server did not prepare a statement that it may run as text. */
export function isNotPrepared(error: unknown): boolean {
  return isServerError(error) && NOT_PREPARED.has(error.errno)
}

/** Whether it never will. */
export function isUnpreparable(error: unknown): boolean {
  return isServerError(error) && error.errno === UNSUPPORTED
}

function isDriverError(error: unknown): error is DriverError {
  if (!(error instanceof Error)) return false
  const { code, errno, fatal, syscall } = error as DriverError
  return (
    typeof errno === 'number' ||
    typeof syscall === 'string' ||
    fatal === true ||
    /^(PROTOCOL|ER|HANDSHAKE|AUTH)_/.test(code ?? '') ||
    POOL_EXHAUSTED.has(error.message)
  )
}

function serverFailure(error: DriverError & { errno: number }): DatabaseFailure {
  const failure = serverFailures.get(error.errno)
  if (!failure || (failure.only && !failure.only.test(error.message))) return { kind: 'other' }
  const detail = failure.detail?.exec(error.message)?.slice(1).join('')
  return { kind: failure.kind, ...(detail && { detail }) }
}

function clientFailure(error: DriverError): DatabaseErrorKind {
  if (isUnreachable(error.code)) return 'connectionRefused'
  if (error.code === 'PROTOCOL_SEQUENCE_TIMEOUT') return 'timeout'
  if (error.code?.startsWith('AUTH_')) return 'accessDenied'
  if (POOL_EXHAUSTED.has(error.message)) return 'tooManyConnections'
  return error.fatal || error.syscall || error.code?.startsWith('PROTOCOL_')
    ? 'connectionLost'
    : 'other'
}
