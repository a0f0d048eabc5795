import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { asFunction } from 'awilix'
import { expect } from 'chai'
import express from 'express'
import { createContainer } from 'mayfly'
import { controller, createController, scopePerRequest } from 'mayfly/express'
import { databases, ShopContext, type TestDatabase } from '../../support/databases.js'
import { turn } from '../../support/deferred.js'

const REQUESTS = 2000
const CLIENTS = 20

for (const { name, open } of databases) {
  describe(`2,000 requests, a third of them aborted (${name})`, function () {
    this.timeout(120_000)
    let database: TestDatabase

    beforeEach(async () => {
      database = await open()
      await database.direct.insertInto('users').values({ name: 'Ada' }).execute()
    })
    afterEach(() => database.close())

    it('E1, X1: every scope is disposed once, every connection is back, none is in a transaction', async () => {
      let opened = 0
      const disposals = new Map<number, number>()
      const reports: unknown[] = []
      await using container = createContainer()
        .addDbContext('shop', ShopContext, { dialect: database.dialect })
        .addDbContextFactory('shop')
        .register({
          probe: asFunction(() => ({ id: ++opened }))
            .scoped()
            .disposer(({ id }) => void disposals.set(id, (disposals.get(id) ?? 0) + 1)),
        })
      type Cradle = typeof container.cradle
      const shop = createController(
        ({ shop: db, shopFactory }: Pick<Cradle, 'shop' | 'shopFactory'>) => ({
          read: async (_req: express.Request, res: express.Response) => {
            res.json([await db.users.toList(), await db.orders.count()])
          },
          parallel: async (_req: express.Request, res: express.Response) => {
            res.json(await shopFactory.parallel([a => a.users.count(), b => b.logs.toList()]))
          },
          write: async (_req: express.Request, res: express.Response) => {
            await db.transaction(async tx => {
              await tx.kysely
                .insertInto('logs')
                .values({ message: 'a', timestamp: new Date() })
                .execute()
              await tx.kysely
                .insertInto('logs')
                .values({ message: 'b', timestamp: new Date() })
                .execute()
            })
            res.json('written')
          },
          fail: async () => {
            await db.transaction(async tx => {
              await tx.kysely.insertInto('users').values({ name: 'Ada' }).execute()
            })
          },
        }),
      )
        .get('/read', 'read')
        .get('/parallel', 'parallel')
        .post('/write', 'write')
        .post('/fail', 'fail')
      const app = express()
      app.use(scopePerRequest(container, { onError: error => reports.push(error) }))
      app.use((req, _res, next) => {
        void req.container.cradle.probe
        next()
      })
      app.use(controller(shop))
      const quiet: express.ErrorRequestHandler = (_error, _req, res, _next) =>
        void res.status(500).end()
      app.use(quiet)
      const server = app.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      const agent = new http.Agent({ keepAlive: true, maxSockets: CLIENTS })
      const routes = [
        ['GET', '/read'],
        ['GET', '/parallel'],
        ['POST', '/write'],
        ['POST', '/fail'],
      ] as const
      let next = 0
      let aborted = 0
      const client = async () => {
        while (next < REQUESTS) {
          const i = next++
          const [method, path] = routes[i % routes.length]!
          const req = http.request({ port, path, method, agent }).end()
          req.on('error', () => {})
          const closed = new Promise(resolve => req.once('close', resolve))
          if (i % 3 === 0) {
            for (let turns = (i * 7) % 23; turns > 0; turns--) await turn()
            req.destroy()
            aborted++
          } else {
            req.on('response', res => res.resume())
          }
          await closed
        }
      }
      await Promise.all(Array.from({ length: CLIENTS }, client))
      agent.destroy()
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
      while (disposals.size < opened || database.log.out.size > 0) await turn()

      expect(aborted).to.be.greaterThan(REQUESTS / 4)
      expect(opened).to.be.greaterThan(REQUESTS / 2)
      expect([...disposals.values()].every(times => times === 1)).to.equal(true)
      expect(reports).to.deep.equal([])
      expect(database.log.strays).to.deep.equal([])
      const messages = await database.direct.selectFrom('logs').select(['message']).execute()
      expect(messages.filter(({ message }) => message === 'a')).to.have.length(messages.length / 2)
      expect(await database.direct.selectFrom('users').select('name').execute()).to.have.length(1)
    })

    it('E1: a POST with three awaited writes whose client leaves after the first: all three are there', async () => {
      await using container = createContainer().addDbContext('shop', ShopContext, {
        dialect: database.dialect,
      })
      const firstWritten = Promise.withResolvers<void>()
      const clientGone = Promise.withResolvers<void>()
      const settled = Promise.withResolvers<void>()
      const writer = createController(({ shop: db }: { shop: ShopContext }) => ({
        write: async (req: express.Request, res: express.Response) => {
          req.container.signal.addEventListener('abort', () => clientGone.resolve())
          await db.kysely.insertInto('users').values({ name: 'one' }).execute()
          firstWritten.resolve()
          await clientGone.promise
          await db.kysely.insertInto('users').values({ name: 'two' }).execute()
          await db.kysely.insertInto('users').values({ name: 'three' }).execute()
          res.json('done')
          settled.resolve()
        },
      })).post('/write', 'write')
      const app = express()
      app.use(scopePerRequest(container), controller(writer))
      const server = app.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const req = http
        .request({ port: (server.address() as AddressInfo).port, path: '/write', method: 'POST' })
        .end()
      req.on('error', () => {})
      await firstWritten.promise
      req.destroy()
      await settled.promise
      server.close()
      await once(server, 'close')

      const users = await database.direct.selectFrom('users').select('name').orderBy('id').execute()
      expect(users.map(user => user.name)).to.deep.equal(['Ada', 'one', 'two', 'three'])
    })
  })
}
