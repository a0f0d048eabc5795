import { CallSite } from '../diagnostics/call-site.js'
import { warn, type Logger } from '../diagnostics/logger.js'
import { contextLeaked } from '../errors.js'

/** What its maker must dispose, and may forget: a lease. */
interface Forgettable {
  readonly id: string
  readonly logger: Logger | undefined
  isLeaked: boolean
  dispose(reason: string): Promise<void>
}

interface Watched {
  readonly lease: Forgettable
  readonly line: string | undefined
  readonly since: number
}

const abandoned = new FinalizationRegistry<Watched>(watched => {
  reportLeak(watched, 'was garbage collected')
  void watched.lease.dispose('lost: its owner forgot it')
})

/**
 * Has a context that its maker must dispose watched: forgotten, it is reported, and its connection recovered (C8).
 * @returns reports it now
 */
export function watchForLeak(handle: object, lease: Forgettable): (how: string) => void {
  const watched = { lease, line: CallSite.capture()?.line, since: performance.now() }
  abandoned.register(handle, watched, lease)
  return how => reportLeak(watched, how)
}

/** Ends the watch when the lease has ended. */
export function endWatch(lease: Forgettable): void {
  abandoned.unregister(lease)
}

/** @param how what became of the context instead of its disposal */
function reportLeak({ lease, line, since }: Watched, how: string): void {
  const age = performance.now() - since
  lease.isLeaked = true
  warn(lease.logger, contextLeaked(lease.id, age, line, how), 'MAYFLY_CONTEXT_LEAKED')
}
