import {
  asClass as awilixAsClass,
  asFunction as awilixAsFunction,
  isClass,
  type BuildResolver,
  type BuildResolverOptions,
  type DisposableResolver,
  type Resolver,
} from 'awilix'
import { adoptInlineOptions } from './inline-options.js'
import type { CradleReader } from '../registration/registration.js'

/** What `asClass` and `asFunction` give. */
export type ServiceResolver<T> = BuildResolver<T> & DisposableResolver<T>

/** What Mayfly knows of a resolver beyond Awilix. It survives Awilix's fluent methods, which copy own symbols. */
export interface ResolverFacts {
  /** The class or function that builds the instance. */
  readonly target?: Function
  /** What reads the cradle before a context is there, where no target does. */
  readonly readers?: readonly CradleReader[]
  /** The context that a factory makes. */
  readonly makes?: string
  /** What it is, where that says more than its lifetime. */
  readonly kind?: 'class' | 'function' | 'context' | 'factory'
  /** Whether instances with `[Symbol.asyncDispose]` or `[Symbol.dispose]` are disposed by the scope that built them (S5). */
  readonly disposesInstances?: true
  /** Scoped, and yet it may be resolved from the root: what it gives is bound to whoever resolves it. */
  readonly rootSafe?: true
  /** Transient, and yet only a scope may build it, because only the end of a scope ends it. */
  readonly needsScope?: true
}

const FACTS = Symbol('mayfly.resolver')

export function withFacts<R extends Resolver<any>>(resolver: R, facts: ResolverFacts): R {
  return Object.assign(resolver, { [FACTS]: facts })
}

export function factsOf(resolver: Resolver<any> | undefined): ResolverFacts | undefined {
  return (resolver as { [FACTS]?: ResolverFacts } | undefined)?.[FACTS]
}

/**
 * Awilix's `asClass`, and the scope disposes what it built: instances that have `[Symbol.asyncDispose]` or `[Symbol.dispose]`, transient ones too.
 * @example container.register({ mailer: asClass(Mailer).scoped() })
 */
export function asClass<T>(
  target: new (...args: any[]) => T,
  options?: BuildResolverOptions<T>,
): ServiceResolver<T> {
  adoptInlineOptions(target)
  return withFacts(awilixAsClass(target, options), {
    target,
    kind: 'class',
    disposesInstances: true,
  })
}

/** Awilix's `asFunction`, which remembers its target. What a function returns is disposed only by a `.disposer()`. */
export function asFunction<T>(
  target: (...args: any[]) => T,
  options?: BuildResolverOptions<T>,
): ServiceResolver<T> {
  adoptInlineOptions(target)
  return withFacts(awilixAsFunction(target, options), { target, kind: 'function' })
}

/** Whichever of the two fits; what is neither a class nor a function is Awilix's error. */
export function resolverFor(
  target: unknown,
  options: BuildResolverOptions<any> | undefined,
): ServiceResolver<any> {
  return isClass(target as never)
    ? asClass(target as new () => unknown, options)
    : asFunction(target as () => unknown, options)
}
