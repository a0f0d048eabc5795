import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { asValue } from 'awilix'
import { expect } from 'chai'
import express from 'express'
import { createContainer, DbContext } from 'mayfly'
import { scopePerRequest } from 'mayfly/express'
import { sqlite } from 'mayfly/sqlite'
import { FaultDatabase } from '../support/fault-dialect.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {
  tenant: number | undefined
  readonly rows = this.set('rows', {
    key: 'key',
    filter: q => (this.tenant === undefined ? q : q.where('key', '=', this.tenant)),
  })
}

describe('the state of a request', () => {
  const { dialect } = new FaultDatabase()
  const described = { dialect }
  const kinds = {
    addDbContext: () =>
      createContainer().addDbContext('db', RowsContext, described).addDbContextFactory('db'),
    addDbContextPool: () =>
      createContainer()
        .addDbContextPool('db', RowsContext, { ...described, poolSize: 1 })
        .addPooledDbContextFactory('db'),
    addDbContextFactory: () => createContainer().addDbContextFactory('db', RowsContext, described),
    addPooledDbContextFactory: () =>
      createContainer().addPooledDbContextFactory('db', RowsContext, { ...described, poolSize: 1 }),
  }

  for (const [name, make] of Object.entries(kinds)) {
    it(`P1: a tenant that one request set is undefined in the next, also when its handler threw (${name})`, async () => {
      await using container = make()
      const seen: unknown[] = []
      const app = express()
      app.use(scopePerRequest(container))
      app.get('/:id', async (req, res) => {
        const { db, dbFactory } = req.container.cradle as ReturnType<typeof make>['cradle']
        seen.push(db.tenant, await dbFactory.use(async own => own.tenant))
        db.tenant = Number(req.params.id)
        await dbFactory.use(async own => void (own.tenant = Number(req.params.id)))
        if (req.params.id === '2') throw new Error('the handler')
        res.send('ok')
      })
      const sorry: express.ErrorRequestHandler = (_error, _req, res, _next) =>
        void res.status(500).end()
      app.use(sorry)
      const server = app.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      for (const id of [1, 2, 3]) await (await fetch(`http://127.0.0.1:${port}/${id}`)).text()
      server.close()
      server.closeAllConnections()

      expect(seen).to.deep.equal([undefined, undefined, undefined, undefined, undefined, undefined])
    })
  }

  it("P1, U6: a filter that reads this.tenant never sees another lease's value", async () => {
    await using container = createContainer<{ tenant: number }>()
      .addDbContextPool('db', RowsContext, {
        dialect: sqlite(':memory:'),
        poolSize: 2,
        onLease(db, { tenant }) {
          db.tenant = tenant
        },
      })
      .addPooledDbContextFactory('db')
    const scopeOf = (tenant: number) =>
      container.createScope().register({ tenant: asValue<number>(tenant) })
    await using first = scopeOf(0)
    const { kysely } = first.cradle.db
    await kysely.schema.createTable('rows').addColumn('key', 'integer').execute()
    await kysely
      .insertInto('rows')
      .values([1, 2, 3, 4].map(key => ({ key })))
      .execute()

    await Promise.all(
      [1, 2, 3, 4].map(async tenant => {
        await using scope = scopeOf(tenant)
        const { db, dbFactory } = scope.cradle
        for (let i = 0; i < 3; i++) {
          expect(await db.rows.toList()).to.deep.equal([{ key: tenant }])
          expect(await dbFactory.use(own => own.rows.toList())).to.deep.equal([{ key: tenant }])
        }
      }),
    )
  })

  it('several contexts in one app: two classes, one class twice, shared and separate dialects', async () => {
    class LogsContext extends DbContext<{ rows: { key: number } }> {
      readonly logs = this.set('rows', { key: 'key' })
    }
    const [main, replica] = [new FaultDatabase(), new FaultDatabase()]
    await using container = createContainer()
      .addDbContext('shop', RowsContext, { dialect: main.dialect })
      .addDbContext('replica', RowsContext, { dialect: replica.dialect })
      .addDbContextPool('logs', LogsContext, { dialect: main.dialect })
    await using scope = container.createScope()
    const { shop, replica: copy, logs } = scope.cradle
    await shop.kysely.insertInto('rows').values({ key: 1 }).execute()

    expect(await shop.rows.count()).to.equal(1)
    expect(await logs.logs.count()).to.equal(1)
    expect(await copy.rows.count()).to.equal(0)
    expect(shop).not.to.equal(copy)
    expect(container.stats().gates.map(({ names }) => names)).to.deep.equal([
      ['shop', 'logs'],
      ['replica'],
    ])
  })
})
