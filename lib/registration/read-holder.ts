/**
 * Has a function of the user's read what it needs from a holder, such as a cradle.
 * @param unreadable makes the error for a name that the holder does not give here; what the function throws itself is thrown as it is
 */
export function readHolder<T>(
  holder: object,
  read: (holder: any) => T,
  unreadable: (name: string, cause: unknown) => Error,
): T {
  try {
    return read(holder)
  } catch (error) {
    const missed = missedName(holder, read)
    throw missed ? unreadable(missed.name, missed.cause) : error
  }
}

/** Reads once more, and looks on; only when it has failed. */
function missedName(
  holder: object,
  read: (holder: any) => unknown,
): { readonly name: string; readonly cause: unknown } | undefined {
  let missed: { name: string; cause: unknown } | undefined
  const watched = new Proxy(holder, {
    get(target, name) {
      try {
        return Reflect.get(target, name) as unknown
      } catch (cause) {
        missed = { name: String(name), cause }
        throw cause
      }
    },
  })
  try {
    read(watched)
  } catch {
    // It was thrown before.
  }
  return missed
}
