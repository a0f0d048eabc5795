import { CompiledQuery, type DatabaseConnection } from 'kysely'
import { mysqlTooLarge } from './errors.js'

/**
 * What is smaller than this is sent without a look at the server's limit, of 16 MiB and more where
 * nobody set one (bytes). A smaller limit is told by an error of the server's own.
 */
export const LARGE = 2 ** 20

/**
 * The largest statement that a server takes. It closes the connection of a larger one while that is
 * being sent, which looks like any other loss, and would be tried again for ever.
 */
export class PacketLimit {
  /** Bytes. */
  #limit: number | undefined

  /** @throws DatabaseError when the server would not take so many bytes; nothing was sent then */
  async check(connection: DatabaseConnection, size: number, sql: string): Promise<void> {
    this.#limit ??= await ask(connection)
    if (size >= this.#limit) throw mysqlTooLarge(size, this.#limit, sql)
  }
}

/** How much the values of a statement take at least (bytes). */
export function sizeOf(parameters: readonly unknown[]): number {
  let size = 0
  for (const value of parameters) {
    if (typeof value === 'string') size += value.length
    else if (value instanceof Uint8Array) size += value.byteLength
  }
  return size
}

async function ask(connection: DatabaseConnection): Promise<number> {
  const query = { ...CompiledQuery.raw('select @@max_allowed_packet as bytes'), ofSet: true }
  const { rows } = await connection.executeQuery<{ bytes: number }>(query)
  return rows[0]?.bytes ?? Infinity
}
