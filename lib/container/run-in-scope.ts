import type { Resolver } from 'awilix'
import { InvalidArgumentError, notAContainer } from '../errors.js'
import { runWork } from '../scope/run-work.js'
import { anything, checkEachOption, type OptionChecks } from '../support/check-options.js'
import { MayflyContainer } from './container.js'
import { nodeOf } from './scope-node.js'
import type { Container } from './container-interface.js'

export interface RunInScopeOptions {
  /** What the scope is called in messages, such as the name of a job. */
  readonly name?: string
  /** Registrations that only this scope has, such as its tenant. */
  readonly register?: Readonly<Record<string, Resolver<any>>>
  /** Calls the work off: the scope's signal aborts, and its contexts start nothing more. */
  readonly signal?: AbortSignal
}

const OPTIONS: OptionChecks<RunInScopeOptions> = {
  name: anything,
  register: anything,
  signal: anything,
}

type Work<Cradle extends object, R> = (scope: Container<Cradle>) => Promise<R> | R

/**
 * Runs work in a scope of its own, which ends with it, whatever happens: for jobs, consoles, workers and socket messages, and for work that should
 * outlive a request.
 * @throws what the work throws; errors of disposers are in its `suppressed`; InvalidArgumentError for an option that it does not have
 * @example await runInScope(container, { name: 'nightly report' }, scope => scope.cradle.report.run())
 */
export function runInScope<Cradle extends object, R>(
  container: Container<Cradle>,
  work: Work<Cradle, R>,
): Promise<R>
export function runInScope<Cradle extends object, R>(
  container: Container<Cradle>,
  options: RunInScopeOptions,
  work: Work<Cradle, R>,
): Promise<R>
export async function runInScope<Cradle extends object, R>(
  container: Container<Cradle>,
  ...rest: [Work<Cradle, R>] | [RunInScopeOptions, Work<Cradle, R>]
): Promise<R> {
  const [options, work] = rest.length === 1 ? [{}, rest[0]] : rest
  if (rest.length > 1) checkEachOption(InvalidArgumentError, 'runInScope()', options, OPTIONS)
  const { name = 'runInScope', register, signal } = options
  if (!(container instanceof MayflyContainer)) throw notAContainer('runInScope')
  const scope = container.createNamedScope(`scope ${name}`, 'job')
  const opened = { scope: nodeOf(scope)!, face: scope as unknown as Container<Cradle> }
  const prepare = register && (() => scope.register({ ...register }))
  return runWork(opened, { prepare, signal }, work)
}
