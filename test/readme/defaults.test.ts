import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  DEFAULT_CONNECTION_LIMIT,
  DEFAULT_MAX_PREPARED_STATEMENTS,
} from '../../adapters/mysql2/pool-options.js'
import { DEFAULT_CONNECTION_TIMEOUT, DEFAULT_MAX } from '../../adapters/postgres/options.js'
import { MOST_NAMES } from '../../adapters/postgres/prepared-names.js'
import { DEFAULT_MAX_CONNECTIONS } from '../../adapters/sqlite/options.js'
import { DEFAULT_ACQUIRE_TIMEOUT } from '../../lib/connection/gate.js'
import { LET_GO_TIMEOUT } from '../../lib/connection/place.js'
import { DEFAULT_GRACE_PERIOD } from '../../lib/container/container-options.js'
import { DEFAULT_DISPOSE_TIMEOUT } from '../../lib/context/options.js'
import { DEFAULT_POOL_SIZE } from '../../lib/registration/options.js'
import { repository } from '../support/repository.js'

/** What a page says, with the number that the code has. */
const TOLD: readonly (readonly [page: string, words: string])[] = [
  [
    'README.md',
    `(\`mysql\`, \`postgres\`: ${DEFAULT_CONNECTION_LIMIT}, \`sqlite\`: ${DEFAULT_MAX_CONNECTIONS};`,
  ],
  ['README.md', `\`gate: { acquireTimeout }\` (${seconds(DEFAULT_ACQUIRE_TIMEOUT)})`],
  ['docs/lifetimes.md', `(\`disposeTimeout\`, ${seconds(DEFAULT_DISPOSE_TIMEOUT)},`],
  ['docs/lifetimes.md', `(\`gracePeriod\`, ${seconds(DEFAULT_GRACE_PERIOD)},`],
  ['docs/several-contexts.md', `after ${seconds(LET_GO_TIMEOUT)} it is given to others`],
  ['docs/pooling.md', `How many idle cores are kept; ${DEFAULT_POOL_SIZE} unless you say.`],
  ['docs/mysql.md', `\`maxPreparedStatements: ${DEFAULT_MAX_PREPARED_STATEMENTS}\``],
  ['docs/postgres.md', `has ${seconds(DEFAULT_CONNECTION_TIMEOUT)} (\`connectionTimeoutMillis\`)`],
  ['docs/postgres.md', `at most ${MOST_NAMES} on a connection`],
]

function seconds(milliseconds: number): string {
  return `${milliseconds / 1000} seconds`
}

describe('the defaults that the pages tell', () => {
  for (const [page, words] of TOLD)
    it(`${page}: ${words}`, () => {
      const text = readFileSync(join(repository, page), 'utf8').replaceAll(/\s+/g, ' ')

      expect(text).to.include(words)
    })

  it('one number stands for MySQL and PostgreSQL', () => {
    expect(DEFAULT_MAX).to.equal(DEFAULT_CONNECTION_LIMIT)
  })
})
