import { writeFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { DbContext } from 'mayfly'
import { Client, Pool } from 'pg'
import { postgres } from 'mayfly/postgres'
import { urlOptions } from '../../../adapters/postgres/url.js'
import { rejection } from './fixture.js'

function refusal(give: () => unknown): any {
  try {
    give()
  } catch (error) {
    return error
  }
  throw new Error('This should have been refused.')
}

describe('the target of postgres()', () => {
  it('is a URL, whose parts may be escaped', () => {
    expect(urlOptions('postgres://a%40b:p%2F%23@db.example:5433/sh%20op?max=20&application_name=x')) //
      .to.deep.equal({
        user: 'a@b',
        password: 'p/#',
        host: 'db.example',
        port: 5433,
        database: 'sh op',
        max: 20,
        application_name: 'x',
      })
    expect(urlOptions('postgresql://[::1]/shop?connect_timeout=3')).to.deep.equal({
      host: '::1',
      database: 'shop',
      connectionTimeoutMillis: 3000,
    })
    expect(urlOptions('postgres:///shop?host=/run/postgresql')).to.deep.equal({
      host: '/run/postgresql',
      database: 'shop',
    })
  })

  it('a URL that asks for TLS gets it, verified, or is refused; never clear text', () => {
    const ssl = (query: string) => urlOptions(`postgres://h/d?${query}`).ssl
    expect(ssl('')).to.equal(undefined)
    for (const query of ['sslmode=disable', 'ssl=false', 'ssl=0'])
      expect(ssl(query), query).to.equal(false)
    for (const mode of ['require', 'verify-ca', 'verify-full'])
      expect(ssl(`sslmode=${mode}`), mode).to.equal(true)
    expect(ssl('ssl=true')).to.equal(true)
    for (const query of ['sslmode=no-verify', 'ssl=no-verify'])
      expect(ssl(query), query).to.deep.equal({ rejectUnauthorized: false })
    const folder = mkdtempSync(join(tmpdir(), 'mayfly-tls-'))
    const file = join(folder, 'ca.pem')
    writeFileSync(file, 'the ca')
    expect(ssl(`sslrootcert=${file}`)).to.deep.equal({ ca: 'the ca' })
    expect(ssl(`sslmode=verify-full&sslrootcert=${file}`)).to.deep.equal({ ca: 'the ca' })
    for (const [query, problem] of [
      ['sslmode=prefer', 'clear text'],
      ['sslmode=allow', 'clear text'],
      ['sslmode=REQUIRED', 'sslmode is none of'],
      ['ssl=yes', 'neither true nor false'],
      ['sslrootcert=/nowhere', 'cannot be read'],
      [`sslmode=disable&sslrootcert=${file}`, 'turned off'],
    ] as const)
      expect(refusal(() => ssl(query)).message, query).to.contain(problem)
    rmSync(folder, { recursive: true })
  })

  it('that leads nowhere is refused at once, with what to do and without its password', () => {
    for (const [target, problem] of [
      ['', 'it is no URL'],
      ['localhost', 'it is no URL'],
      ['mysql://ada:hunter2@127.0.0.1/shop', 'it starts with mysql://'],
      ['postgres://ada:hunter2@127.0.0.1', 'it has no database'],
      ['postgres:///shop', 'it has no host'],
      ['postgres://ada:12/x?hunter2@127.0.0.1/shop', 'no list of options'],
      ['postgres://ada:12/x?hunter2=3@127.0.0.1/shop', 'no list of options'],
      ['postgres://ada:hunter2%@127.0.0.1/shop', 'it has a %'],
      [null, 'got null'],
      [7, 'got number'],
    ] as const) {
      const error = refusal(() => postgres(target as never))
      expect(error).to.include({ code: 'MAYFLY_INVALID_ARGUMENT' })
      expect(error.message).to.contain(problem).and.contain('postgres://user:password@')
      expect(error.message).not.to.contain('hunter2')
    }
  })

  it('an option that has another name here is refused with that name', () => {
    for (const [option, advice] of [
      ['query_timeout', 'commandTimeout'],
      ['connectionLimit', 'its max'],
      ['channel_binding', 'enableChannelBinding'],
      ['pgbouncer', "prepare: 'never'"],
      ['schema', 'search_path'],
    ] as const) {
      for (const give of [
        () => postgres(`postgres://127.0.0.1/shop?${option}=5`),
        () => postgres({ host: 'h', database: 'd', [option]: 5 }),
      ]) {
        const error = refusal(give)
        expect(error).to.include({ code: 'MAYFLY_INVALID_ARGUMENT', argument: option })
        expect(error.message).to.contain(`no option "${option}"`).and.contain(advice)
      }
    }
  })

  it('that is a dialect is refused, and no server of another name is asked', () => {
    const dialect = new PostgresDialect({ pool: async () => await Promise.reject(new Error()) })
    for (const given of [dialect, new Kysely({ dialect })])
      expect(refusal(() => postgres(given as never)).message).to.contain('an instance of a class')
    class Settings {
      host = '127.0.0.1'
    }
    postgres(new Settings())
  })

  it('without a host is told by the one that pg takes from the environment', async () => {
    const before = process.env['PGHOST']
    process.env['PGHOST'] = '/nowhere/at-all'
    try {
      await using context = new DbContext({ dialect: postgres({ database: 'shop', port: 5433 }) })
      const error = await rejection(sql`select 1`.execute(context.kysely))
      expect(error.message).to.contain('/nowhere/at-all/.s.PGSQL.5433')
    } finally {
      if (before === undefined) delete process.env['PGHOST']
      else process.env['PGHOST'] = before
    }
  })

  it('options that it does not know are refused, with the one that was probably meant', () => {
    const unknown = refusal(() =>
      postgres({ host: 'h', database: 'd', connectionTimeoutMilis: 5 } as never),
    )
    expect(unknown).to.include({ code: 'MAYFLY_INVALID_ARGUMENT' })
    expect(unknown.message).to.contain('connectionTimeoutMillis')
    for (const give of [
      () => postgres('postgres://h/d?maxx=5'),
      () => postgres('postgres://h/d', { query_timeout: 5 } as never),
      () => postgres('postgres://h/d?max=many'),
      () => postgres('postgres://h/d', { max: 0 }),
      () => postgres('postgres://h/d', { prepare: 'sometimes' as never }),
      () => postgres({ connectionString: 'postgres://h/d', pipeline: true } as never),
    ])
      expect(refusal(give)).to.include({ code: 'MAYFLY_INVALID_ARGUMENT' })
  })

  it('what is given apart wins over what the URL says', () => {
    expect(postgres('postgres://h/d?max=5', { max: 7 }).maxConnections).to.equal(7)
    expect(postgres('postgres://h/d').maxConnections).to.equal(10)
    expect(postgres({ connectionString: 'postgres://h/d?max=5', max: 6 }).maxConnections).to.equal(
      6,
    )
  })

  it('a pool of the caller says how large it is, and has its own options', async () => {
    const pool = new Pool({ host: '127.0.0.1', port: 1, max: 3 })
    expect(postgres(pool).maxConnections).to.equal(3)
    expect(postgres(pool, { prepare: 'never' }).maxConnections).to.equal(3)
    expect(refusal(() => postgres(pool, { max: 4 })).message).to.contain('has its own options')
    expect(refusal(() => postgres(new Client())).message).to.contain('is no pool')
    const pipelined = new Pool({ pipeline: true })
    expect(refusal(() => postgres(pipelined)).message).to.contain('pipeline')
    const driver = postgres(pool).createDriver()
    expect(driver.classifyError!(await rejection(driver.acquireConnection()))).to.deep.equal({
      kind: 'connectionRefused',
      detail: '127.0.0.1:1',
    })
    await driver.destroy()
    await pool.end()
  })
})
