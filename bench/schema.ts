export interface BenchDatabase {
  orders: { id: number; userId: number; amount: string; createdAt: Date }
}

/** Rows in `orders`. */
export const ORDERS = 5000

/** The rows of `orders` without their ids: `userId`, `amount`, `createdAt`. */
export function orders(): [number, number, Date][] {
  return Array.from({ length: ORDERS }, (_, i) => [
    i % 100,
    (i % 997) + 0.5,
    new Date(Date.UTC(2026, 0, 1) + i * 60_000),
  ])
}
