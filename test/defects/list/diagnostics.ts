import { HISTORIES, type Defect } from '../defect.js'

const CHANNELS = 'test/diagnostics/channels.test.ts'

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
    file: 'lib/connection/gate.ts',
    find: '    this.#holds.add(hold)\n',
    replace: '',
    caughtBy: ['test/connection/gate.test.ts'],
  },
]
