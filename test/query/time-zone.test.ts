import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { mysqlSkipped, mysqlUrl } from '../support/mysql-run.js'
import { repository } from '../support/repository.js'

const run = promisify(execFile)

/** West of Greenwich and with summer time: what is taken for local time is another time there. */
const ZONE = 'America/New_York'

/** The specs of values. */
const SPECS = [
  'test/query/columns.test.ts',
  'test/query/column-forms.test.ts',
  'test/query/sqlite-values.test.ts',
  'test/query/complete-sets.test.ts',
  'test/adapters/mysql2/values.test.ts',
  'test/adapters/sqlite/parameters.test.ts',
]

describe('values in another time zone', function () {
  this.timeout(120_000)

  it(`U9: what is written and read is the same in ${ZONE}`, async () => {
    const mocha = ['--import=tsx', 'node_modules/mocha/bin/mocha.js', '--no-config']
    const setup = ['--require=test/support/setup.ts', '--reporter=dot', '--timeout=40000']
    // On the first server of this run, which is there already.
    const server = mysqlSkipped ? {} : { MYSQL_URL: await mysqlUrl(), MAYFLY_SERVER: '' }
    const env = { ...process.env, ...server, TZ: ZONE, NODE_OPTIONS: '' }

    const { stdout } = await run(process.execPath, [...mocha, ...setup, ...SPECS], {
      cwd: repository,
      env,
    }).catch((error: { stdout: string }) => {
      throw new Error(error.stdout.slice(-4000), { cause: error })
    })

    expect(stdout).to.match(/\d+ passing/)
  })
})
