/** A web application of somebody who installed Express, mysql2 and pg as well: one request, and the end. It connects to no server. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express from 'express'
import type { Generated } from 'kysely'
import { asClass, createContainer, DbContext, type Container } from 'mayfly'
import { controller, createController, scopePerRequest } from 'mayfly/express'
import { mysql } from 'mayfly/mysql2'
import { postgres } from 'mayfly/postgres'
import { sqlite } from 'mayfly/sqlite'
import { createPool } from 'mysql2'

export interface ShopDatabase {
  users: { id: Generated<number>; name: string }
}

export class ShopContext extends DbContext<ShopDatabase> {
  readonly users = this.set('users', { key: 'id' })
}

export class AuditContext extends DbContext<{ entries: { id: number; text: string } }> {}

const pool = createPool('mysql://root@127.0.0.1/audit')
const data = createContainer()
  .addDbContext('shop', ShopContext, { dialect: sqlite('web.db') })
  .addDbContextPool('audit', AuditContext, {
    dialect: mysql({ host: '127.0.0.1', database: 'audit', connectionLimit: 2 }),
    gate: { acquireTimeout: 1000 },
  })
  .addDbContext('archive', AuditContext, { dialect: mysql(pool) })
  .addDbContext('reports', AuditContext, {
    dialect: postgres('postgres://127.0.0.1/reports', { max: 2 }),
  })
type Cradle = typeof data.cradle

export class Users {
  readonly #shop: ShopContext

  constructor({ shop, audit }: Pick<Cradle, 'shop' | 'audit'>) {
    this.#shop = shop
    void audit.id
  }

  find(id: number) {
    return this.#shop.users.find(id)
  }
}

export const container = data.register({ users: asClass(Users).scoped() })

export const users = createController(({ users: found }: { users: Users }) => ({
  show: async (req: express.Request, res: express.Response) => {
    res.json(await found.find(Number(req.params['id'])))
  },
}))
  .prefix('/users')
  .get('/:id', 'show')

const app = express()
app.use(scopePerRequest(container, { abandonAfter: 1000 }))
app.use(controller(users))
app.get('/count', async (req, res) => {
  const scope: Container<Cradle> = req.container
  res.json({ users: await scope.cradle.shop.users.count() })
})

{
  await using scope = container.createScope()
  const { kysely } = scope.cradle.shop
  await kysely.schema
    .createTable('users')
    .addColumn('id', 'integer', id => id.primaryKey())
    .addColumn('name', 'text')
    .execute()
  await kysely.insertInto('users').values({ name: 'Ada' }).execute()
}

const server = app.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
for (const path of ['/users/1', '/count']) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  console.log(response.status, await response.text())
}
server.close()
await container.dispose()
pool.end()
console.log('done')

/** What would compile if a type of the package were lost, and became `any`. */
export function mustNotCompile(): void {
  // @ts-expect-error no such option
  scopePerRequest(container, { abandonafter: 1000 })
  // @ts-expect-error no container
  scopePerRequest({})
  // @ts-expect-error no such option of mysql2
  mysql({ hots: '127.0.0.1' })
  // @ts-expect-error no such option of pg
  postgres({ hots: '127.0.0.1' })
  // @ts-expect-error no controller
  controller(1)
}
