import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { AddressInfo } from 'node:net'
import { asClass, asValue } from 'awilix'
import express, { type Express, type RequestHandler } from 'express'
import { createContainer, DbContext } from 'mayfly'
import { controller, createController, scopePerRequest } from 'mayfly/express'
import type { Engine } from '../engine.js'
import type { BenchServer, Candidate, Row } from '../row.js'
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

/** A server in this process, and a client in another: only what the server costs is counted. */
async function serve(
  app: Express,
  connections: number,
  end: () => Promise<unknown>,
): Promise<Candidate> {
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const load = fork(
    fileURLToPath(new URL('../load.ts', import.meta.url)),
    [port, connections, ORDERS].map(String),
  )
  return {
    async drive(duration) {
      load.send(duration)
      const [requests] = (await once(load, 'message')) as [number]
      return requests
    },
    async end() {
      load.disconnect()
      server.close()
      server.closeAllConnections()
      await end()
    },
  }
}

const user: RequestHandler = (req, _res, next) => {
  req.container.register({ user: asValue({ id: 1 }) })
  next()
}

function onPool(engine: Engine, { url }: BenchServer, connections: number): Promise<Candidate> {
  const pool = engine.pool(url)
  const { quoted, placeholder } = engine
  const find = pool.prepare(
    `select * from ${quoted('orders')} where ${quoted('id')} = ${placeholder(1)} limit 1`,
  )
  const app = express()
  app.get('/orders/:id', async (req, res) => {
    res.json(pool.rows(await find([Number(req.params.id)]))[0])
  })
  return serve(app, connections, () => pool.end())
}

function onMayfly(engine: Engine, { url }: BenchServer, connections: number): Promise<Candidate> {
  const container = createContainer()
    .addDbContext('shop', BenchContext, { dialect: engine.mayfly(url) })
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
  return serve(app, connections, () => container.dispose())
}

function requestRow(engine: Engine, connections: number): Row {
  const limit = (server: BenchServer) => onPool(engine, server, connections)
  return {
    title: `${engine.name}: GET with one query, ${connections} connection${connections === 1 ? '' : 's'}`,
    engine,
    limit: `Express + ${engine.driver}`,
    budgets: {
      'Express + mayfly': [
        { of: 'throughput', least: 0.95 },
        { of: 'least cpu', most: 1.08 },
        { of: 'memory', most: 1.2 },
      ],
    },
    candidates: {
      [`Express + ${engine.driver}`]: limit,
      [`Express + ${engine.driver} again`]: limit,
      'Express + mayfly': server => onMayfly(engine, server, connections),
    },
  }
}

/** What the scope itself costs a request, and all that surrounds it. */
function scopeRow(connections: number): Row {
  const bare = () => {
    const app = express()
    app.get('/orders/:id', answer)
    return serve(app, connections, async () => {})
  }
  return {
    title: `GET with a scope and no context, ${connections} connections`,
    limit: 'Express',
    budgets: { 'Express + scope': [{ of: 'least cpu', most: 1.08 }] },
    candidates: {
      Express: bare,
      'Express again': bare,
      'Express + scope'() {
        const container = createContainer()
        const app = express()
        app.use(scopePerRequest(container))
        app.get('/orders/:id', answer)
        return serve(app, connections, () => container.dispose())
      },
    },
  }
}

const answer: RequestHandler = (req, res) => {
  res.json({ id: Number(req.params['id']) })
}

export function requestRows(engine: Engine): Row[] {
  return [requestRow(engine, 1), requestRow(engine, 10), requestRow(engine, 50)]
}

export const scopeRows: Row[] = [scopeRow(10), scopeRow(50)]
