/** The members of a class, apart from some. */
export type Members = readonly (readonly [name: string, member: PropertyDescriptor])[]

export function membersOf(prototype: object, but: readonly string[]): Members {
  const all = Object.entries(Object.getOwnPropertyDescriptors(prototype))
  return all.filter(([name]) => !but.includes(name))
}

/**
 * Awilix's containers are made of closures, and Awilix itself and its users take methods off them (`const { resolve } = container`). So each
 * method of the class is handed out bound to its object, and can be replaced, e.g. by a test.
 */
export function bind(prototype: object, members: Members): void {
  for (const [name, { value: method }] of members) {
    if (typeof method !== 'function') continue
    Object.defineProperty(prototype, name, {
      configurable: true,
      get(this: object): unknown {
        return method.bind(this)
      },
      set(this: object, value: unknown) {
        const own = { value, configurable: true, enumerable: true, writable: true }
        Object.defineProperty(this, name, own)
      },
    })
  }
}

/** Has an object carry its members as Awilix's containers do: for `Object.keys(container)` and `{ ...container }`. */
export function carry(object: object, members: Members): void {
  for (const [name, { get, value: method }] of members) {
    const member = get
      ? { get: get.bind(object) as () => unknown }
      : { value: method.bind(object) as unknown, writable: true }
    Object.defineProperty(object, name, { ...member, configurable: true, enumerable: true })
  }
}
