/** Whether a function must be called with `new`. Compiled to ES2015 or later, a class says so itself. */
export function isClass(target: unknown): boolean {
  return typeof target === 'function' && /^class\b/.test(Function.prototype.toString.call(target))
}
