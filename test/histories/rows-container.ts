import { asFunction } from 'awilix'
import { createContainer, DbContext, type DbContextOptions } from 'mayfly'
import type { RowsDatabase } from './place.js'

abstract class RowsContext extends DbContext<RowsDatabase> {
  readonly rows = this.set('rows', { key: 'key' })
}
class Refusing extends RowsContext {}
class Queueing extends RowsContext {}
class Unchecked extends RowsContext {}

/** Whether the operations of a context may overlap. */
export const mayOverlap = (context: string): boolean => context.startsWith(Unchecked.name)

/** The contexts of the interpreter, and what is wrong with how often each scope has been disposed since the last check. */
export function rowsContainer(options: DbContextOptions) {
  const silent = { debug() {}, warn() {}, error() {} }
  const disposals: { times: number }[] = []
  const container = createContainer({ logger: silent, gracePeriod: 100 })
    .addDbContextFactory('refuse', Refusing, options)
    .addDbContextFactory('queue', Queueing, { ...options, concurrency: 'queue' })
    .addDbContextFactory('unchecked', Unchecked, { ...options, concurrency: 'unchecked' })
    .register({
      probe: asFunction(() => {
        const probe = { times: 0 }
        disposals.push(probe)
        return probe
      })
        .scoped()
        .disposer(probe => void probe.times++),
    })
  const checkDisposals = () =>
    disposals.splice(0).some(({ times }) => times !== 1) ? ['a scope was not disposed once'] : []
  return { container, checkDisposals }
}
