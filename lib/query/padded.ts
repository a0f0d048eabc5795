/** How long a padded list can get. A longer one is as long as it is, and nobody's: its text is not likely to come back. */
export const MOST_PADDED = 1024

/**
 * The list with its last value repeated until it has one of a few sizes, the powers of two, so that there are few texts to prepare. It must not
 * be empty, and at most {@link MOST_PADDED} long. For a condition, to which a value twice means the same as once.
 */
export function padded<T>(values: readonly T[]): T[] {
  const list = values.slice()
  const last = list.at(-1)!
  for (let rest = paddedSize(list.length) - list.length; rest > 0; rest--) list.push(last)
  return list
}

/** The next power of two: how many rows or values one statement is made for. */
export function paddedSize(length: number): number {
  return 2 ** Math.ceil(Math.log2(length))
}
