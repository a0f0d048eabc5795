import { expect } from 'chai'
import { DroppedScopes } from '../../lib/scope/dropped-scopes.js'
import type { Opened } from '../../lib/scope/opened.js'
import { runWork } from '../../lib/scope/run-work.js'
import { Scope } from '../../lib/scope/scope.js'
import { WorkInFlight } from '../../lib/scope/work-in-flight.js'
import { deferred, failure, turn } from '../support/deferred.js'

/** What somebody else's container would be. */
interface Child {
  readonly values: Map<string, unknown>
}

/** Opens scopes for a container that Mayfly does not know. */
function host() {
  const family = {
    logger: undefined,
    work: new WorkInFlight(),
    gracePeriod: 1000,
    dropped: new DroppedScopes(undefined),
  }
  const root = new Scope(family, undefined, 'the whole')
  const log: string[] = []
  const open = (label: string): Opened<Child> => {
    const scope = new Scope(family, root, label, 'job')
    const end = () => log.push(`${label} ended`)
    scope.own({ key: undefined, value: {}, foreign: false, end, remains: undefined })
    return { scope, face: { values: new Map() } }
  }
  return { root, log, open }
}

describe('work in a scope of whoever opens scopes', () => {
  it('S5: gets what shows the scope, prepared, and ends with it', async () => {
    const { open, log } = host()
    const prepare = ({ values }: Child) => values.set('tenant', 'north')

    const result = await runWork(open('report'), { prepare }, async ({ values }) => {
      await turn()
      log.push('work')
      return values.get('tenant')
    })

    expect(result).to.equal('north')
    expect(log).to.deep.equal(['work', 'report ended'])
  })

  it('S1: what fails before the work has begun ends the scope, too', async () => {
    const { open, log } = host()
    const wrong = new Error('no such tenant')
    const prepare = () => {
      throw wrong
    }

    const error = await failure(runWork(open('report'), { prepare }, () => log.push('work')))

    expect(error).to.equal(wrong)
    expect(log).to.deep.equal(['report ended'])
  })

  it('S9: is waited for by the end of the whole, and called off by its signal', async () => {
    const { open, root, log } = host()
    const gate = deferred()
    const { signal, abort } = abortable()
    const opened = open('report')
    const work = runWork(opened, { signal }, () => gate.promise)
    const end = root.dispose().then(() => log.push('the whole ended'))

    abort('enough')
    await turn()
    expect(opened.scope.workSignal?.reason).to.equal('enough')
    expect(log).to.deep.equal([])

    gate.resolve()
    await Promise.all([work, end])
    expect(log).to.deep.equal(['report ended', 'the whole ended'])
  })
})

function abortable() {
  const controller = new AbortController()
  return { signal: controller.signal, abort: (reason: unknown) => controller.abort(reason) }
}
