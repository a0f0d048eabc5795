import { Client, type Pool } from 'pg'
import { settledWithin } from '../../lib/support/settled-within.js'
import type { RawClient } from './client.js'

/** How long a connection for one question may take, and its answer (ms). */
const PATIENCE = 2_000

/**
 * Over a connection of its own, for where the protocol's request comes to nothing. The session must
 * be that of the connection, with its port, so that behind a proxy no other one is hit.
 */
export async function askToEnd(
  pool: Pool,
  raw: RawClient,
  how: 'pg_cancel_backend' | 'pg_terminate_backend',
): Promise<void> {
  const client = new Client({ ...pool.options, password: pool.options.password })
  client.on('error', () => {})
  await settledWithin(ask(client, raw, how), PATIENCE)
  client.connection.stream.destroy()
}

async function ask(client: Client, raw: RawClient, how: string): Promise<void> {
  await client.connect()
  const { localPort } = raw.connection.stream
  await client.query(
    `select ${how}(pid) from pg_stat_activity where pid = $1 and usename = session_user ` +
      'and coalesce(client_port, -1) = $2',
    [raw.processID, localPort ?? -1],
  )
}
