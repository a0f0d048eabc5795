import type { Defect } from '../defect.js'

const EXPRESS = 'test/adapters/express/scope-per-request.test.ts'

/** The scope of a request. */
export const requests: readonly Defect[] = [
  {
    id: 'request-ends-under-handler',
    breaks: "A request's scope ends when its client leaves, although its handler still runs.",
    rule: 'E1',
    file: 'adapters/express/request-scope.ts',
    find: 'if (this.#ended || !this.#closed || this.#running > 0) return',
    replace: 'if (this.#ended || !this.#closed) return',
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
    file: 'adapters/express/request-scope.ts',
    find: '      nodeOf(this.container)!.abort(clientGone(this.#label))\n',
    replace: '      void clientGone\n',
    caughtBy: [EXPRESS],
  },
  {
    id: 'request-abandoned-silently',
    breaks: 'A handler that never ends the response of a client that left is not reported.',
    rule: 'E1',
    file: 'adapters/express/request-scope.ts',
    find: '    this.#report(abandonedRequest(this.#label, this.#options.abandonAfter ?? DEFAULT_ABANDON_AFTER))\n',
    replace: '    void abandonedRequest\n',
    caughtBy: [EXPRESS],
  },
  {
    id: 'request-disposer-error-lost',
    breaks: 'A disposer that fails after the response is reported to nobody.',
    rule: 'E6',
    file: 'adapters/express/request-scope.ts',
    find: 'this.container.dispose().catch((error: unknown) => this.#report(error))',
    replace: 'this.container.dispose().catch(() => {})',
    caughtBy: [EXPRESS],
  },
  {
    id: 'request-error-twice',
    breaks: "A controller's error reaches Express's error handler twice.",
    rule: 'E5',
    file: 'adapters/express/request-scope.ts',
    find: '      error => {\n        settle()\n        throw error\n',
    replace: '      error => {\n        settle()\n        next(error)\n        throw error\n',
    caughtBy: [EXPRESS],
  },
  {
    id: 'request-work-not-ended',
    breaks: 'The end of the container waits for requests that are over.',
    rule: 'S9',
    file: 'adapters/express/request-scope.ts',
    find: '    this.#endWork()\n',
    replace: '    void this.#endWork\n',
    caughtBy: [EXPRESS],
  },
]
