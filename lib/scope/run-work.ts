import { withSuppressed } from '../errors.js'
import type { Opened } from './opened.js'

export interface WorkOptions<Face> {
  /** Gives the scope what only it has, before the work gets it. */
  readonly prepare?: ((face: Face) => void) | undefined
  /** Calls the work off: the scope's signal aborts, and its contexts start nothing more. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs work in a unit of work of its own, which ends with it, whatever happens. Whoever opens scopes can use it; it knows no container.
 * @throws what the work throws; errors of disposers are in its `suppressed`
 */
export async function runWork<Face, R>(
  { scope, face }: Opened<Face>,
  { prepare, signal }: WorkOptions<Face>,
  work: (face: Face) => Promise<R> | R,
): Promise<R> {
  const onAbort = () => scope.abort(signal!.reason)
  if (signal?.aborted) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  scope.obeySignal()
  const endWork = scope.beginWork()
  let isDone = false
  try {
    prepare?.(face)
    const result = await work(face)
    isDone = true
    await scope.dispose()
    return result
  } catch (error) {
    throw isDone ? error : withSuppressed(error, await scope.disposeAndCollect())
  } finally {
    endWork()
    signal?.removeEventListener('abort', onAbort)
  }
}
