import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'chai'

describe('the demo of interceptors', () => {
  it('marks what is deleted, says who changed what, and sends what is stored', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--import=tsx',
      'demo/interceptors/main.ts',
    ])
    expect(stdout.trim().split('\n')).to.deep.equal([
      'stored: Of scopes, Of leases; by Ada',
      'shown: Of leases',
      'kept: Of scopes, last changed by Grace, deleted',
      'kept: Of leases, last changed by Ada',
      'The work of a transaction has failed.',
      'sent: published: Of scopes',
      'sent: published: Of leases',
    ])
  })
})
