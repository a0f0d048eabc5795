import type { ShopContext } from './shop-context.js'

export function lastOrders(db: ShopContext, userId: number) {
  return db.orders
    .asNoTracking()
    .where('userId', '=', userId)
    .orderByDescending('createdAt')
    .thenByDescending('amount')
    .take(50)
    .toList()
}

export function lastLogs(db: ShopContext) {
  return db.logs.asNoTracking().orderByDescending('timestamp').take(50).toList()
}

/** `undefined` where there is no such user. */
export async function userStats(db: ShopContext, userId: number) {
  const stats = await db.users
    .where('id', '=', userId)
    .build(user =>
      user.select(({ selectFrom }) => [
        'users.name',
        selectFrom('orders')
          .whereRef('orders.userId', '=', 'users.id')
          .select(({ fn }) => fn.countAll<number>().as('n'))
          .as('orderCount'),
      ]),
    )
    .first()
  // pg gives a count as text, because it may be larger than a number of JavaScript.
  return stats && { ...stats, orderCount: Number(stats.orderCount) }
}
