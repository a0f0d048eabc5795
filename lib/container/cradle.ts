import { inspect } from 'node:util'
import type { MayflyContainer } from './container.js'

/** What a cradle's proxy stands on; one handler serves all cradles. */
class CradleTarget {
  readonly container: MayflyContainer

  constructor(container: MayflyContainer) {
    this.container = container
  }

  [inspect.custom](): string {
    return '[object AwilixContainerCradle]'
  }
}

const handler: ProxyHandler<CradleTarget> = {
  get: ({ container }, name) => container.resolveName(name),
  set(_target, name) {
    throw new Error(
      `Attempted setting property "${String(name)}" on container cradle - this is not allowed.`,
    )
  },
  ownKeys: ({ container }) => Object.keys(container.registrations),
  getOwnPropertyDescriptor: ({ container }, name) =>
    container.hasRegistration(name) ? { enumerable: true, configurable: true } : undefined,
}

/** The object on which every registration is a property, as in Awilix. */
export function createCradle(container: MayflyContainer): object {
  const target = new CradleTarget(container)
  // A proxy may not hide a property that its target has for good.
  return new Proxy(target, handler)
}
