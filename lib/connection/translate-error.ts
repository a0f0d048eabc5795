import { databaseError, MayflyError } from '../errors.js'
import type { MayflyDriver } from './driver.js'

/** What JavaScript throws where a program is wrong. */
const PROGRAMMING_ERRORS = [TypeError, ReferenceError, RangeError, SyntaxError]

/**
 * Turns what a driver threw into a `DatabaseError` with a kind and the statement. Mayfly's own errors pass as they are, and so does a programming error
 * in a driver that knows its own errors; one that does not may throw them for values that it cannot store.
 */
export function translateError(
  driver: MayflyDriver,
  error: unknown,
  sql: string | undefined,
): Error {
  if (error instanceof MayflyError) return error
  const failure = driver.classifyError?.(error)
  if (!failure && driver.classifyError && isProgrammingError(error)) return error
  return databaseError(failure ?? { kind: 'other' }, sql, error)
}

/**
 * Drivers answer, and timers expire, where nobody's stack is. Called after an `await` in a chain of async functions up to the caller, it
 * gives an error the lines that lead to him.
 */
export function withCallerStack(error: unknown): unknown {
  if (error instanceof MayflyError) Error.captureStackTrace(error, withCallerStack)
  return error
}

function isProgrammingError(error: unknown): error is Error {
  return PROGRAMMING_ERRORS.some(kind => error instanceof kind)
}
