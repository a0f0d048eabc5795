import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { databases } from '../support/databases.js'
import { DemoProcess } from './demo-process.js'

describe('npm start', function () {
  this.timeout(60_000)
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mayfly-demo-test-'))
  })
  afterEach(() => {
    DemoProcess.killAll()
    rmSync(folder, { recursive: true, force: true })
  })

  async function get(url: string): Promise<{ status: number; body: any }> {
    const response = await fetch(url)
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json')
    return { status: response.status, body: isJson ? JSON.parse(text) : text }
  }

  async function checkDashboards(url: string): Promise<void> {
    const parallel = await get(`${url}/dashboard/1?mode=parallel`)
    expect(parallel.status).to.equal(200)
    expect(parallel.body).to.include({ mode: 'parallel' })
    expect(parallel.body.database).to.match(/^(?:SQLite|MariaDB|MySQL|PostgreSQL) \d+\.\d+/)
    expect(parallel.body.totalMs).to.be.a('number')
    expect(parallel.body.queries.map(({ query }: any) => query)).to.have.members([
      'orders',
      'logs',
      'stats',
    ])
    for (const query of parallel.body.queries) {
      expect(query.startMs).to.be.at.least(0)
      expect(query.durationMs).to.be.at.least(0)
      expect(query.waitMs + query.runMs).to.be.closeTo(query.durationMs, 0.001)
      expect(query.connection).to.be.oneOf([1, 2, 3])
    }
    const { userId, name, orderCount, orders, logs } = parallel.body.data
    expect({ userId, name }).to.deep.equal({ userId: 1, name: 'User 1' })
    expect(orderCount).to.be.greaterThan(50)
    expect(orders).to.have.length(50)
    expect(
      orders.every((order: any) => order.userId === 1 && /^\d+\.\d\d$/.test(order.amount)),
    ).to.equal(true)
    expect(orders.map((order: any) => order.createdAt)).to.deep.equal(
      orders
        .map((order: any) => order.createdAt)
        .toSorted()
        .toReversed(),
    )
    expect(logs).to.have.length(50)
    expect(logs[0].timestamp).to.equal('2026-01-02T09:15:00.000Z')

    const sequential = await get(`${url}/dashboard/1?mode=sequential`)
    expect(sequential.status).to.equal(200)
    expect(sequential.body.data).to.deep.equal(parallel.body.data)
    const [first, second, third] = sequential.body.queries
    expect([first.query, second.query, third.query]).to.deep.equal(['orders', 'logs', 'stats'])
    expect(second.startMs).to.be.at.least(first.durationMs)
    expect([first, second, third].map(({ connection }) => connection)).to.deep.equal([1, 1, 1])

    const shared = await get(`${url}/dashboard/1?mode=shared`)
    expect(shared.status).to.equal(500)
    expect(shared.body.error.code).to.equal('MAYFLY_CONCURRENT_OPERATION')
    expect(shared.body.error.message).to.match(
      /^A second operation was started on this context before/,
    )
    const sent = shared.body.queries.map((one: any) => [one.query, one.connection, one.failed])
    expect(sent).to.deep.equal([
      ['orders', 1, false],
      ['logs', undefined, true],
      ['stats', undefined, true],
    ])

    expect((await get(`${url}/dashboard/1`)).body.mode).to.equal('parallel')
  }

  it('serves the dashboard in three modes from SQLite, and refuses what it cannot serve', async () => {
    const demo = new DemoProcess({ folder })
    const url = await demo.url()
    await checkDashboards(url)
    expect(await get(`${url}/dashboard/99`)).to.deep.equal({
      status: 404,
      body: { error: { message: 'There is no user 99.' } },
    })
    for (const id of ['one', '1.5', '-1', '1e3', '99999999999999999999', '%20']) {
      expect(await get(`${url}/dashboard/${id}`), id).to.deep.equal({
        status: 400,
        body: { error: { message: 'The user id must be a whole number.' } },
      })
    }
    for (const query of ['mode=fast', 'mode=', 'mode=parallel&mode=shared', 'mode=toString']) {
      expect(await get(`${url}/dashboard/1?${query}`), query).to.deep.equal({
        status: 400,
        body: { error: { message: 'The mode must be one of: sequential, parallel, shared.' } },
      })
    }
    const home = await get(url)
    expect(home.status).to.equal(200)
    expect(home.body).to.contain('/dashboard/1?mode=parallel')
    demo.kill('SIGTERM')
    expect((await demo.ended()).code).to.equal(0)
  })

  for (const { name, create } of databases.filter(({ family }) => family !== 'sqlite')) {
    it(`serves the dashboard in three modes from ${name}`, async () => {
      const database = await create('demo')
      try {
        const demo = new DemoProcess({ folder, env: { DATABASE_URL: database.url } })
        await checkDashboards(await demo.url())
        demo.kill('SIGTERM')
        expect(await demo.ended()).to.deep.include({ code: 0, stderr: '' })
      } finally {
        await database.drop()
      }
    })
  }

  it('says what to do when its port is taken', async () => {
    const other = createServer().listen(0)
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const result = await DemoProcess.run({ folder, env: { PORT: String(port) } })
    other.close()
    expect(result.code).to.equal(1)
    expect(result.stderr).to.equal(
      `Port ${port} is taken by another program. Stop that one, or choose another port: PORT=${port + 1} npm start\n`,
    )
  })

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`ends on ${signal} although clients keep connections open`, async () => {
      const demo = new DemoProcess({ folder })
      const url = new URL(await demo.url())
      const agent = new http.Agent({ keepAlive: true })
      const request = http.get(new URL('/dashboard/1', url), { agent })
      const [response] = (await once(request, 'response')) as [http.IncomingMessage]
      response.resume()
      await once(response, 'end')
      const silent = connect(Number(url.port), 'localhost')
      await once(silent, 'connect')
      silent.resume()

      const closed = once(silent, 'close')
      demo.kill(signal)
      expect(await demo.ended()).to.deep.include({ code: 0, stderr: '' })
      await closed
      agent.destroy()
      const refused = connect(Number(url.port), 'localhost')
      const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException]
      expect(error.code).to.equal('ECONNREFUSED')
    })
  }
})
