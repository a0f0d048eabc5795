import { inspect } from 'node:util'
import type { Name } from './scope-node.js'

/** What a cradle asks. */
interface Asked {
  readonly registrations: object
  resolveName(name: Name): unknown
  hasRegistration(name: Name): boolean
}

/** What a cradle's proxy stands on. It shows no property of its own: `in` asks the target. */
class CradleTarget {
  readonly #container: Asked

  constructor(container: Asked) {
    this.#container = container
  }

  [inspect.custom](): string {
    return '[object AwilixContainerCradle]'
  }

  /** One handler serves all cradles. */
  static readonly handler: ProxyHandler<CradleTarget> = {
    get: (target, name) => target.#container.resolveName(name),
    set(_target, name) {
      throw new Error(
        `Attempted setting property "${String(name)}" on container cradle - this is not allowed.`,
      )
    },
    ownKeys: target => Object.keys(target.#container.registrations),
    getOwnPropertyDescriptor: (target, name) =>
      target.#container.hasRegistration(name)
        ? { enumerable: true, configurable: true }
        : undefined,
  }
}

/** The object on which every registration is a property, as in Awilix. */
export function createCradle(container: Asked): object {
  return new Proxy(new CradleTarget(container), CradleTarget.handler)
}
