import type { Generated } from 'kysely'
import { dateTime, DbContext, decimal } from 'mayfly'

export interface ShopDatabase {
  users: { id: Generated<number>; name: string }
  orders: { id: Generated<number>; userId: number; amount: string; createdAt: Date }
  logs: { id: Generated<number>; message: string; timestamp: Date }
}

export class ShopContext extends DbContext<ShopDatabase> {
  readonly users = this.set('users', { key: 'id' })
  readonly orders = this.set('orders', {
    key: 'id',
    columns: { createdAt: dateTime(), amount: decimal({ scale: 2 }) },
  })
  readonly logs = this.set('logs', { key: 'id', columns: { timestamp: dateTime() } })
}
