import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Dialect } from 'kysely'
import { sqlite } from 'mayfly/sqlite'
import { createShopContainer } from '../../demo/dashboard/container.js'
import type { Progress } from '../../demo/dashboard/progress.js'
import { seedOnce } from '../../demo/dashboard/seed.js'
import { StartError } from '../../demo/dashboard/start-error.js'
import { databases } from '../support/databases.js'
import { DemoProcess } from './demo-process.js'

const ORDERS = 2000
const FILLED = { users: 5, orders: ORDERS, logs: 400 }

/** Each call is another start of the demo on the same, new database. */
interface Starts {
  dialect(): Dialect
  drop(): Promise<void>
}

for (const kind of databases) {
  describe(`filling the demo's database on ${kind.name}`, function () {
    this.timeout(60_000)
    let starts: Starts

    beforeEach(async () => {
      const { url, drop } = await kind.create('demo')
      starts = { dialect: () => kind.dialect(url), drop }
    })
    afterEach(() => starts.drop())

    async function start(
      change: Partial<Progress> = {},
      signal = new AbortController().signal,
    ): Promise<number> {
      let fillings = 0
      const progress = {
        start: () => void fillings++,
        advance() {},
        waiting() {},
        stop() {},
        ...change,
      }
      await using container = createShopContainer(starts.dialect())
      await seedOnce(container.cradle.shopFactory, ORDERS, progress, signal)
      return fillings
    }

    async function rows(): Promise<typeof FILLED> {
      await using container = createShopContainer(starts.dialect())
      return await container.cradle.shopFactory.use(async db => ({
        users: await db.users.count(),
        orders: await db.orders.count(),
        logs: await db.logs.count(),
      }))
    }

    it('happens on the first start only', async () => {
      expect([await start(), await start()]).to.deep.equal([1, 0])
      expect(await rows()).to.deep.equal(FILLED)
    })

    it('leaves nothing behind when it is stopped, and begins anew on the next start', async () => {
      const controller = new AbortController()
      const reason = new Error('stopped')
      const stopped = start({ advance: () => controller.abort(reason) }, controller.signal)
      expect(await stopped.catch((thrown: unknown) => thrown)).to.equal(reason)
      expect(await rows()).to.deep.equal({ users: 0, orders: 0, logs: 0 })
      expect(await start()).to.equal(1)
      expect(await rows()).to.deep.equal(FILLED)
    })

    it('happens once when several start at the same time', async () => {
      const fillings = await Promise.all([start(), start(), start()])
      expect(fillings.reduce((sum, filled) => sum + filled)).to.equal(1)
      expect(await rows()).to.deep.equal(FILLED)
    })

    it('refuses a database that is used for something else', async () => {
      await using container = createShopContainer(starts.dialect())
      const { shopFactory } = container.cradle
      await shopFactory.use(db =>
        db.kysely.schema.createTable('orders').addColumn('id', 'integer').execute(),
      )
      const error = await start().catch((thrown: unknown) => thrown)
      expect(error).to.be.instanceOf(StartError)
      expect((error as Error).message).to.contain('has tables of its own (orders)')
    })
  })
}

describe("filling the demo's database in processes", function () {
  this.timeout(60_000)
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mayfly-demo-test-'))
  })
  afterEach(() => {
    DemoProcess.killAll()
    rmSync(folder, { recursive: true, force: true })
  })

  async function orderCount(orders: number): Promise<number> {
    const file = join(folder, `mayfly-dashboard-v1-${orders}.sqlite`)
    await using container = createShopContainer(sqlite(file))
    return await container.cradle.shopFactory.use(db => db.orders.count())
  }

  it('survives a process that is killed in the middle', async () => {
    const env = { MAYFLY_DEMO_ROWS: '100000' }
    const killed = new DemoProcess({ folder, env, args: ['--once'] })
    await killed.printed(/of 120,250 rows/)
    killed.kill('SIGKILL')
    await killed.ended()
    expect((await DemoProcess.run({ folder, env, args: ['--once'] })).code).to.equal(0)
    expect(await orderCount(100_000)).to.equal(100_000)
  })

  it('survives two starts at once', async () => {
    const options = { folder, args: ['--once'] }
    const results = await Promise.all([DemoProcess.run(options), DemoProcess.run(options)])
    for (const result of results) expect(result).to.deep.include({ code: 0, stderr: '' })
    expect(await orderCount(ORDERS)).to.equal(ORDERS)
  })
})
