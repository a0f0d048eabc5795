import { InvalidArgumentError } from '../errors.js'

/** How many digits after the second a column keeps. */
export type Precision = 0 | 3 | 6

/** @throws InvalidArgumentError */
export function checkPrecision(type: string, precision: unknown): void {
  if (precision !== 0 && precision !== 3 && precision !== 6)
    throw new InvalidArgumentError(
      `The precision of ${type}() is 0, 3 or 6 digits after the second.`,
    )
}
