import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { asClass, asValue } from 'awilix'
import express, { type Express, type RequestHandler } from 'express'
import { createPool } from 'mysql2/promise'
import { createContainer, DbContext } from 'mayfly'
import { controller, createController, scopePerRequest } from 'mayfly/express'
import { mysql } from 'mayfly/mysql2'
import type { Candidate, Row } from '../row.js'
import { ORDERS, type BenchDatabase } from '../schema.js'

class BenchContext extends DbContext<BenchDatabase> {
  readonly orders = this.set('orders', { key: 'id' })
}

class Orders {
  readonly #shop: BenchContext
  constructor({ shop }: { shop: BenchContext }) {
    this.#shop = shop
  }
  find(id: number) {
    return this.#shop.orders.find(id)
  }
}

/** A server in this process and a client beside it: what the client costs, it costs every candidate alike. */
async function serve(app: Express, end: () => Promise<unknown>): Promise<Candidate> {
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const agent = new http.Agent({ keepAlive: true })
  let next = 0
  return {
    async run() {
      const id = ((next = (next * 7919 + 13) % ORDERS) + 1).toString()
      const req = http.get({ port, path: `/orders/${id}`, agent })
      const [res] = (await once(req, 'response')) as [http.IncomingMessage]
      res.resume()
      await once(res, 'end')
      if (res.statusCode !== 200) throw new Error(`status ${res.statusCode}`)
    },
    async end() {
      agent.destroy()
      server.close()
      await end()
    },
  }
}

const user: RequestHandler = (req, _res, next) => {
  req.container.register({ user: asValue({ id: 1 }) })
  next()
}

function requestRow(inFlight: number): Row {
  return {
    title: `GET with one query, ${inFlight} connection${inFlight === 1 ? '' : 's'}`,
    limit: 'Express + mysql2',
    inFlight,
    budgets: { 'Express + mayfly': { of: 'throughput', least: 0.95 } },
    candidates: {
      'Express + mysql2'({ url }) {
        const pool = createPool({ uri: url, connectionLimit: 10 })
        const app = express()
        app.get('/orders/:id', async (req, res) => {
          const [rows] = await pool.execute('select * from `orders` where `id` = ? limit 1', [
            Number(req.params.id),
          ])
          res.json((rows as unknown[])[0])
        })
        return serve(app, () => pool.end())
      },
      'Express + mayfly'({ url }) {
        const container = createContainer()
          .addDbContext('shop', BenchContext, { dialect: mysql(url) })
          .register({ orders: asClass(Orders).scoped() })
        const app = express()
        app.use(scopePerRequest(container), user)
        app.use(
          controller(
            createController(({ orders }: { orders: Orders }) => ({
              show: async (req: express.Request, res: express.Response) => {
                res.json(await orders.find(Number(req.params['id'])))
              },
            })).get('/orders/:id', 'show'),
          ),
        )
        return serve(app, () => container.dispose())
      },
    },
  }
}

export const rows: Row[] = [requestRow(1), requestRow(10), requestRow(50)]
