import type { Defect } from '../defect.js'

const EXPRESS = 'test/adapters/express/scope-per-request.test.ts'

/** The scope of a request. */
export const requests: readonly Defect[] = [
  {
    id: 'request-ends-under-handler',
    breaks: "A request's scope ends when its client leaves, although its handler still runs.",
    rule: 'E1',
    file: 'lib/scope/served-scope.ts',
    find: 'if (this.#hasEnded || !this.#isClosed || this.#running > 0) return',
    replace: 'if (this.#hasEnded || !this.#isClosed) return',
    caughtBy: [EXPRESS],
  },
  {
    id: 'request-never-ends-on-abort',
    breaks: 'A request whose client left before the response was finished keeps its scope.',
    rule: 'E1',
    file: 'adapters/express/request-scope.ts',
    find: "res.once('close', () => this.#close())",
    replace: "res.once('finish', () => this.#close())",
    caughtBy: [EXPRESS],
  },
  {
    id: 'request-deaf-to-client',
    breaks: "The signal of a request's scope does not abort when the client has gone.",
    rule: 'E2',
    file: 'lib/scope/served-scope.ts',
    find: '    if (gone) this.scope.abort(gone)\n',
    replace: '',
    caughtBy: [EXPRESS],
  },
  {
    id: 'request-abandoned-silently',
    breaks: 'A handler that never ends the response of a client that left is not reported.',
    rule: 'E1',
    file: 'lib/scope/served-scope.ts',
    find: '    this.#served.report(error)\n',
    replace: '    void error\n',
    caughtBy: [EXPRESS],
  },
  {
    id: 'request-disposer-error-lost',
    breaks: 'A disposer that fails after the response is reported to nobody.',
    rule: 'E6',
    file: 'lib/scope/served-scope.ts',
    find: 'this.scope.dispose().catch((error: unknown) => this.#served.report(error))',
    replace: 'this.scope.dispose().catch(() => {})',
    caughtBy: [EXPRESS],
  },
  {
    id: 'request-error-twice',
    breaks: "A controller's error reaches Express's error handler twice.",
    rule: 'E5',
    file: 'adapters/express/invoker.ts',
    find: 'return scope.run(passOn => handler.call(instance, req, res, passOn), next)',
    replace:
      'const given = scope.run(passOn => handler.call(instance, req, res, passOn), next) as any; given?.catch?.(next); return given',
    caughtBy: [EXPRESS],
  },
  {
    id: 'request-work-not-ended',
    breaks: 'The end of the container waits for requests that are over.',
    rule: 'S9',
    file: 'lib/scope/served-scope.ts',
    find: '    this.#endWork()\n',
    replace: '    void this.#endWork\n',
    caughtBy: [EXPRESS],
  },
]
