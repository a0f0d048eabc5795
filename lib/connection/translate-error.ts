import { databaseError, MayflyError } from '../errors.js'
import type { MayflyDriver } from './driver.js'

/** Turns what a driver threw into a `DatabaseError` with a kind and the statement; Mayfly's own errors pass as they are. */
export function translateError(
  driver: MayflyDriver,
  error: unknown,
  sql: string | undefined,
): MayflyError {
  if (error instanceof MayflyError) return error
  return databaseError(driver.classifyError?.(error) ?? { kind: 'other' }, sql, error)
}
