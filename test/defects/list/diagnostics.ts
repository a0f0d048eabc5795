import { HISTORIES, type Defect } from '../defect.js'

const CHANNELS = 'test/diagnostics/channels.test.ts'
const BUNDLES = 'test/diagnostics/bundles.test.ts'
const ERRORS = 'test/errors.test.ts'

export const diagnostics: readonly Defect[] = [
  {
    id: 'channel-end-missing',
    breaks: 'The end of an operation that failed is not published.',
    rule: 'D1',
    file: 'lib/diagnostics/channels.ts',
    find: "  if ('error' in result) channel.error.publish(message)\n  channel.asyncEnd.publish(message)\n",
    replace:
      "  if ('error' in result) channel.error.publish(message)\n  else channel.asyncEnd.publish(message)\n",
    caughtBy: [HISTORIES, CHANNELS],
  },
  {
    id: 'channel-error-missing',
    breaks: 'A failure is published as if it were a success.',
    rule: 'D1',
    file: 'lib/diagnostics/observe-operation.ts',
    find: '    this.#end({ error })\n',
    replace: '    this.#end({ rows: error === undefined ? 0 : undefined })\n',
    caughtBy: [CHANNELS],
  },
  {
    id: 'error-without-holders',
    breaks: 'Whoever waited in vain is not told who holds the connections.',
    rule: 'X2',
    file: 'lib/connection/place.ts',
    find: '    this.#since = performance.now()\n',
    replace: '',
    caughtBy: ['test/connection/gate.test.ts'],
  },
  {
    id: 'error-refused-swapped',
    breaks: 'A refused operation is told as the one that ran.',
    rule: 'C2',
    file: 'lib/errors.ts',
    find: '    factsOf(running),\n    factsOf(refused),\n',
    replace: '    factsOf(refused),\n    factsOf(running),\n',
    caughtBy: [ERRORS],
  },
  {
    id: 'error-name-minified',
    breaks: 'An error is called what a minifier calls its class.',
    rule: 'Errors',
    file: 'lib/errors.ts',
    find: "    return 'ConcurrentOperationError'\n",
    replace: '    return this.constructor.name\n',
    caughtBy: [BUNDLES],
  },
  {
    id: 'call-site-of-node',
    breaks: 'A frame of Node itself is told as the line of user code.',
    rule: 'C2',
    file: 'lib/diagnostics/call-site.ts',
    find: 'const place = /[\\s(]((?:',
    replace: 'const place = /\\(?((?:',
    caughtBy: [BUNDLES],
  },
  {
    id: 'call-site-of-bundle',
    breaks: 'A frame of Mayfly in a bundle is told as the line of user code.',
    rule: 'C2',
    file: 'lib/diagnostics/call-site.ts',
    find: "  return [here.replace(/\\d+:\\d+$/, '')]\n",
    replace: '  return []\n',
    caughtBy: [BUNDLES],
  },
  {
    id: 'channel-ids-equal',
    breaks:
      'Two scopes have the same number, so that two requests for one path cannot be told apart.',
    rule: 'D1',
    file: 'lib/scope/scope.ts',
    find: '  readonly id = ++scopes\n',
    replace: '  readonly id = scopes\n',
    caughtBy: [CHANNELS],
  },
  {
    id: 'channel-leak-unsaid',
    breaks: 'The end of a context that was forgotten is told as any other.',
    rule: 'D1',
    file: 'lib/context/lease-handle.ts',
    find: '  lease.isLeaked = true\n',
    replace: '',
    caughtBy: [CHANNELS],
  },
  {
    id: 'channel-line-at-once',
    breaks: 'The line of user code is read for every operation that somebody listens to.',
    rule: 'D1',
    file: 'lib/diagnostics/observe-operation.ts',
    find: '    get line() {\n      return operation.line\n    },\n',
    replace: '    line: operation.line,\n',
    caughtBy: [CHANNELS],
  },
]
