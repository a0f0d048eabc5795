import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { readSettings } from '../../demo/dashboard/settings.js'
import { StartError } from '../../demo/dashboard/start-error.js'
import { databases, type DatabaseKind } from '../support/databases.js'
import { DemoProcess } from './demo-process.js'

interface Settings {
  readonly env: Readonly<Record<string, string>>
  drop(): Promise<void>
}

/** The demo makes a file of its own where it is given no database. */
async function settingsFor({ family, create }: DatabaseKind): Promise<Settings> {
  if (family === 'sqlite') return { env: {}, drop: async () => {} }
  const { url, drop } = await create('demo')
  return { env: { DATABASE_URL: url }, drop }
}

describe('npm start -- --once', function () {
  this.timeout(60_000)
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mayfly-demo-test-'))
  })
  afterEach(() => {
    DemoProcess.killAll()
    rmSync(folder, { recursive: true, force: true })
  })

  for (const kind of databases) {
    it(`fills ${kind.name} once, prints the comparison and ends`, async () => {
      const { env, drop } = await settingsFor(kind)
      try {
        const first = await DemoProcess.run({ folder, env, args: ['--once'] })
        expect(first).to.deep.include({ code: 0, stderr: '' })
        expect(first.stdout).to.contain('Filling ').and.to.contain('2,405 of 2,405 rows')
        expect(first.stdout).to.match(new RegExp(`the data in ${kind.name} \\d+\\.\\d+`))
        expect(first.stdout).to.match(/^sequential .* ms$/m)
        expect(first.stdout).to.match(/^parallel .* ms$/m)
        expect(first.stdout).to.match(/^shared .* refused$/m)
        expect(first.stdout).to.match(/^Parallel is \d+\.\d times as fast as sequential/m)
        expect(first.stdout.replace(/\s+/g, ' ')).to.contain(
          'ConcurrentOperationError MAYFLY_CONCURRENT_OPERATION A second operation was started on this context before a ' +
            'previous operation completed: ShopContext#',
        )

        const second = await DemoProcess.run({ folder, env, args: ['--once'] })
        expect(second).to.deep.include({ code: 0, stderr: '' })
        expect(second.stdout).not.to.contain('Filling ')
      } finally {
        await drop()
      }
    })
  }

  it('fits 80 columns and is plain text where the output is no terminal', async () => {
    const { stdout } = await DemoProcess.run({ folder, env: { CI: '1' }, args: ['--once'] })
    const chart = stdout.slice(stdout.indexOf('0 ms'))
    expect(chart).not.to.contain('\x1b')
    expect(Math.max(...chart.split('\n').map(line => line.length))).to.be.at.most(80)
  })

  it('ends with one line about a setting that cannot be used', async () => {
    const result = await DemoProcess.run({ folder, env: { PORT: 'http' } })
    const stderr = 'PORT must be a whole number from 0 to 65535, and is "http".\n'
    expect(result).to.deep.equal({ code: 1, stdout: '', stderr })
  })
})

describe('the settings of the demo', () => {
  const url = (DATABASE_URL: string) => () => readSettings({ DATABASE_URL }, [])

  it('are SQLite on port 3000 when nothing is set', () => {
    const { database, ...others } = readSettings({ PORT: '', DATABASE_URL: '' }, [])
    expect(others).to.deep.equal({ rows: 800_000, port: 3000, once: false })
    expect(database.label).to.match(/mayfly-dashboard-v1-800000\.sqlite$/)
  })

  it('show no password of the database', () => {
    const { database } = readSettings({ DATABASE_URL: 'mysql://me:secret@db:3307/shop' }, [
      '--once',
    ])
    expect(database.label).to.equal('mysql://db:3307/shop')
  })

  it('refuse a port that is none', () => {
    for (const PORT of ['70000', '-1', '1e3', ' 80']) {
      expect(() => readSettings({ PORT }, []), PORT).to.throw(
        StartError,
        `PORT must be a whole number from 0 to 65535, and is "${PORT}".`,
      )
    }
  })

  it('refuse a database that the demo does not know', () => {
    const must = 'DATABASE_URL must start with mysql://, mariadb:// or postgres://'
    const without = 'Without it the demo uses SQLite.'
    expect(url('mongodb://me:secret@localhost/shop')).to.throw(
      StartError,
      `${must}, not mongodb://. ${without}`,
    )
    expect(url('./shop.db')).to.throw(StartError, `${must}. ${without}`)
    expect(url('mysql://me:secret@localhost:3306')).to.throw(
      StartError,
      'DATABASE_URL must look like mysql://user:password@host:port/database.',
    )
  })

  it('refuse arguments that do not exist', () => {
    expect(() => readSettings({}, ['--twice'])).to.throw(
      StartError,
      'Unknown arguments: --twice. There is only one: npm start -- --once',
    )
  })
})
