import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { asFunction, asValue } from 'awilix'
import { expect } from 'chai'
import express, { type ErrorRequestHandler, type Express } from 'express'
import {
  asClass,
  createContainer,
  DbContext,
  RegistrationError,
  type ContainerOptions,
} from 'mayfly'
import { controller, createController, scopePerRequest } from 'mayfly/express'
import { deferred, failure, turn, type Deferred } from '../../support/deferred.js'
import { FaultDatabase } from '../../support/fault-dialect.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {
  readonly rows = this.set('rows', { key: 'key' })
}

describe('scopePerRequest', () => {
  let database: FaultDatabase
  let server: http.Server
  let agent: http.Agent
  let ended: string[]
  let scopeEnded: Deferred
  let reports: unknown[]

  /** Each scope gets a tracer that says when it was disposed. */
  const shop = (options: ContainerOptions = {}) =>
    createContainer(options)
      .addDbContext('db', RowsContext, { dialect: database.dialect })
      .register({
        tracer: asFunction(() => ({ path: '' }))
          .scoped()
          .disposer(({ path }) => {
            ended.push(path)
            scopeEnded.resolve()
          }),
      })

  async function serve(app: Express): Promise<void> {
    server = app.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }

  /** The app with its scope middleware, and a tracer in each scope. */
  function scopedApp(container = shop(), options = {}): Express {
    const app = express()
    app.use(scopePerRequest(container, { onError: error => reports.push(error), ...options }))
    app.use((req, _res, next) => {
      req.container.cradle.tracer.path = `${req.method} ${req.path}`
      next()
    })
    return app
  }

  async function request(
    path: string,
    options: http.RequestOptions = {},
  ): Promise<{ status: number; body: string }> {
    const { port } = server.address() as AddressInfo
    const req = http.request({ port, path, agent, ...options }).end()
    const [res] = (await once(req, 'response')) as [http.IncomingMessage]
    let body = ''
    for await (const chunk of res.setEncoding('utf8')) body += chunk as string
    return { status: res.statusCode!, body }
  }

  /** Sends a request and leaves when the server has said `started`. */
  async function leave(path: string, started: Promise<void>, method = 'GET'): Promise<void> {
    const { port } = server.address() as AddressInfo
    const req = http.request({ port, path, method, agent: false }).end()
    req.on('error', () => {})
    await started
    const closed = once(server, 'socketClosed')
    req.destroy()
    await closed
  }

  beforeEach(() => {
    database = new FaultDatabase()
    agent = new http.Agent({ keepAlive: true })
    ended = []
    reports = []
    scopeEnded = deferred()
  })
  afterEach(async () => {
    agent.destroy()
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
    expect(database.violations).to.deep.equal([])
    expect(database.out).to.have.length(0)
  })

  const announceClosedSockets = () =>
    server.on('connection', (socket: Socket) =>
      socket.on('close', () => setImmediate(() => server.emit('socketClosed'))),
    )

  it('E1: ends after a normal response, and on keep-alive after each', async () => {
    const app = scopedApp()
    app.get('/rows', async (req, res) => {
      res.json(await req.container.cradle.db.rows.toList())
    })
    await serve(app)

    for (const path of ['/rows', '/rows?secret=1']) {
      scopeEnded = deferred()
      expect(await request(path)).to.deep.equal({ status: 200, body: '[]' })
      await scopeEnded.promise
    }

    expect(ended).to.deep.equal(['GET /rows', 'GET /rows'])
  })

  it('E1: ends after HEAD, 304, an error, an early reply, a stream and an unknown path', async () => {
    const app = scopedApp()
    app.get('/rows', (_req, res) => void res.send('rows'))
    app.get('/same', (_req, res) => void res.status(304).end())
    app.get('/error', () => Promise.reject(new Error('no')))
    app.get('/stream', (_req, res) => {
      res.write('a')
      setImmediate(() => res.end('b'))
    })
    const quiet: ErrorRequestHandler = (_error, _req, res, _next) =>
      void res.status(500).send('sorry')
    app.use(quiet)
    await serve(app)

    for (const [path, method, status] of [
      ['/rows', 'HEAD', 200],
      ['/same', 'GET', 304],
      ['/error', 'GET', 500],
      ['/stream', 'GET', 200],
      ['/nothing', 'GET', 404],
    ] as const) {
      scopeEnded = deferred()
      expect((await request(path, { method })).status).to.equal(status)
      await scopeEnded.promise
    }

    expect(ended).to.have.length(5)
    expect(reports).to.deep.equal([])
  })

  it('E1: a controller whose client left keeps its scope until its promise has settled', async () => {
    const container = shop()
    const started = deferred()
    const goOn = deferred()
    const results: unknown[] = []
    const app = scopedApp(container)
    app.use(
      controller(
        createController(({ db }: { db: RowsContext }) => ({
          add: async (_req: express.Request, res: express.Response) => {
            for (const key of [1, 2, 3]) {
              results.push(await db.kysely.insertInto('rows').values({ key }).execute())
              if (key === 1) started.resolve()
              await goOn.promise
            }
            res.json('done')
          },
        })).post('/rows', 'add'),
      ),
    )
    await serve(app)
    announceClosedSockets()

    await leave('/rows', started.promise, 'POST')
    expect(ended).to.deep.equal([])
    goOn.resolve()
    await scopeEnded.promise

    expect([...database.rows]).to.deep.equal([1, 2, 3])
    expect(results).to.have.length(3)
    expect(ended).to.deep.equal(['POST /rows'])
  })

  it('E1: a controller that answers early keeps its scope until its promise has settled', async () => {
    const goOn = deferred()
    const app = scopedApp()
    app.use(
      controller(
        createController(({ db }: { db: RowsContext }) => ({
          add: async (_req: express.Request, res: express.Response) => {
            res.json('accepted')
            await goOn.promise
            await db.kysely.insertInto('rows').values({ key: 1 }).execute()
          },
        })).post('/rows', 'add'),
      ),
    )
    await serve(app)
    announceClosedSockets()

    await request('/rows', { method: 'POST', agent: false })
    await once(server, 'socketClosed')
    expect(ended).to.deep.equal([])
    goOn.resolve()
    await scopeEnded.promise

    expect([...database.rows]).to.deep.equal([1])
  })

  it('S9: the end of the container waits for a request, and not for one that is over', async () => {
    const started = deferred()
    const goOn = deferred()
    const container = shop({ gracePeriod: 600_000 })
    const app = scopedApp(container)
    app.get('/rows', (_req, res) => void res.send('rows'))
    app.get('/slow', async (req, res) => {
      started.resolve()
      await goOn.promise
      res.json(await req.container.cradle.db.rows.toList())
    })
    await serve(app)
    await request('/rows')
    await scopeEnded.promise
    const slow = request('/slow')
    await started.promise

    let containerEnded = false
    const end = container.dispose().then(() => (containerEnded = true))
    await turn()
    expect(containerEnded).to.equal(false)
    goOn.resolve()

    expect((await slow).body).to.equal('[]')
    await end
    expect(ended).to.deep.equal(['GET /rows', 'GET /slow'])
  })

  it('E1, E2: a plain handler whose client left keeps its scope until it ends the response', async () => {
    const started = deferred()
    const goOn = deferred()
    let aborted = false
    const app = scopedApp()
    app.get('/slow', async (req, res) => {
      const { signal } = req.container
      signal.addEventListener('abort', () => (aborted = true))
      started.resolve()
      await goOn.promise
      await req.container.cradle.db.rows.count().catch(() => {})
      await req.container.cradle.db.rows.toList()
      res.send('late')
    })
    await serve(app)
    announceClosedSockets()

    await leave('/slow', started.promise)
    expect(aborted).to.equal(true)
    expect(ended).to.deep.equal([])
    goOn.resolve()
    await scopeEnded.promise

    expect(ended).to.deep.equal(['GET /slow'])
    expect(reports).to.deep.equal([])
  })

  it('E1: a handler that never ends the response of a client that left is ended and reported', async () => {
    const started = deferred()
    const app = scopedApp(shop(), { abandonAfter: 1 })
    app.get('/forgotten', () => started.resolve())
    await serve(app)
    announceClosedSockets()

    await leave('/forgotten', started.promise)
    await scopeEnded.promise
    await turn()

    expect(ended).to.deep.equal(['GET /forgotten'])
    expect(reports).to.have.length(1)
    expect(reports[0]).to.have.property('code', 'MAYFLY_SCOPE_ENDED')
    expect(String(reports[0])).to.contain('The client of GET /forgotten left')
  })

  it('E4: work that goes on after the response gets an error that says what to do', async () => {
    const late = deferred<any>()
    const app = scopedApp()
    app.get('/rows', (req, res) => {
      res.send('ok')
      void scopeEnded.promise
        .then(turn)
        .then(() => late.resolve(failure(Promise.resolve().then(() => req.container.cradle.db))))
    })
    await serve(app)
    await request('/rows?token=secret')

    const error = await late.promise
    expect(error.code).to.equal('MAYFLY_SCOPE_ENDED')
    expect(error.message).to.equal(
      '"db" was asked of scope GET /rows, which has ended. Await all work before the end of its scope; for work that goes on longer, use ' +
        'runInScope(container, work).',
    )
  })

  it('E6: a disposer that fails after the response is reported, and the next request is served', async () => {
    const failing = new Error('cannot close')
    const container = shop().register({
      bad: asFunction(() => ({}))
        .scoped()
        .disposer(() => {
          throw failing
        }),
    })
    const app = scopedApp(container)
    app.get('/bad', (req, res) => {
      void req.container.cradle.bad
      res.send('ok')
    })
    await serve(app)

    for (let i = 0; i < 2; i++) {
      scopeEnded = deferred()
      expect((await request('/bad')).status).to.equal(200)
      await scopeEnded.promise
      await turn()
    }

    expect(reports).to.deep.equal([failing, failing])
  })

  it('E6: an onError that throws does not crash the process either', async () => {
    const container = shop().register({
      bad: asFunction(() => ({}))
        .scoped()
        .disposer(() => Promise.reject(new Error('cannot close'))),
    })
    const app = scopedApp(container, {
      onError() {
        throw new Error('cannot report')
      },
    })
    app.get('/bad', (req, res) => {
      void req.container.cradle.bad
      res.send('ok')
    })
    await serve(app)
    const warnings: string[] = []
    const warned = deferred()
    const listener = (warning: Error) => {
      warnings.push(warning.message)
      if (warnings.length === 2) warned.resolve()
    }
    process.on('warning', listener)

    await request('/bad')
    await warned.promise
    process.off('warning', listener)

    expect(warnings).to.deep.equal(['cannot report', 'cannot close'])
  })

  it('E3: each request has a scope of its own, and it lives on req', async () => {
    const container = shop()
    const seen = new Set<unknown>()
    const app = scopedApp(container)
    app.get('/rows', (req, res) => {
      seen.add(req.container)
      expect(req.container.cradle.db).to.equal(req.container.cradle.db)
      seen.add(req.container.cradle.db)
      res.send('ok')
    })
    await serve(app)
    await request('/rows')
    await request('/rows')

    expect(seen.size).to.equal(4)
  })

  it('used twice it opens one scope, and two containers are an error', async () => {
    const container = shop()
    const app = scopedApp(container)
    app.use('/twice', scopePerRequest(container))
    app.use('/other', scopePerRequest(createContainer()))
    app.get('/twice', (_req, res) => void res.send('ok'))
    const shown: ErrorRequestHandler = (error, _req, res, _next) =>
      void res.status(500).send(String(error))
    app.use(shown)
    await serve(app)

    expect((await request('/twice')).body).to.equal('ok')
    expect((await request('/other')).body).to.contain('two containers')
    await turn()
    expect(ended).to.have.length(2)
  })

  it('bad input is refused when it is given', async () => {
    expect(() => scopePerRequest({} as never)).to.throw(RegistrationError, 'createContainer()')
    expect(() => scopePerRequest(createContainer(), { abandonAfter: -1 })).to.throw(
      RegistrationError,
      'abandonAfter',
    )
    expect(() => controller({} as never)).to.throw(RegistrationError, 'createController')
    const app = express()
    app.use(controller(createController(() => ({})).get('/x', 'x' as never)))
    const shown: ErrorRequestHandler = (error, _req, res, _next) =>
      void res.status(500).send(String(error))
    app.use(shown)
    await serve(app)

    expect((await request('/x')).body).to.contain('scopePerRequest(container)) must come before')
  })

  it('E5: controllers are built in the scope and disposed with it; errors reach the error handler once', async () => {
    const log: string[] = []
    class Rows {
      readonly #db: RowsContext
      constructor({ db }: { db: RowsContext }) {
        this.#db = db
      }
      async show(req: express.Request, res: express.Response) {
        if (req.params['key'] === 'bad') throw new Error('bad key')
        res.json(await this.#db.rows.count())
      }
      async [Symbol.asyncDispose]() {
        log.push('controller disposed')
      }
    }
    const app = scopedApp(shop().register({ unused: asClass(Rows).scoped(), value: asValue(1) }))
    const before: express.RequestHandler = (_req, _res, next) => {
      log.push('before')
      next()
    }
    app.use(controller(createController(Rows).prefix('/rows').before(before).get('/:key', 'show')))
    const handler: ErrorRequestHandler = (error, _req, res, _next) => {
      log.push(`error ${(error as Error).message}`)
      res.status(400).end()
    }
    app.use(handler)
    const again: ErrorRequestHandler = (_error, _req, _res, next) => {
      log.push('error again')
      next()
    }
    app.use(again)
    await serve(app)

    expect((await request('/rows/1')).body).to.equal('0')
    await scopeEnded.promise
    scopeEnded = deferred()
    expect((await request('/rows/bad')).status).to.equal(400)
    await scopeEnded.promise

    expect(log).to.deep.equal([
      'before',
      'controller disposed',
      'before',
      'error bad key',
      'controller disposed',
    ])
  })
})
