import { createContainer, DbContext } from 'mayfly'
import { mysql } from 'mayfly/mysql2'
import { createConnection } from 'mysql2/promise'
class B extends DbContext<any> { readonly orders = this.set('orders', { key: 'id' }) }
const url = process.argv[2]!
const c = await createConnection(url)
const status = async () => Object.fromEntries(((await c.query("show global status where variable_name in ('Com_stmt_execute','Com_stmt_prepare','Com_stmt_close','Questions','Com_select','Connections','Com_rollback','Com_begin')"))[0] as any[]).map(r => [r.Variable_name, Number(r.Value)]))
const container = createContainer().addDbContext('shop', B as any, { dialect: mysql(url) })
const run = async (id: number) => { const s = container.createScope(); await (s.cradle as any).shop.orders.find(id); await s.dispose() }
for (let i = 1; i < 10; i++) await run(i)
const a = await status()
for (let i = 1; i <= 1000; i++) await run(i)
const b = await status()
for (const k in a) console.log(k, b[k] - a[k])
await container.dispose(); await c.end()
