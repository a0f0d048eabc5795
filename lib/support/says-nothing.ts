/** Whether it is an instance of a class with nothing in it that could be an option: a dialect, say, which keeps all to itself. */
export function saysNothing(options: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(options)
  const isPlain = prototype === Object.prototype || prototype === null
  return !isPlain && Object.keys(options).length === 0
}
