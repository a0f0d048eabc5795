import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { DbContext, InvalidArgumentError } from 'mayfly'
import { mysql, type MysqlTarget } from 'mayfly/mysql2'
import { sql } from 'kysely'
import type { MysqlServer } from '../../support/mysql-server.js'
import { isMariadb, mysqlSkipped, startMysqlServer } from '../../support/mysql-run.js'
import { rejection } from './fixture.js'

describe('mysql over TLS', () => {
  describe('refused when it is said', () => {
    const wrong: [string, string, RegExp][] = [
      ['?ssl-mode=PREFERRED', 'db', /ssl-mode that may go on in clear text.*say ssl-mode=DISABLED/],
      ['?sslmode=prefer', 'db', /sslmode that may go on in clear text/],
      ['?tls=preferred', 'db', /tls that may go on in clear text/],
      ['?useSSL=true', 'db', /useSSL that may go on in clear text/],
      ['?tls=custom', 'db', /tls that means nothing exact/],
      ['?ssl=maybe', 'db', /ssl that means nothing exact/],
      ['?ssl={bad', 'db', /ssl that is no JSON/],
      ['?ssl-mode=', 'db', /ssl-mode that means nothing exact/],
      ['?sslcert=/nowhere', 'db', /sslcert that means nothing exact/],
      ['?requireSSL=true', 'db', /requireSSL that means nothing exact/],
      ['?verifyServerCertificate=true', 'db', /verifyServerCertificate that means nothing/],
      ['?ssl-ca=/nowhere/ca.pem', 'db', /a file for ssl-ca that cannot be read/],
      ['?ssl-mode=REQUIRED&ssl=false', 'db', /in two ways/],
      ['?ssl={}&ssl-mode=REQUIRED', 'db', /in two ways/],
      ['?ssl-mode=VERIFY_IDENTITY', '127.0.0.1', /an address for its host/],
      ['?ssl=true', '[::1]', /an address for its host/],
    ]
    for (const [query, host, message] of wrong) {
      it(`${host}${query}`, () => {
        const make = (): unknown => mysql(`mysql://me:s3cret@${host}/shop${query}`)
        expect(make).to.throw(InvalidArgumentError, message)
        expect(make).to.throw(/Nothing is sent in clear text/)
        expect(make).not.to.throw(/s3cret|\n/)
      })
    }

    it('an ssl that mysql2 would fail on', () => {
      for (const ssl of ['Amazon', 5, []])
        expect(() => mysql({ host: 'db', ssl: ssl as never })).to.throw(InvalidArgumentError, /ssl/)
    })
  })

  describe('on a server', () => {
    let folder: string
    let server: MysqlServer
    const file = (name: string) => join(folder, name)
    const openssl = (...args: string[]) =>
      execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
    const url = (query: string, host = 'localhost') => {
      const target = new URL(server.url)
      target.hostname = host
      target.pathname = '/mysql'
      return `${target.href}${query}`
    }
    /** The cipher of a connection that is made so; empty in clear text. */
    const cipherOf = async (target: MysqlTarget, options?: object): Promise<string> => {
      await using db = new DbContext({ dialect: mysql(target, options) })
      const { rows } = await sql<
        Record<string, string>
      >`show session status like 'Ssl_cipher'`.execute(db.kysely)
      return rows[0]!['Value']!
    }
    const failureOf = (target: MysqlTarget, options?: object) =>
      rejection(cipherOf(target, options))

    before(async function () {
      if (mysqlSkipped) this.skip()
      this.timeout(120_000)
      folder = mkdtempSync(join(tmpdir(), 'mayfly-tls-'))
      const key = ['-newkey', 'rsa:2048', '-nodes']
      const subject = ['-subj', '/CN=Test CA', '-days', '2', '-keyout', 'ca.key', '-out', 'ca.pem']
      openssl('req', '-x509', ...key, ...subject)
      openssl('req', ...key, '-subj', '/CN=localhost', '-keyout', 'key.pem', '-out', 'request.pem')
      writeFileSync(file('names'), 'subjectAltName=DNS:localhost')
      const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2']
      openssl(
        'x509',
        '-req',
        '-in',
        'request.pem',
        ...signed,
        '-extfile',
        'names',
        '-out',
        'cert.pem',
      )
      openssl('req', '-x509', ...key, '-subj', '/CN=Other', '-keyout', 'o.key', '-out', 'other.pem')
      server = await startMysqlServer([
        `--ssl-ca=${file('ca.pem')}`,
        `--ssl-cert=${file('cert.pem')}`,
        `--ssl-key=${file('key.pem')}`,
      ])
    })
    after(async () => {
      await server?.stop()
      if (folder) rmSync(folder, { recursive: true })
    })

    it('is encrypted wherever that was said, in any spelling, and checks what was said', async () => {
      const ca = `ssl-ca=${encodeURIComponent(file('ca.pem'))}`
      for (const query of [
        '?ssl-mode=REQUIRED',
        '?sslmode=require',
        '?ssl_mode=required',
        '?sslMode=trust',
        '?tls=skip-verify',
        '?sslaccept=accept_invalid_certs',
        '?ssl={"rejectUnauthorized":false}',
        `?${ca}`,
        `?ssl-mode=VERIFY_CA&${ca}`,
        `?sslmode=verify-ca&${ca.replace('ssl-ca', 'sslrootcert')}`,
        `?ssl-mode=VERIFY_IDENTITY&${ca}`,
        `?sslmode=verify-full&${ca.replace('ssl-ca', 'sslca')}&connectionLimit=1`,
        `?tls=true&${ca}`,
        `?ssl=true&${ca}`,
        `?sslaccept=strict&${ca}`,
      ])
        expect(await cipherOf(url(query)), query).to.match(/\w/)
      expect(await cipherOf(url(`?ssl-mode=VERIFY_CA&${ca}`, '127.0.0.1'))).to.match(/\w/)
      expect(await cipherOf(url(''), { ssl: { rejectUnauthorized: false } })).to.match(/\w/)
    })

    it('is clear text only where nothing or the opposite was said', async () => {
      for (const query of [
        '',
        '?ssl-mode=DISABLED',
        '?sslmode=disable',
        '?tls=false',
        '?ssl=false',
      ])
        expect(await cipherOf(url(query)), query).to.equal('')
      expect(await cipherOf(url('?useSSL=false'))).to.equal('')
      expect(await cipherOf(url(''), { ssl: false })).to.equal('')
    })

    it('a certificate that is not trusted, or is for another name, is told as that', async () => {
      const other = `ssl-ca=${encodeURIComponent(file('other.pem'))}`
      for (const query of ['?ssl=true', '?ssl-mode=VERIFY_CA', '?ssl={}', `?${other}`]) {
        const error = await failureOf(url(query))
        expect(error).to.include({ code: 'MAYFLY_DATABASE', kind: 'connectionRefused' })
        expect(error.message).to.match(/nobody that is trusted here has signed its certificate/)
        expect(error.message).to.contain('ssl-ca=FILE').and.contain('localhost:')
        expect(error.message).not.to.contain('is it running')
      }
      const config = { ssl: { ca: '', verifyIdentity: true } }
      expect((await failureOf(url(''), config)).message).not.to.contain('is it running')
    })

    it('a server that takes encrypted connections only says so', async () => {
      await using db = new DbContext({ dialect: mysql(url('?ssl-mode=REQUIRED')) })
      await sql`set global require_secure_transport = on`.execute(db.kysely)
      try {
        const error = await failureOf(url(''))
        // MariaDB speaks of the user and the password.
        const expected = isMariadb()
          ? /refused the user/
          : /encrypted connections only; say ssl-mode/
        expect(error.message).to.match(expected)
      } finally {
        await sql`set global require_secure_transport = off`.execute(db.kysely)
      }
    })

    it('a server without TLS gets nothing in clear text', async function () {
      const plain = await startMysqlServer(isMariadb() ? ['--skip-ssl'] : ['--tls-version='])
      try {
        const target = new URL(plain.url)
        target.pathname = '/mysql'
        const error = await failureOf(`${target.href}?ssl-mode=REQUIRED`)
        expect(error).to.include({ kind: 'connectionRefused' })
        expect(error.message).to.match(/has no TLS, which was asked for, and nothing was sent/)
      } finally {
        await plain.stop()
      }
    })
  })
})
