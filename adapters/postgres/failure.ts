import type { DatabaseFailure } from '../../lib/connection/driver.js'
import { isUnreachable, meansUnreachable } from '../../lib/connection/unreachable.js'
import type { DatabaseErrorKind } from '../../lib/errors.js'
import { PASSWORD_MISSING, tlsAdvice, TRANSACTION_FAILED_BEFORE } from './advice.js'

/** An error of the server (`severity`, and SQLSTATE as `code`), of the socket (`syscall`), or of pg (a mere message). */
interface DriverError extends Error {
  readonly code?: string
  readonly severity?: string
  readonly syscall?: string
  readonly constraint?: string
  readonly column?: string
  readonly table?: string
  readonly position?: string
}

interface ServerError extends DriverError {
  readonly code: string
  readonly severity: string
}

const KINDS: Readonly<Record<string, DatabaseErrorKind>> = {
  '23505': 'unique',
  '23P01': 'unique',
  '23001': 'foreignKey',
  '23503': 'foreignKey',
  '23502': 'notNull',
  '23514': 'check',
  '40P01': 'deadlock',
  '55P03': 'lockTimeout',
  '40001': 'serialization',
  '57014': 'cancelled',
  '42P01': 'unknownTable',
  '42703': 'unknownColumn',
  '3D000': 'unknownDatabase',
  '42501': 'accessDenied',
  '25006': 'readOnly',
  '53300': 'tooManyConnections',
  '57P03': 'notReady',
  '42601': 'syntax',
  '25P03': 'connectionLost',
  '57P01': 'connectionLost',
  '57P02': 'connectionLost',
  '57P04': 'connectionLost',
  '57P05': 'connectionLost',
}

/** Of the classes of SQLSTATE, its first two digits. */
const CLASSES: Readonly<Record<string, DatabaseErrorKind>> = {
  '08': 'connectionLost',
  '22': 'value',
  '28': 'accessDenied',
  '54': 'tooLarge',
}

/** What an English message names; a user's value may stand elsewhere in it, and is not looked for. */
const NAMES: Partial<Record<DatabaseErrorKind, RegExp>> = {
  unknownTable: /^relation "([^"]*)"/,
  unknownColumn: /^column "?([\w.]+)"?/,
  unknownDatabase: /^database "([^"]*)"/,
  accessDenied: /(?:for user|for table|for schema|role) "?([\w.]+)"?/,
}

/** What pg says about its connections, for which it has no codes. */
const LOST =
  /^(?:Connection terminated|Client has encountered a connection error|Client was closed and is not queryable)/

/** A statement that the server knows under a name does not fit its tables any more, or is not known any more. */
const STALE = new Set(['0A000', '26000'])

/**
 * Sorts an error of pg into a kind; `undefined` for what is none. The detail holds identifiers only.
 * @param connecting The `host:port` that was being connected to, if the error came from opening a
 * connection.
 */
export function classify(
  error: unknown,
  connecting: string | undefined,
): DatabaseFailure | undefined {
  const failure = isServerError(error) ? serverFailure(error) : clientFailure(error)
  if (connecting === undefined) return failure
  const advice = tlsAdvice(error)
  if (advice !== undefined) return { kind: 'connectionRefused', advice, detail: connecting }
  if (failure && !meansUnreachable(failure.kind)) return failure
  return { kind: 'connectionRefused', detail: connecting }
}

/** Whether the server answered with this error. */
export function isServerError(error: unknown): error is ServerError {
  if (!(error instanceof Error)) return false
  const { code, severity } = error as DriverError
  return typeof severity === 'string' && typeof code === 'string' && code.length === 5
}

/** What of an error of the server quotes values: `Key (name)=(Ada) already exists.` */
const QUOTES = ['detail', 'where', 'internalQuery', 'hint'] as const

/** Whoever asks for it finds it, but no log of a crash shows the values of a row. */
export function hideValues(error: unknown): void {
  if (!isServerError(error)) return
  for (const name of QUOTES)
    if (name in error) Object.defineProperty(error, name, { enumerable: false })
}

/** Whether nothing has run, and the same statement would work if it were prepared anew. */
export function isStalePlan(error: unknown): boolean {
  if (!isServerError(error) || !STALE.has(error.code)) return false
  return error.code === '26000' || error.message.includes('cached plan')
}

/** Whether a server, or a transaction, refused to write. */
export function isReadOnly(error: unknown): boolean {
  return isServerError(error) && error.code === '25006'
}

function serverFailure(error: ServerError): DatabaseFailure {
  const kind = kindOf(error)
  const { constraint, column, table, position } = error
  const named =
    kind === 'syntax' && position !== undefined
      ? `character ${position}`
      : (constraint ?? column ?? NAMES[kind]?.exec(error.message)?.[1] ?? table)
  return {
    kind,
    ...(error.code === '25P02' && { advice: TRANSACTION_FAILED_BEFORE }),
    ...(named !== undefined && { detail: named }),
    ...(table !== undefined && { table }),
    ...(column !== undefined && { column }),
    ...(constraint !== undefined && { constraint }),
  }
}

function kindOf({ code, severity, message }: ServerError): DatabaseErrorKind {
  // Of the messages for 57014 only these are about time, and they may be in another language.
  if (code === '57014' && /\btimeout\b/.test(message)) return 'timeout'
  // A message of the protocol that the server could not take; it goes on with the connection.
  if (code === '08P01' && severity === 'ERROR') return 'other'
  const kind = KINDS[code] ?? CLASSES[code.slice(0, 2)]
  if (kind) return kind
  return severity === 'FATAL' || severity === 'PANIC' ? 'connectionLost' : 'other'
}

function clientFailure(error: unknown): DatabaseFailure | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, syscall, message } = error as DriverError
  if (isUnreachable(code)) return { kind: 'connectionRefused' }
  if (code === 'ERR_CONNECTION_CLOSED' || LOST.test(message)) return { kind: 'connectionLost' }
  if (message === 'Query read timeout') return { kind: 'timeout' }
  if (/^SASL: .* client password must be /.test(message))
    return { kind: 'accessDenied', advice: PASSWORD_MISSING }
  if (message.startsWith('SASL')) return { kind: 'accessDenied' }
  if (message === 'timeout exceeded when trying to connect') return { kind: 'tooManyConnections' }
  return typeof syscall === 'string' || code === 'EPIPE' || code === 'ECONNRESET'
    ? { kind: 'connectionLost' }
    : undefined
}
