import { invalidLimit, timeoutTooLong, type MayflyError } from '../errors.js'

/** A longer timer ends at once. */
const LONGEST_TIMER = 2 ** 31 - 1

/** @throws an error of this kind for a limit that is no whole number, 1 or more, or for more ms than a timer can count */
export function checkLimit(
  kind: new (message: string, facts: { readonly argument: string }) => MayflyError,
  name: string,
  value: number,
  unit: 'ms' | 'connections' | 'contexts' | 'dialects' | 'rows',
): void {
  if (!Number.isInteger(value) || value < 1) throw invalidLimit(kind, name, unit)
  if (unit === 'ms' && value > LONGEST_TIMER) throw timeoutTooLong(kind, name, LONGEST_TIMER)
}
