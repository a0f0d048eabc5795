import { execFile } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { postgres } from 'mayfly/postgres'
import { serverUser } from '../../support/postgres-binary.js'
import {
  canStartPostgres,
  postgresSkipped,
  startPostgresServer,
} from '../../support/postgres-run.js'
import type { PostgresServer } from '../../support/postgres-server.js'
import { connected, idOf, isRunning, rejection } from './fixture.js'

const run = promisify(execFile)

describe('postgres over TLS', function () {
  this.timeout(120_000)
  let folder: string
  let server: PostgresServer | undefined

  before(async function () {
    if (postgresSkipped || !(await canStartPostgres()) || !(await hasOpenssl())) this.skip()
    folder = mkdtempSync(join(tmpdir(), 'mayfly-tls-'))
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
    const files = ['-keyout', key, '-out', certificate]
    await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...files, ...subject])
    chmodSync(key, 0o600)
    chmodSync(folder, 0o755)
    const user = await serverUser()
    if (user) for (const file of [key, certificate]) chownSync(file, user.uid, user.gid)
    server = await startPostgresServer([
      'ssl=on',
      `ssl_key_file=${key}`,
      `ssl_cert_file=${certificate}`,
    ])
  })
  after(async () => {
    await server?.stop()
    if (folder) rmSync(folder, { recursive: true })
  })

  const driverFor = (query: string) => postgres(`${server!.url}?${query}`).createDriver()

  it('encrypts what was asked for, and its cancel requests, too', async () => {
    for (const [query, encrypted] of [
      [`sslrootcert=${join(folder, 'cert.pem')}`, true],
      [`sslmode=verify-full&sslrootcert=${join(folder, 'cert.pem')}`, true],
      ['sslmode=no-verify', true],
      ['sslmode=disable', false],
    ] as const) {
      const driver = driverFor(query)
      const observer = connected(driver, await driver.acquireConnection())
      const own = connected(driver, await driver.acquireConnection())
      const [{ ssl }] = await own.rows('select ssl from pg_stat_ssl where pid = pg_backend_pid()')
      expect(ssl, query).to.equal(encrypted)
      const id = await idOf(own)
      const running = rejection(own.run('select pg_sleep(1000)'))
      await isRunning(observer, id)
      await driver.destroyConnection!(own.connection)
      await running
      const left = 'select 1 from pg_stat_activity where pid = $1'
      while ((await observer.rows(left, id)).length > 0) {
        // It is ending.
      }
      await driver.destroy()
    }
  })

  it('refuses a certificate that nobody has signed, and says what to do', async () => {
    const driver = driverFor('sslmode=require')
    const failure = driver.classifyError!(await rejection(driver.acquireConnection()))
    expect(failure).to.include({ kind: 'connectionRefused' })
    expect(failure?.advice).to.contain('sslrootcert=FILE').and.contain('sslmode=no-verify')
    await driver.destroy()
  })
})

async function hasOpenssl(): Promise<boolean> {
  return run('openssl', ['version']).then(
    () => true,
    () => false,
  )
}
