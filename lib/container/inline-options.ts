import { RESOLVER } from 'awilix'

/**
 * Awilix comes in two copies, one for `import` and one for `require`, and each has a `RESOLVER` symbol of its own. What a class or function says
 * under the other one is said under ours, too: a CommonJS module would be loaded with the wrong lifetime otherwise.
 */
export function adoptInlineOptions(target: unknown): void {
  if (typeof target !== 'function') return
  for (let holder: object | null = target; holder; holder = Object.getPrototypeOf(holder)) {
    if (Object.hasOwn(holder, RESOLVER)) return
    const twin = Object.getOwnPropertySymbols(holder).find(isTwin)
    if (!twin) continue
    const value = (holder as Record<symbol, unknown>)[twin]
    Reflect.defineProperty(target, RESOLVER, { value, configurable: true, writable: true })
    return
  }
}

function isTwin({ description }: symbol): boolean {
  return description === RESOLVER.description
}
