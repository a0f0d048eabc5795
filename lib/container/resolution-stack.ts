import { AwilixResolutionError, type LifetimeType } from 'awilix'

export interface ResolutionStep {
  readonly name: string | symbol
  readonly lifetime: LifetimeType
}

/** What is being built right now, from the outermost to the innermost. Building is synchronous, so a whole family of scopes shares one. */
export class ResolutionStack {
  readonly #steps: ResolutionStep[] = []

  get steps(): readonly ResolutionStep[] {
    return this.#steps
  }

  /** @throws AwilixResolutionError when `name` is being built already */
  refuseCycle(name: string | symbol): void {
    for (const step of this.#steps) {
      if (step.name === name) {
        throw new AwilixResolutionError(name, [...this.#steps], 'Cyclic dependencies detected.')
      }
    }
  }

  /** Awilix's strict mode: @throws AwilixResolutionError when something that lives longer is being built */
  refuseShorterLifetime(name: string | symbol, lifetime: LifetimeType): void {
    for (const step of this.#steps) {
      if (RANK[step.lifetime] > RANK[lifetime]) {
        throw new AwilixResolutionError(
          name,
          [...this.#steps],
          `Dependency '${name.toString()}' has a shorter lifetime than its ancestor: '${step.name.toString()}'`,
        )
      }
    }
  }

  build<T>(name: string | symbol, lifetime: LifetimeType, build: () => T): T {
    this.#steps.push({ name, lifetime })
    try {
      return build()
    } finally {
      this.#steps.pop()
    }
  }
}

const RANK: Record<LifetimeType, number> = {
  SINGLETON: 2,
  SCOPED: 1,
  TRANSIENT: 0,
}
