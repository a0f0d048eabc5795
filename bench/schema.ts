import { createConnection } from 'mysql2/promise'

export interface BenchDatabase {
  orders: { id: number; userId: number; amount: string; createdAt: Date }
}

/** Rows in `orders`. */
export const ORDERS = 5000

export async function createSchema(url: string): Promise<void> {
  const connection = await createConnection(url)
  await connection.query(
    'create table orders (id int primary key auto_increment, userId int not null, amount decimal(12, 2) not null, createdAt datetime(3) not null)',
  )
  const rows = Array.from({ length: ORDERS }, (_, i) => [
    i % 100,
    (i % 997) + 0.5,
    new Date(Date.UTC(2026, 0, 1) + i * 60_000),
  ])
  await connection.query('insert into orders (userId, amount, createdAt) values ?', [rows])
  await connection.end()
}
