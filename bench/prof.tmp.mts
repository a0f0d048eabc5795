import { createContainer, dateTime, DbContext, decimal } from 'mayfly'
import { mysql } from 'mayfly/mysql2'
import { createPool } from 'mysql2/promise'
class BenchContext extends DbContext<any> {
  readonly orders = this.set('orders', { key: 'id', columns: { createdAt: dateTime(), amount: decimal({ scale: 2 }) } as any })
}
const url = process.argv[2]!, mode = process.argv[3]
const container = createContainer().addDbContext('shop', BenchContext as any, { dialect: mysql(url) })
const pool = createPool({ uri: url, connectionLimit: 10 })
let id = 0
const run = mode === 'raw' ? () => pool.execute('select * from `orders` where `id` = ? limit 1', [id++ % 5000 + 1]) : async () => { const s = container.createScope(); await (s.cradle as any).shop.orders.find(id++ % 5000 + 1); await s.dispose() }
for (let i = 0; i < 2000; i++) await run()
const t = performance.now(), c = process.cpuUsage()
for (let i = 0; i < 15000; i++) await run()
const u = process.cpuUsage(c)
console.log(mode, ((performance.now() - t) / 15).toFixed(1), 'us wall', ((u.user + u.system) / 15000).toFixed(1), 'us cpu')
await container.dispose(); await pool.end()
