import type { DatabaseErrorKind } from '../errors.js'

const CODES = new Set<unknown>([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'ENOTFOUND',
])
const KINDS = new Set<DatabaseErrorKind>(['connectionRefused', 'connectionLost', 'other'])

/** Whether Node's code for an error says that nobody answers at an address. */
export function isUnreachable(code: unknown): boolean {
  return CODES.has(code)
}

/** Whether an error of this kind means, while connecting, that nobody can be reached. */
export function meansUnreachable(kind: DatabaseErrorKind): boolean {
  return KINDS.has(kind)
}
